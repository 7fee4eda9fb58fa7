// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The child opens its terminal by descriptor only: ptmx of its own devpts, then TIOCGPTPEER, so
 * that no path inside the image can lead it elsewhere (CVE-2025-52565). The master goes to the
 * worker by SCM_RIGHTS. Pipes are given to the user that the program will be, else it could not
 * open /dev/stdout again. See pty(7), devpts(5), unix(7).
 */
#include "console_ends.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fd.h"
#include "hooks.h"
#include "kernel.h"
#include "pass.h"

enum { TTYAUX_MAJOR = 5, PTMX_MINOR = 2 };

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* A pipe whose child's end is `child_end` (0: reads, 1: writes). */
static int make_pipe(struct container *c, int stream, int child_end, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe for the console");
	c->standard[stream] = ends[child_end];
	c->console[stream] = ends[!child_end];
	if ((c->namespaces & CLONE_NEWUSER) && c->idmap.count > 1 &&
	    fchown(ends[child_end], c->idmap.first_uid, c->idmap.first_gid) < 0)
		return err_sys(e, errno, "give the console's pipe to the container's root");
	return 0;
}

int console_make(struct container *c, struct err *e)
{
	int r = 0;

	if (c->spec->tty)
		return 0;
	if (c->spec->interactive)
		r = make_pipe(c, 0, 0, e);
	if (r == 0)
		r = make_pipe(c, 1, 1, e);
	if (r == 0)
		r = make_pipe(c, 2, 1, e);
	return r;
}

int console_receive_terminal(struct container *c, struct err *e)
{
	char letter;
	int fd, r;

	while ((r = pass_receive(c->socket, &letter, &fd, e)) > 0) {
		int *place = letter == PASS_LISTENER ? &c->listener : &c->console[0];
		if (*place < 0)
			*place = fd_move(&fd);
		fd_close(&fd);
	}
	return r;
}

int console_take_pipes(struct container *c, struct err *e)
{
	for (int stream = 0; stream < 3; stream++)
		if (c->standard[stream] >= 0 && dup2(c->standard[stream], stream) < 0)
			return err_sys(e, errno, "take the console's pipe");
	if (c->child_socket != CHILD_SOCKET && dup3(c->child_socket, CHILD_SOCKET, O_CLOEXEC) < 0)
		return err_sys(e, errno, "keep the socket to the worker");
	if (hook_is_out("descriptor-sweep"))
		return 0;
	if (kernel_close_range(CHILD_SOCKET + 1, ~0U, 0) < 0)
		return err_sys(e, errno, "close what was inherited");
	return 0;
}

/* The image, or somebody inside, may have put anything there. */
static int check_ptmx(int master, struct err *e)
{
	struct stat found;

	if (fstat(master, &found) == 0 && S_ISCHR(found.st_mode) &&
	    found.st_rdev == makedev(TTYAUX_MAJOR, PTMX_MINOR))
		return 0;
	return err_set(e, ENODEV, "/dev/pts/ptmx is not what makes terminals");
}

static int open_master(bool has_own_dev, struct err *e)
{
	const char *path = has_own_dev ? "/dev/pts/ptmx" : "/dev/ptmx";
	/* The host's own /dev may be trusted; it has a link there if it is a container itself. */
	int follow = has_own_dev ? O_NOFOLLOW : 0;
	auto_close int master = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | follow);

	if (master < 0)
		return err_sys(e, errno, "open '%s' for a terminal", path);
	int r = check_ptmx(master, e);
	if (r == 0 && ioctl(master, TIOCSPTLCK, &(int){0}) < 0)
		r = err_sys(e, errno, "unlock the terminal");
	if (r == 0)
		r = fd_set_nonblocking(master, false);
	return r < 0 ? r : fd_move(&master);
}

static int open_terminal(const struct container *c, struct err *e)
{
	bool has_own_dev = c->namespaces & CLONE_NEWNS;
	struct winsize size = {.ws_row = (unsigned short)c->rows,
			       .ws_col = (unsigned short)c->columns};
	auto_close int master = open_master(has_own_dev, e);

	if (master < 0)
		return master;
	auto_close int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(e, errno, "open the terminal's other end");
	if (ioctl(slave, TIOCSWINSZ, &size) < 0)
		return err_sys(e, errno, "set the terminal's size");
	bool is_for_other = c->spec->init && !c->is_entered; /* init.c: the command's session */
	if (!is_for_other && ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_sys(e, errno, "make the terminal the controlling one");
	for (int stream = 0; stream < 3; stream++)
		if (dup2(slave, stream) < 0)
			return err_sys(e, errno, "take the terminal");
	if (has_own_dev && !c->is_entered && mknod("/dev/console", S_IFREG | 0600, 0) == 0)
		mount("/dev/pts/0", "/dev/console", NULL, MS_BIND, NULL);
	return pass_send(CHILD_SOCKET, PASS_TERMINAL, master, e);
}

int console_open(struct container *c, struct err *e)
{
	if (c->has_terminal)
		return open_terminal(c, e);
	if (c->standard[0] >= 0 || c->is_entered)
		return 0;
	/* What is opened now gets the lowest number that is free. */
	close(0);
	if (call_openat(c->calls, AT_FDCWD, "/dev/null", O_RDWR | O_NOFOLLOW, 0) != 0)
		return err_sys(e, errno, "open '/dev/null' as standard input");
	return 0;
}
