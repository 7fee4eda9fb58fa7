// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * /dev: six harmless devices, bound from the host's since mknod(2) is refused in a user namespace;
 * terminals of its own; memory to share with nobody outside. A foreign image gets all that on a
 * tmpfs. Our own image has places for it, made when it was built: binding onto them is all there
 * is to do, which spares a start fourteen system calls. Were those places something else, somebody
 * has changed the image: then a tmpfs covers them. See null(4), devpts(5), mq_overview(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "calls.h"
#include "container.h"
#include "files.h"
#include "hooks.h"

/* All paths of this file are relative to the container's /dev, which we stand in. */
static const struct {
	const char *host, *target;
} node_table[] = {
    {"/dev/null", "null"},     {"/dev/zero", "zero"},       {"/dev/full", "full"},
    {"/dev/random", "random"}, {"/dev/urandom", "urandom"}, {"/dev/tty", "tty"},
};

static const struct {
	const char *target, *path;
} link_table[] = {
    {"pts/ptmx", "ptmx"},          {"/proc/self/fd", "fd"},       {"/proc/self/fd/0", "stdin"},
    {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"},
};

static const char *const directory_table[] = {"pts", "shm", "mqueue"};

/* Stands in the image's own /dev afterwards. False: not all of the places are there. */
static bool bind_prepared(const struct container *c)
{
	for (size_t i = 0; i < sizeof(node_table) / sizeof(node_table[0]); i++)
		if (call_mount(c->calls, node_table[i].host, node_table[i].target, NULL, MS_BIND,
			       NULL) < 0)
			return false;
	return true;
}

static int make_fresh(const struct container *c, struct err *e)
{
	if (call_fchdir(c->calls, c->files.root) < 0)
		return err_sys(e, errno, "enter the root");
	if (call_mount(c->calls, "tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC,
		       "mode=755,size=64m") < 0)
		return err_sys(e, errno, "mount tmpfs on '/dev'");
	if (call_chdir(c->calls, "dev") < 0)
		return err_sys(e, errno, "enter '/dev'");
	for (size_t i = 0; i < sizeof(node_table) / sizeof(node_table[0]); i++)
		if (call_mknodat(c->calls, AT_FDCWD, node_table[i].target, S_IFREG | 0666) < 0 ||
		    call_mount(c->calls, node_table[i].host, node_table[i].target, NULL, MS_BIND,
			       NULL) < 0)
			return err_sys(e, errno, "bind '%s'", node_table[i].host);
	for (size_t i = 0; i < sizeof(link_table) / sizeof(link_table[0]); i++)
		if (call_symlinkat(c->calls, link_table[i].target, AT_FDCWD, link_table[i].path) <
		    0)
			return err_sys(e, errno, "make '/dev/%s'", link_table[i].path);
	for (size_t i = 0; i < sizeof(directory_table) / sizeof(directory_table[0]); i++)
		if (call_mkdirat(c->calls, AT_FDCWD, directory_table[i], 0755) < 0)
			return err_sys(e, errno, "make '/dev/%s'", directory_table[i]);
	return 0;
}

/* The node that also covers things must be what it says (CVE-2025-31133). */
static int check_null(struct err *e)
{
	struct stat found;

	if (hook_is_out("null-check"))
		return 0;
	if (lstat("null", &found) == 0 && S_ISCHR(found.st_mode) && found.st_rdev == makedev(1, 3))
		return 0;
	return err_set(e, ENODEV, "'/dev/null' of this machine is not the null device");
}

/* File systems of its own. */
static int mount_own(const struct container *c, struct err *e)
{
	/* Group 5 is tty; it exists inside only where a range is mapped. */
	bool has_groups = idmap_size(&c->idmap) > 5 || !(c->namespaces & CLONE_NEWUSER);
	const char *terminals = has_groups ? "newinstance,ptmxmode=0666,mode=0620,gid=5"
					   : "newinstance,ptmxmode=0666,mode=0620";

	if (call_mount(c->calls, "devpts", "pts", "devpts", MS_NOSUID | MS_NOEXEC, terminals) < 0)
		return err_sys(e, errno, "mount devpts on '/dev/pts'");
	if (call_mount(c->calls, "shm", "shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		       "mode=1777,size=64m") < 0)
		return err_sys(e, errno, "mount tmpfs on '/dev/shm'");
	/* The host's queues are not to be shown: without an own ipc namespace there are none. */
	if ((c->namespaces & CLONE_NEWIPC) &&
	    call_mount(c->calls, "mqueue", "mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		       NULL) < 0 &&
	    errno != ENODEV) /* a kernel without them */
		return err_sys(e, errno, "mount mqueue on '/dev/mqueue'");
	return 0;
}

static int explain_enter(int error, struct err *e)
{
	int r = err_sys(e, error, "enter '/dev' of the image");

	if (error == ENOENT || error == ELOOP || error == ENOTDIR)
		err_hint(e, r,
			 "the image must have a real directory '/dev'; --overlay makes one "
			 "that is missing");
	return r;
}

int files_dev(const struct container *c, struct err *e)
{
	if (call_chdir(c->calls, "dev") < 0)
		return explain_enter(errno, e);
	int r = !c->spec->image && bind_prepared(c) ? 0 : make_fresh(c, e);
	if (r == 0)
		r = check_null(e);
	return r < 0 ? r : mount_own(c, e);
}
