// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * process.terminal: the child opens a terminal of its own devpts by descriptor (CVE-2025-52565: no
 * path of the image may decide what is opened), takes it as standard input, output and error, binds
 * it over /dev/console, and sends the master to whoever listens at --console-socket. See pty(7),
 * devpts(5), ioctl_tty(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "fd.h"
#include "oci_container.h"
#include "tree_calls.h"
#include "walk.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static int open_master(const struct oci_container *c, struct err *e)
{
	auto_close int found = -1;
	struct statfs system;
	char path[32];
	int r = walk_open(c->root_tree, "/dev/pts/ptmx", WALK_ONLY, &found, e);

	if (r < 0)
		return err_hint(e, r, "process.terminal needs a mount of type devpts on /dev/pts");
	if (fstatfs(found, &system) < 0 || system.f_type != DEVPTS_SUPER_MAGIC)
		return err_hint(e, err_set(e, EINVAL, "'/dev/pts/ptmx' is not devpts's"),
				"process.terminal needs a mount of type devpts on /dev/pts");
	snprintf(path, sizeof(path), "self/fd/%d", found);
	int master = openat(c->proc, path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return master < 0 ? err_sys(e, errno, "open '/dev/pts/ptmx'") : master;
}

static int open_slave(const struct oci_container *c, int master, struct err *e)
{
	const struct oci_process *process = &c->config.process;
	struct winsize size = {.ws_row = (unsigned short)process->rows,
			       .ws_col = (unsigned short)process->columns};
	auto_close int slave = -1;

	if (ioctl(master, TIOCSPTLCK, &(int){0}) == 0)
		slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(e, errno, "open the terminal's other end");
	if (fchown(slave, process->uid, (gid_t)-1) < 0)
		return err_sys(e, errno, "give the terminal to user %u", process->uid);
	if (size.ws_row && ioctl(slave, TIOCSWINSZ, &size) < 0)
		return err_sys(e, errno, "set the terminal's size");
	return fd_move(&slave);
}

/* /dev/console is this terminal; an image without a place for it goes without. */
static void bind_console(const struct oci_container *c, int slave)
{
	struct err unused = {0};
	auto_close int target = -1;
	auto_close int tree = tree_copy(slave, "", AT_EMPTY_PATH);

	if (tree >= 0 && walk_open(c->root_tree, "/dev/console", WALK_FILE, &target, &unused) == 0)
		tree_place(tree, target);
}

int oci_console_open(struct oci_container *c, struct err *e)
{
	if (!c->config.process.is_set || !c->config.process.terminal)
		return 0;
	auto_close int master = open_master(c, e);
	if (master < 0)
		return master;
	auto_close int slave = open_slave(c, master, e);
	if (slave < 0)
		return slave;
	bind_console(c, slave);
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_sys(e, errno, "make the terminal the controlling one");
	for (int stream = 0; stream < 3; stream++)
		if (dup2(slave, stream) < 0)
			return err_sys(e, errno, "take the terminal");
	int r = oci_say_with(c->console, "/dev/pts/0", master, e);
	return r < 0 ? err_ctx(e, r, "send the terminal to the console socket") : 0;
}
