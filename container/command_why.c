// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * execve(2) answers with one number, and means by it any of several files: the program, the
 * interpreter that its first line names, that one's loader. So the files are followed, as the
 * kernel does (five deep at most), until one is found that is missing or of the wrong sort. They
 * are foreign: only regular files are opened, and never with waiting.
 */
#include "command_why.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "program.h"
#include "str.h"

enum { DEPTH_MAX = 5, NAMES_MAX = 512, PATH_LENGTH_MAX = 4096, SHOWN_MAX = 160 };

/* A file that takes part: the program, its interpreter, … */
struct part {
	const char *role; /* "" for the program itself */
	const char *path;
	char shown[SHOWN_MAX]; /* as it is told */
};

/* A name in a sentence: what is too long is cut, for the reason stands behind it. */
static const char *show(const char *name, char shown[SHOWN_MAX])
{
	if (!str_copy(shown, SHOWN_MAX, name))
		memcpy(shown + SHOWN_MAX - 4, "…", 4); /* its three bytes, and the NUL */
	return shown;
}

/* "its interpreter '/bin/x' is a directory", or of the program itself "it is a directory". */
static int tell(const struct part *part, int code, const char *what, struct err *e)
{
	if (!*part->role)
		return err_set(e, code, "it %s", what);
	return err_set(e, code, "its %s '%s' %s", part->role, part->shown, what);
}

static int tell_mode(const struct part *part, struct err *e)
{
	return err_hint(e, tell(part, EACCES, "may not be executed", e),
			"it needs the x permission (chmod +x), also for others, and a file system "
			"without noexec");
}

static int tell_missing(const struct part *part, struct err *e)
{
	size_t length = strlen(part->path);

	if (length && part->path[length - 1] == '\r')
		return err_hint(e,
				tell(part, ENOEXEC,
				     "is not there: its name ends with a carriage "
				     "return",
				     e),
				"the script has the line ends of Windows: dos2unix, or "
				"sed -i 's/\\r$//'");
	tell(part, ENOEXEC, "is not there", e);
	if (strcmp(part->role, "loader") == 0)
		return err_hint(e, -ENOEXEC,
				"it is dynamically linked: put the loader and its libraries into "
				"the image, or link the program statically");
	return err_hint(e, -ENOEXEC, "the first line of the script names it");
}

static int tell_foreign(const struct part *part, const struct program *program, struct err *e)
{
	char what[96];

	snprintf(what, sizeof(what), "was built for another processor (%s; this one is %s)",
		 program->machine, program_our_machine);
	return err_hint(e, tell(part, ENOEXEC, what, e),
			"build it for this one, or emulate the "
			"other (qemu-user)");
}

/* Reads what the file is. 0: `ret` says; else the reason is found. */
static int look_at(const struct part *part, struct program *ret, struct err *e)
{
	char head[PROGRAM_HEAD_MAX];
	struct stat found;

	if (stat(part->path, &found) < 0)
		return *part->role && (errno == ENOENT || errno == ENOTDIR)
			   ? tell_missing(part, e)
			   : err_sys(e, errno, "look at '%s'", part->shown);
	if (S_ISDIR(found.st_mode))
		return err_hint(e, tell(part, EACCES, "is a directory", e), "name a program in it");
	if (!S_ISREG(found.st_mode))
		return err_hint(e, tell(part, EACCES, "is no regular file", e),
				"a device, a pipe or a socket cannot be run");
	if (access(part->path, X_OK) < 0)
		return tell_mode(part, e);
	auto_close int fd = open(part->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, head, sizeof(head));
	if (n < 0)
		return err_hint(e,
				tell(part, EACCES, "may not be read, so nothing is known of it", e),
				"is it for this machine, and is its loader there?");
	program_read_head(head, (size_t)n, ret);
	return 0;
}

/* All that it needs is there, and still. */
static int tell_rest(const struct part *part, const struct program *program, int error,
		     struct err *e)
{
	if (error == ENOEXEC && program->is_foreign)
		return tell_foreign(part, program, e);
	if (error == ENOEXEC && program->type == PROGRAM_ELF)
		return err_hint(e, tell(part, error, "is damaged", e),
				"was it copied whole? Its first bytes are those of a program");
	if (error == EACCES)
		return tell_mode(part, e);
	err_sys(e, error == ENOENT ? ENOEXEC : error, "execute it");
	if (error == E2BIG)
		return err_hint(e, -error,
				"command and environment share a quarter of the stack's limit "
				"(ulimit -s), and one word has at most 128 KiB: use a file");
	if (error == EAGAIN)
		return err_hint(e, -error,
				"its user has as many processes as --ulimit nproc allows");
	if (error == ENOMEM)
		return err_hint(e, -error, "--memory, or --ulimit as or data, leaves it no room");
	if (error == ETXTBSY)
		return err_hint(e, -error, "somebody has it open for writing");
	return -e->code;
}

/* The kernel gives up after five that interpret each other. */
static int follow(const char *path, int error, struct err *e)
{
	struct part part = {.role = "", .path = path};
	struct program programs[DEPTH_MAX + 1];

	for (int depth = 0; depth <= DEPTH_MAX; depth++) {
		struct program *program = &programs[depth];

		show(part.path, part.shown);
		int r = look_at(&part, program, e);
		if (r < 0)
			return r;
		if (program->type == PROGRAM_EMPTY)
			return err_hint(e, tell(&part, ENOEXEC, "is empty", e),
					"a script begins with '#!' and its interpreter");
		if (program->type == PROGRAM_TEXT)
			return err_hint(
			    e, tell(&part, ENOEXEC, "is neither a program nor a script", e),
			    "a script begins with '#!' and its interpreter, for example "
			    "#!/bin/sh; or run it by: sh %s",
			    part.shown);
		if (program->type == PROGRAM_ELF && error == ENOEXEC)
			return tell_rest(&part, program, error, e);
		if (program->type == PROGRAM_SCRIPT && !*program->needs)
			return err_hint(e, tell(&part, ENOEXEC, "names no interpreter", e),
					"its first line has nothing behind '#!'");
		if (!*program->needs || strcmp(part.role, "loader") == 0)
			return tell_rest(&part, program, error, e);
		part.role = program->type == PROGRAM_SCRIPT ? "interpreter" : "loader";
		part.path = program->needs;
	}
	return err_hint(e, err_set(e, ELOOP, "its interpreters are scripts of each other"),
			"the first lines of the scripts name them");
}

int command_why_not(const char *path, int error, struct err *e)
{
	char shown[SHOWN_MAX];

	/* With these it did not come to looking at the file. */
	bool is_early = error == ENAMETOOLONG || error == ELOOP || error == E2BIG ||
			error == ENOMEM || error == EAGAIN || error == ETXTBSY || error == ENOTDIR;
	struct part part = {.role = "", .path = path};
	const struct program unknown = {.type = PROGRAM_TEXT};
	int r = is_early && error != ELOOP ? tell_rest(&part, &unknown, error, e)
					   : follow(path, error, e);

	if (error == ENAMETOOLONG)
		err_hint(e, r, "a path has at most 4095 bytes, and 255 between two '/'");
	return err_ctx(e, r, "cannot run '%s'", show(path, shown));
}

/* ---- there is no such command ---- */

/* Names in the directories of PATH, to find the one that was meant. */
static size_t list_names(const char *directories, char *names[], size_t max)
{
	char copy[PATH_LENGTH_MAX], *position = NULL;
	size_t count = 0;

	str_copy(copy, sizeof(copy), directories);
	for (char *path = strtok_r(copy, ":", &position); path;
	     path = strtok_r(NULL, ":", &position)) {
		DIR *directory = opendir(path);
		struct dirent *entry;
		while (directory && count < max && (entry = readdir(directory)))
			if (entry->d_name[0] != '.' && (names[count] = strdup(entry->d_name)))
				count++;
		if (directory)
			closedir(directory);
	}
	return count;
}

int command_why_missing(const char *name, const char *directories, struct err *e)
{
	char *names[NAMES_MAX], shown[SHOWN_MAX];
	size_t count = list_names(directories, names, NAMES_MAX);
	const char *nearest = str_nearest(name, (const char *const *)names, count);

	err_set(e, ENOENT, "command '%s' not found", show(name, shown));
	if (nearest)
		err_hint(e, -ENOENT, "did you mean '%s'?", nearest);
	else if (strcmp(name, "isolab-work") == 0)
		err_hint(e, -ENOENT,
			 "it is the default command, and not in this image: name another, for "
			 "example -- /bin/sh");
	else
		err_hint(e, -ENOENT,
			 "looked in %s (%s%zu programs); the default image has what "
			 "`busybox --list` shows",
			 directories, count == NAMES_MAX ? "more than " : "", count);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	return -ENOENT;
}
