// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A file is known by device and inode, so it does not matter by which name it is reached. A
 * script's interpreter may be a script again, which the kernel follows a few times; so do we.
 */
#include "own_program.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container.h"
#include "fd.h"
#include "hooks.h"
#include "program.h"

enum { INTERPRETERS_MAX = 6 }; /* more than the kernel follows */

bool own_program_is_exposed(const struct container *c)
{
	bool is_nobody = c->namespaces & CLONE_NEWUSER && c->idmap.count > 1 &&
			 c->idmap.first_uid != 0;

	return !c->is_bare && !is_nobody && !hook_is_out("own-program");
}

/* Takes the next interpreter of the chain in place of `path`. False: there is none. */
static bool follow_script(int fd, char path[PROGRAM_NEEDS_MAX])
{
	char head[PROGRAM_HEAD_MAX];
	struct program program;
	ssize_t n = fd_read_full(fd, head, sizeof(head));

	program_read_head(head, n > 0 ? (size_t)n : 0, &program);
	memcpy(path, program.needs, PROGRAM_NEEDS_MAX);
	return program.type == PROGRAM_SCRIPT && *program.needs;
}

bool own_program_is(const char *path)
{
	char interpreter[PROGRAM_NEEDS_MAX];
	struct stat own, found;

	/* Without /proc there is no way to it. */
	if (stat("/proc/self/exe", &own) < 0)
		return false;
	for (int i = 0; i < INTERPRETERS_MAX; i++) {
		auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0) /* it may be a script all the same */
			return errno == EACCES && access(path, X_OK) == 0;
		if (fstat(fd, &found) < 0)
			return false;
		if (found.st_dev == own.st_dev && found.st_ino == own.st_ino)
			return true;
		if (!S_ISREG(found.st_mode) || !follow_script(fd, interpreter))
			return false;
		path = interpreter;
	}
	return false;
}
