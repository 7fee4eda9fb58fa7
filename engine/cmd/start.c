/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * start: begin the life of a sandbox that was only made, or begin it anew. From the command line it
 * waits until it is ready, or until it is clear why it will not be.
 */
#include <errno.h>

#include "cmd.h"
#include "str.h"

enum { STATUS_TIMEOUT_MS = 200 };

static bool has_started(const struct sandbox *s)
{
	return sandbox_state(s) != SANDBOX_STARTING && sandbox_state(s) != SANDBOX_CREATED;
}

/* A command that could not be run has a status all the same, which follows its failure. */
static bool has_status(struct lab *lab, void *arg)
{
	int status;

	(void)lab;
	return sandbox_is_gone(arg) || sandbox_exit_status(arg, &status);
}

/* One line about each that has left `starting`; the worst exit status. */
static int tell_started(struct command_context *context, struct sandbox *s)
{
	const struct timeline *timeline = sandbox_timeline(s);
	char time[24];
	int status = 0;

	if (sandbox_state(s) == SANDBOX_FAILED) {
		struct err error = {0};

		lab_wait(context->lab, has_status, s, STATUS_TIMEOUT_MS, NULL);
		err_set(&error, EIO, "start '%s': %s", sandbox_name(s), sandbox_failure(s));
		if (*sandbox_failure_hint(s))
			err_hint(&error, 0, "%s", sandbox_failure_hint(s));
		cmd_fail(context, &error);
		return sandbox_exit_status(s, &status) && status ? status : CMD_STATUS_FAILED;
	}
	out_printf(context->out, "%s: %s", sandbox_name(s),
		   has_started(s) ? sandbox_state_name(sandbox_state(s)) : "starting");
	if (timeline_total_ns(timeline))
		out_printf(context->out, ", ready %s after the request",
			   str_format_ns(time, sizeof(time), timeline_total_ns(timeline)));
	if (sandbox_exit_status(s, &status))
		out_printf(context->out, ", ended with status %d", status);
	out_printf(context->out, "\n");
	if (*sandbox_note(s)) /* a limit that does not hold must not be found out later */
		out_printf(context->out, "%s: note: %s\n", sandbox_name(s), sandbox_note(s));
	return 0;
}

int cmd_report_started(struct command_context *context, struct sandbox *const sandboxes[],
		       size_t count)
{
	struct err error = {0};
	int r, worst = 0;

	for (size_t i = 0; i < count; i++)
		sandbox_hold(sandboxes[i]);
	r = cmd_wait_started(context->lab, sandboxes, count, &error);
	for (size_t i = 0; r == 0 && i < count; i++) {
		int status = tell_started(context, sandboxes[i]);

		worst = status > worst ? status : worst;
	}
	for (size_t i = 0; i < count; i++)
		sandbox_release(sandboxes[i]);
	return r < 0 ? cmd_fail(context, &error) : worst;
}

static int run_start(struct command_context *context, int argc, char **argv)
{
	struct sandbox *sandboxes[CMD_SANDBOXES_MAX], *started[CMD_SANDBOXES_MAX];
	struct cmd_line line;
	struct err error = {0};
	size_t count = 0;
	int r = cmd_parse(context, argc, argv, 1, -1, 0, &line), found, status = 0;

	if (r)
		return r;
	found = cmd_find(context->lab, line.words, line.count, sandboxes, &error);
	if (found < 0)
		return cmd_fail(context, &error);
	for (int i = 0; i < found; i++) {
		error = (struct err){0};
		if (found > 1)
			sandbox_mark_together(sandboxes[i]);
		r = sandbox_start(sandboxes[i], &error);
		if (r == 0)
			started[count++] = sandboxes[i];
		else if (r == -EALREADY)
			out_printf(context->out, "%s is already running\n",
				   sandbox_name(sandboxes[i]));
		else
			status = cmd_fail(context, &error);
	}
	if (context->may_wait) {
		r = cmd_report_started(context, started, count);
		return r ? r : status;
	}
	for (size_t i = 0; i < count; i++)
		out_printf(context->out, "%s: starting\n", sandbox_name(started[i]));
	return status;
}

const struct command cmd_start = {
    .name = "start",
    .arguments = "NAME…",
    .about = "start sandboxes that were made or have ended",
    .word = WORD_SANDBOX,
    .run = run_start,
};
