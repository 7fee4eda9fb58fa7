// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * --workdir. As with docker, a directory that is missing is made, by root inside, as long as there
 * is something to write to: the image itself is read-only. What surprises: a working directory may
 * lie outside of one's root, if it was reached through a descriptor (CVE-2024-21626). The kernel
 * tells by getcwd(2), whose answer then does not begin with '/'.
 */
#include "workdir.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "container.h"
#include "hooks.h"
#include "str.h"

int workdir_make(struct container *c, struct err *e)
{
	char path[SPEC_PATH_MAX];

	(void)e;
	call_because(c->calls, "is the directory of --workdir there?");
	if (call_chdir(c->calls, c->spec->workdir) == 0 || errno != ENOENT ||
	    !str_copy(path, sizeof(path), c->spec->workdir))
		return 0;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		call_mkdirat(c->calls, AT_FDCWD, path, 0755);
		*slash = '/';
	}
	call_mkdirat(c->calls, AT_FDCWD, path, 0755);
	return 0;
}

static int explain(const struct container *c, const char *directory, int error, struct err *e)
{
	int r = err_sys(e, error, "enter the directory '%.512s'", directory);

	if (c->is_bare)
		return err_hint(e, r, "--workdir names a directory of the host, for a process");
	if (error == EACCES)
		return err_hint(e, r,
				"the user inside needs the x permission of it, and of all above");
	if (error == ENOENT)
		return err_hint(e, r,
				"--workdir names a directory inside; it is made where the root can "
				"be written (--overlay, --tmpfs, --volume), and the image is "
				"read-only");
	return err_hint(e, r, "--workdir names a directory inside the sandbox");
}

/* The system call, since some C libraries hide an answer that does not begin with '/'. */
static bool is_inside(void)
{
	char path[SPEC_PATH_MAX] = "";
	long n = syscall(SYS_getcwd, path, sizeof(path));

	return n < 0 ? errno == ERANGE : path[0] == '/';
}

int workdir_enter(const struct container *c, const char *directory, struct err *e)
{
	if (!directory && c->is_bare)
		return 0;
	/* With a root of our own we stand in it already. */
	if (!directory && !c->is_entered && (c->namespaces & CLONE_NEWNS))
		return 0;
	call_because(c->calls, "the directory in which the program starts");
	if (call_chdir(c->calls, directory ? directory : "/") < 0)
		return explain(c, directory ? directory : "/", errno, e);
	if (!directory || is_inside() || hook_is_out("workdir"))
		return 0;
	return err_hint(e,
			err_set(e, EACCES, "the directory '%.512s' lies outside of the root",
				directory),
			"--workdir names a directory inside the sandbox");
}
