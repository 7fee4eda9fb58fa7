/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-init: process 1 of a sandbox made with --init. The command is its child; it passes signals
 * on to that, buries orphans, and ends as the command does, with the command's status.
 *
 * Why at all: the kernel drops every signal to process 1 that this has no handler for, so that a
 * command which is process 1 itself cannot be stopped; and whoever is orphaned becomes its child,
 * and stays a zombie if nobody waits (pid_namespaces(7)).
 *
 * The worker executes it from a sealed memfd with one word, the command's process id, and with all
 * signals blocked: they wait for rt_sigtimedwait(2), and none is lost between two turns. It is not
 * dumpable, so that nobody inside can trace it or read it, and holds no descriptor.
 */
#include "nolibc.h"

#include <asm/errno.h>
#include <asm/signal.h>

enum { SIGNAL_SET_BYTES = 8, WAIT_NO_HANG = 1, PID_ALL = -1 };
enum { SET_DUMPABLE = 4, SET_NAME = 15, SET_CHILD_SUBREAPER = 36 }; /* prctl(2) */

/* As a shell has it: the status, or 128 and the signal. See wait(2). */
static int shell_status(int status)
{
	int number = status & 0x7f;

	return number ? 128 + number : (status >> 8) & 0xff;
}

/* Buries all who have ended. False when the command was among them, or nobody is left. */
static bool bury(int command, int *ret_status)
{
	for (;;) {
		int status = 0;
		long pid = call4(__NR_wait4, PID_ALL, &status, WAIT_NO_HANG, 0);

		if (pid == command)
			*ret_status = shell_status(status);
		if (pid == command || pid == -ECHILD)
			return false;
		if (pid <= 0)
			return true;
	}
}

static void prepare(void)
{
	call2(__NR_prctl, SET_DUMPABLE, 0);
	call2(__NR_prctl, SET_NAME, "isolab-init"); /* else it is called after the memfd */
	/* Without a pid namespace orphans would be somebody else's. */
	if (call0(__NR_getpid) != 1)
		call2(__NR_prctl, SET_CHILD_SUBREAPER, 1);
	/* A pipe ends when the command closes it, not when we do. */
	call3(__NR_close_range, 0, ~0U, 0);
}

int inside_main(int argc, char **argv, char **env)
{
	const uint64_t all_signals = ~(uint64_t)0;
	uint64_t command;
	const char *rest;
	int status = 125;

	(void)env;
	if (argc != 2 || !text_number(argv[1], &command, &rest) || *rest || command > INT32_MAX)
		return status;
	prepare();
	while (bury((int)command, &status)) {
		long number = call4(__NR_rt_sigtimedwait, &all_signals, 0, 0, SIGNAL_SET_BYTES);

		if (number > 0 && number != SIGCHLD)
			call2(__NR_kill, command, number);
	}
	return status;
}
