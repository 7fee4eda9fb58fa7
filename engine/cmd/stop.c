/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stop and kill. To stop is to ask: a signal to the main program, and, should it still be there
 * after a while, SIGKILL to everything. To kill is not to ask. Both wait for the end when they may.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "str.h"

enum { STOP_SECONDS = 10, DISTRO_STOP_SECONDS = 90, END_SECONDS_MORE = 5, SHORT_MS = 1000 };

struct stopping {
	struct out *out;
	int signal_number;
	unsigned timeout_ms;
	bool has_time; /* timeout_ms was asked for */
	bool is_kill;
};

/* A whole distribution ends its services first: systemd gives each of them 90 s. */
static unsigned patience_ms(const struct stopping *stopping, const struct sandbox *s)
{
	if (stopping->has_time || strcmp(sandbox_flavour(s), "distro") != 0)
		return stopping->timeout_ms;
	return DISTRO_STOP_SECONDS * 1000;
}

/* Asks all first, waits then: several stop at the same time. */
static int ask(struct sandbox *s, void *arg, struct err *e)
{
	const struct stopping *stopping = arg;
	int r;

	if (!sandbox_is_alive(s)) {
		/* What has ended is stopped: no error. */
		out_printf(stopping->out, "%s is not running\n", sandbox_name(s));
		return 0;
	}
	if (!stopping->is_kill)
		r = sandbox_stop(s, stopping->signal_number, patience_ms(stopping, s), e);
	else if (stopping->signal_number == SIGKILL)
		r = sandbox_kill(s, e);
	else
		r = sandbox_signal(s, stopping->signal_number, e);
	return r == -ESRCH ? 0 : r < 0 ? err_ctx(e, r, "stop '%s'", sandbox_name(s)) : 0;
}

/* It takes longer than a moment: say why, as far as anybody knows, before people think it hangs. */
static void tell_patience(struct out *out, const struct sandbox *s, const struct stopping *stopping)
{
	if (*sandbox_note(s))
		out_printf(out, "%s: %s\n", sandbox_name(s), sandbox_note(s));
	out_printf(out, "%s has not ended yet: ", sandbox_name(s));
	if (stopping->is_kill)
		out_printf(out, "waiting for its worker\n");
	else
		out_printf(out, "in %u s it is killed (stop --time)\n",
			   (patience_ms(stopping, s) - SHORT_MS) / 1000);
}

static int await_one(struct command_context *context, struct sandbox *s,
		     const struct stopping *stopping)
{
	int timeout_ms = (int)patience_ms(stopping, s) + END_SECONDS_MORE * 1000, r;
	struct err error = {0};

	r = cmd_wait_ended(context->lab, s, SHORT_MS, &error);
	if (r == -ETIMEDOUT) {
		if (stopping->is_kill || patience_ms(stopping, s) > SHORT_MS)
			tell_patience(context->out, s, stopping);
		fflush(stdout);
		error = (struct err){0};
		r = cmd_wait_ended(context->lab, s, timeout_ms, &error);
	}
	if (r == 0)
		return 0;
	err_ctx(&error, 0, "stop '%s'", sandbox_name(s));
	return cmd_fail(context, &error);
}

static int await(struct command_context *context, const struct cmd_line *line,
		 const struct stopping *stopping)
{
	struct sandbox *sandboxes[CMD_SANDBOXES_MAX];
	int status = 0, count = cmd_find(context->lab, line->words, line->count, sandboxes, NULL);

	for (int i = 0; i < count; i++)
		sandbox_hold(sandboxes[i]);
	for (int i = 0; !status && i < count; i++)
		status = await_one(context, sandboxes[i], stopping);
	for (int i = 0; i < count; i++)
		sandbox_release(sandboxes[i]);
	return status;
}

enum stop_option { STOP_SIGNAL, STOP_TIME };

static int run_stop(struct command_context *context, int argc, char **argv)
{
	struct stopping stopping = {.out = context->out,
				    .signal_number = SIGTERM,
				    .timeout_ms = STOP_SECONDS * 1000};
	struct cmd_line line;
	struct err error = {0};
	uint64_t seconds;
	int status = cmd_parse(context, argc, argv, 1, -1, 0, &line);

	if (status)
		return status;
	if (cmd_has(&line, STOP_SIGNAL)) {
		stopping.signal_number = cmd_signal_number(line.option[STOP_SIGNAL], &error);
		if (stopping.signal_number < 0)
			return cmd_fail(context, &error);
	}
	if (cmd_has(&line, STOP_TIME)) {
		if (str_parse_number(line.option[STOP_TIME], 0, 86400, &seconds) < 0) {
			err_set(&error, EINVAL, "stop: --time '%.40s' is no number of seconds",
				line.option[STOP_TIME]);
			return cmd_fail(context, &error);
		}
		stopping.timeout_ms = (unsigned)seconds * 1000;
		stopping.has_time = true;
	}
	status = cmd_for_each(context, &line, ask, &stopping);
	if (status || !context->may_wait)
		return status;
	return await(context, &line, &stopping);
}

static const struct command_option stop_options[] = {
    [STOP_SIGNAL] = {.name = "--signal",
		     .argument = "SIGNAL",
		     .about = "ask with this signal (TERM)"},
    [STOP_TIME] = {.name = "--time",
		   .argument = "SECONDS",
		   .about = "patience before SIGKILL (10; for a whole distribution 90)",
		   .letter = 't'},
    {.name = NULL},
};

const struct command cmd_stop = {
    .name = "stop",
    .arguments = "NAME… [--signal SIGNAL] [--time SECONDS]",
    .about = "ask the main program to end, kill everything when it does not in time",
    .details = "The first process of a container ignores SIGTERM unless it has a handler for it: "
	       "then this takes its time.",
    .word = WORD_SANDBOX,
    .options = stop_options,
    .run = run_stop,
};

enum kill_option { KILL_SIGNAL };

static int run_kill(struct command_context *context, int argc, char **argv)
{
	struct stopping stopping = {.out = context->out, .signal_number = SIGKILL, .is_kill = true};
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, -1, 0, &line);

	if (status)
		return status;
	if (cmd_has(&line, KILL_SIGNAL)) {
		stopping.signal_number = cmd_signal_number(line.option[KILL_SIGNAL], &error);
		if (stopping.signal_number < 0)
			return cmd_fail(context, &error);
	}
	status = cmd_for_each(context, &line, ask, &stopping);
	if (status || !context->may_wait || stopping.signal_number != SIGKILL)
		return status;
	return await(context, &line, &stopping);
}

static const struct command_option kill_options[] = {
    [KILL_SIGNAL] = {.name = "--signal",
		     .argument = "SIGNAL",
		     .about = "send this one to the main program, and do not wait",
		     .letter = 's'},
    {.name = NULL},
};

const struct command cmd_kill = {
    .name = "kill",
    .arguments = "NAME… [--signal SIGNAL]",
    .about = "end everything inside at once, or send a signal to the main program",
    .word = WORD_SANDBOX,
    .options = kill_options,
    .run = run_kill,
};
