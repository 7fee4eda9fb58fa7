/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * restore: see restore.h. This file's state is a mutable global, because a signal handler has no
 * other way to find it; together with signals.c it is the "signal glue" that HACKING.md names. The
 * handler runs on a stack of its own: a fault may be an overflow of the ordinary one.
 */
#include "restore.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static const int ending_signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGSEGV,
				     SIGABRT, SIGFPE, SIGBUS, SIGILL};
enum { ENDING_SIGNALS = sizeof(ending_signals) / sizeof(ending_signals[0]) };

static struct {
	volatile sig_atomic_t is_armed;
	int fd;
	struct termios settings;
	char bytes[RESTORE_BYTES_MAX];
	size_t length;
} saved;

static char handler_stack[64 * 1024];

static void on_ending_signal(int signal_number)
{
	sigset_t set;

	if (saved.is_armed) {
		saved.is_armed = 0;
		if (write(saved.fd, saved.bytes, saved.length) < 0) {
			/* nothing can be done about it here */
		}
		tcsetattr(saved.fd, TCSANOW, &saved.settings);
	}
	/* The disposition is the default one again (SA_RESETHAND): let it end us as it would
	 * have. */
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signal_number);
}

void restore_arm(int fd, const struct termios *settings, const char *bytes, size_t length)
{
	stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
	struct sigaction action = {.sa_handler = on_ending_signal,
				   .sa_flags = SA_RESETHAND | SA_ONSTACK};

	saved.fd = fd;
	saved.settings = *settings;
	saved.length = length < sizeof(saved.bytes) ? length : sizeof(saved.bytes);
	memcpy(saved.bytes, bytes, saved.length);
	saved.is_armed = 1;
	sigaltstack(&stack, NULL);
	sigfillset(&action.sa_mask);
	for (int i = 0; i < ENDING_SIGNALS; i++)
		sigaction(ending_signals[i], &action, NULL);
}

void restore_disarm(void)
{
	saved.is_armed = 0;
	for (int i = 0; i < ENDING_SIGNALS; i++)
		signal(ending_signals[i], SIG_DFL);
}
