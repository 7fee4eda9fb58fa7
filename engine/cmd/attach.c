/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * attach: the console of a running sandbox, both ways. Output comes from its console ring, input
 * goes over its control socket, so any number of terminals may be attached and none can block it.
 * Ctrl-P Ctrl-Q lets go and leaves it running.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd.h"
#include "fd.h"
#include "raw.h"

enum { KEYS_MAX = 1024, RECENT_BYTES = 2048, RETRY_MS = 20 };

struct attachment {
	struct command_context *context;
	struct sandbox *s; /* held */
	uint64_t position;
	struct raw_keys keys;
	bool has_stdin; /* there may be more of it */
	bool is_detached, is_interrupted;
	size_t pending; /* bytes in typed[] that the sandbox has not taken yet */
	char typed[KEYS_MAX + 1];
	struct err error;
};

/* From somewhere near the end: who attaches wants to see the prompt, not the whole history. */
static void skip_history(struct attachment *a)
{
	char data[4096];
	uint64_t lost, before = 0;
	ssize_t n;

	while ((n = sandbox_console_read(a->s, &a->position, data, sizeof(data), &lost)) > 0)
		before = a->position;
	a->position = before > RECENT_BYTES ? before - RECENT_BYTES : 0;
}

static void write_new(struct attachment *a)
{
	char data[16384];
	uint64_t lost;
	ssize_t n;

	while ((n = sandbox_console_read(a->s, &a->position, data, sizeof(data), &lost)) > 0)
		if (fd_write_all(STDOUT_FILENO, data, (size_t)n) < 0) {
			a->is_detached = true; /* nobody reads us any more */
			return;
		}
}

static void send_keys(struct attachment *a)
{
	ssize_t taken = sandbox_input(a->s, a->typed, a->pending, &a->error);

	if (taken < 0)
		return; /* it has ended, or says why it takes none */
	memmove(a->typed, a->typed + taken, a->pending - (size_t)taken);
	a->pending -= (size_t)taken;
}

static void read_keys(struct attachment *a)
{
	char data[KEYS_MAX];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		a->has_stdin = false;
		sandbox_input(a->s, "", 0, NULL);
		return;
	}
	a->pending = raw_filter(&a->keys, data, (size_t)n, a->typed, &a->is_detached);
	if (a->pending)
		send_keys(a);
}

static void pass_size(struct attachment *a)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		sandbox_resize(a->s, size.ws_row, size.ws_col, NULL);
}

static void take_signal(struct attachment *a, int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		pass_size(a);
	else
		a->is_interrupted = true;
}

void cmd_signals_open(struct cmd_signals *signals)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, &signals->before);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void cmd_signals_close(struct cmd_signals *signals)
{
	struct signalfd_siginfo pending;

	/* What came at the last moment was still meant for the sandbox. */
	while (signals->fd >= 0 && read(signals->fd, &pending, sizeof(pending)) > 0)
		;
	fd_close(&signals->fd);
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

static void relay(struct attachment *a, int signals)
{
	struct lab *lab = a->context->lab;

	while (!a->is_detached && !a->is_interrupted && !a->error.code) {
		struct pollfd fds[3] = {
		    {.fd = lab_fd(lab), .events = POLLIN},
		    {.fd = signals, .events = POLLIN},
		    {.fd = a->has_stdin && !a->pending ? STDIN_FILENO : -1, .events = POLLIN},
		};
		bool is_over;

		lab_dispatch(lab, NULL);
		is_over = !sandbox_is_alive(a->s);
		write_new(a);
		if (is_over)
			return;
		poll(fds, 3, a->pending ? RETRY_MS : -1);
		if (fds[1].revents)
			take_signal(a, signals);
		if (fds[2].revents)
			read_keys(a);
		else if (a->pending)
			send_keys(a);
	}
}

/* What is to be said when the relay is over. */
static int conclude(struct attachment *a)
{
	int status = 0;

	if (a->is_detached) {
		fprintf(stderr, "\r\n[detached from %s, which runs on]\r\n", sandbox_name(a->s));
		return 0;
	}
	if (a->is_interrupted)
		return CMD_STATUS_INTERRUPTED;
	if (sandbox_exit_status(a->s, &status))
		return status;
	if (!a->error.code) {
		err_set(&a->error, EIO, "'%s': %s", sandbox_name(a->s),
			*sandbox_failure(a->s) ? sandbox_failure(a->s)
					       : "it ended without a status");
		if (*sandbox_failure_hint(a->s))
			err_hint(&a->error, 0, "%s", sandbox_failure_hint(a->s));
	}
	return cmd_fail(a->context, &a->error);
}

static int run_attach(struct command_context *context, int argc, char **argv)
{
	struct attachment a = {.context = context};
	auto_raw terminal = {0};
	struct cmd_signals signals;
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, 1, 0, &line), r;

	if (status)
		return status;
	if (cmd_find_one(context->lab, line.words[0], &a.s, &error) < 0)
		return cmd_fail(context, &error);
	r = sandbox_attach(a.s, &error);
	a.has_stdin = r == 0;
	if (r < 0 && r != -EOPNOTSUPP)
		return cmd_fail(context, &error);
	sandbox_hold(a.s);
	cmd_signals_open(&signals);
	skip_history(&a);
	if (sandbox_spec(a.s)->tty && a.has_stdin) {
		pass_size(&a);
		raw_enter(&terminal, STDIN_FILENO);
		if (terminal.is_raw)
			fprintf(stderr, "[attached to %s: Ctrl-P Ctrl-Q lets go of it]\r\n",
				sandbox_name(a.s));
	}
	relay(&a, signals.fd);
	raw_leave(&terminal);
	cmd_signals_close(&signals);
	status = conclude(&a);
	sandbox_release(a.s);
	return status;
}

const struct command cmd_attach = {
    .name = "attach",
    .arguments = "NAME",
    .about = "use the console of a running sandbox; Ctrl-P Ctrl-Q lets go of it",
    .details = "Exits with the sandbox's status when it ends.",
    .flags = COMMAND_TERMINAL,
    .word = WORD_SANDBOX,
    .run = run_attach,
};
