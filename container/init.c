// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Two processes leave this file. Process 1, which has built the wall, executes isolab-init, so that
 * nothing of the worker's memory or descriptors stays inside; its child becomes the command, in a
 * session of its own, with the terminal as its controlling one, as without an init. All signals are
 * blocked before the two part, and stay so in init, which waits for them; a stop that comes early
 * is not lost. The worker hears the end of the socket when both have executed. See memfd_create(2),
 * execveat(2), pid_namespaces(7).
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "clock.h"
#include "container.h"
#include "fd.h"
#include "kernel.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static const unsigned char program[] = {
#include "init_program.inc"
};

/* A file that is in no file system and never changes again. Kernels before 6.3 do not know
 * MFD_EXEC and always mean it. */
static int make_program(struct err *e)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int made = (int)syscall(SYS_memfd_create, "isolab-init", flags | MFD_EXEC);
	if (made < 0 && errno == EINVAL)
		made = (int)syscall(SYS_memfd_create, "isolab-init", flags);
	auto_close int fd = made;

	if (fd < 0)
		return err_hint(e, err_sys(e, errno, "make a memfd for init"),
				"the sysctl vm.memfd_noexec may forbid it; --init needs it");
	int r = fd_write_all(fd, program, sizeof(program));
	if (r < 0)
		return err_sys(e, r, "write the program of init");
	/* Who may not read it cannot trace it either, from its first instruction on. */
	if (fchmod(fd, 0111) < 0)
		return err_sys(e, errno, "close the program of init");
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(e, errno, "seal the program of init");
	return fd_move(&fd);
}

/* What process 1 had, the command has, too. */
static int own_session(const struct container *c, const sigset_t *signals, struct err *e)
{
	call_setsid(c->calls);
	if (c->has_terminal && call_make(c->calls, CALL_IOCTL, CALL_WORDS_OF(0, TIOCSCTTY, 0)) < 0)
		return err_sys(e, errno, "make the terminal the controlling one");
	sigprocmask(SIG_SETMASK, signals, NULL);
	return 0;
}

/* Process 1 to the end: only a failure comes back. */
static int become_init(int program_fd, pid_t command, struct err *e)
{
	char number[16];
	char *argv[] = {(char *)"isolab-init", number, NULL}, *env[] = {NULL};

	snprintf(number, sizeof(number), "%d", (int)command);
	kernel_execveat(program_fd, "", argv, env, AT_EMPTY_PATH);
	return err_sys(e, errno, "execute init");
}

/* The command's process: what was done before it was there is written down by it, for two must
 * not write into one log. It was born into its time namespace: its clock is another one now. */
static int become_command(struct container *c, uint64_t start_ns, const sigset_t *signals,
			  int (*run)(struct container *c, struct err *e), struct err *e)
{
	uint64_t now_ns = clock_now_ns();

	if (c->calls) {
		c->calls->shift_ns += start_ns - now_ns;
		call_because(c->calls, "process 1 becomes isolab-init, from a sealed memfd; its "
				       "child becomes the command");
		call_note(c->calls, CALL_CLONE, now_ns, 0, CALL_WORDS_OF(0));
	}
	int r = own_session(c, signals, e);
	return r < 0 ? r : run(c, e);
}

int init_start(struct container *c, int (*run)(struct container *c, struct err *e), struct err *e)
{
	sigset_t all, before;
	auto_close int program_fd = make_program(e);

	if (program_fd < 0)
		return program_fd;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	uint64_t start_ns = clock_now_ns();
	pid_t command = kernel_fork();
	if (command < 0)
		return err_hint(e, err_sys(e, errno, "make the command's process"),
				"with --init there are two: --pids must allow them");
	if (command > 0)
		return become_init(program_fd, command, e);
	fd_close(&program_fd);
	return become_command(c, start_ns, &before, run, e);
}
