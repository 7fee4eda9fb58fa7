// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The child opens its terminal by descriptor only: ptmx of its own devpts, then TIOCGPTPEER, so
 * that no path inside the image can lead it elsewhere (CVE-2025-52565). The master goes to the
 * worker by SCM_RIGHTS. Pipes are made by the child, too, once it is root inside: else the program
 * could not open /dev/stdout again. See pty(7), devpts(5), unix(7).
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

int console_receive(struct container *c, struct err *e)
{
	struct pass pass;
	int r;

	while ((r = pass_receive(c->socket, &pass, e)) > 0) {
		for (unsigned i = 0; i < pass.count; i++) {
			int *place = &c->console[0];
			if (pass.letters[i] == PASS_LISTENER)
				place = &c->listener;
			else if (pass.letters[i] == PASS_OUTPUT)
				place = &c->console[1];
			else if (pass.letters[i] == PASS_ERRORS)
				place = &c->console[2];
			if (*place < 0)
				*place = fd_move(&pass.fds[i]);
			fd_close(&pass.fds[i]);
		}
	}
	return r;
}

int console_sweep(struct container *c, struct err *e)
{
	if (c->child_socket != CHILD_SOCKET &&
	    call_dup3(c->calls, c->child_socket, CHILD_SOCKET, O_CLOEXEC) < 0)
		return err_sys(e, errno, "keep the socket to the worker");
	if (hook_is_out("descriptor-sweep"))
		return 0;
	if (call_close_range(c->calls, CHILD_SOCKET + 1, ~0U, 0) < 0)
		return err_sys(e, errno, "close what was inherited");
	return 0;
}

/* A pipe between `stream` of the program and the worker. */
static int make_pipe(struct container *c, int stream, char letter, struct err *e)
{
	bool is_input = stream == 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe for the console");
	pass_add(&c->pass, letter, ends[is_input]);
	if (call_dup3(c->calls, ends[!is_input], stream, 0) < 0)
		return err_sys(e, errno, "take the console's pipe");
	return 0;
}

static int open_pipes(struct container *c, struct err *e)
{
	int r = 0;

	if (c->spec->interactive)
		r = make_pipe(c, 0, PASS_INPUT, e);
	else
		close(0); /* what is opened now gets the lowest number that is free */
	if (!c->spec->interactive &&
	    call_openat(c->calls, AT_FDCWD, "/dev/null", O_RDWR | O_NOFOLLOW, 0) != 0)
		return err_sys(e, errno, "open '/dev/null' as standard input");
	if (r == 0)
		r = make_pipe(c, 1, PASS_OUTPUT, e);
	return r < 0 ? r : make_pipe(c, 2, PASS_ERRORS, e);
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

static int open_terminal(struct container *c, struct err *e)
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
	pass_add(&c->pass, PASS_TERMINAL, fd_move(&master));
	return 0;
}

int console_open(struct container *c, struct err *e)
{
	if (c->has_terminal)
		return open_terminal(c, e);
	return c->is_entered ? 0 : open_pipes(c, e);
}

int console_hand_over(struct container *c, struct err *e)
{
	char byte;

	if (c->pass.count > 0)
		return pass_send(CHILD_SOCKET, &c->pass, e);
	/* It may have died before we asked to die with it. */
	if (recv(CHILD_SOCKET, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
		return err_set(e, ECANCELED, "the worker is gone");
	return 0;
}
