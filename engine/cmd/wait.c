/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wait: until a sandbox has ended; its status becomes ours. One that has ended already is answered
 * at once, from its journal.
 */
#include <errno.h>

#include "cmd.h"

static int run_wait(struct command_context *context, int argc, char **argv)
{
	struct sandbox *s;
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, 1, 0, &line), r;

	if (status)
		return status;
	if (cmd_find_one(context->lab, line.words[0], &s, &error) < 0)
		return cmd_fail(context, &error);
	if (sandbox_state(s) == SANDBOX_CREATED) {
		err_set(&error, ESRCH, "wait: '%s' was never started", sandbox_name(s));
		err_hint(&error, 0, "'isolab start %s' starts it", sandbox_name(s));
		return cmd_fail(context, &error);
	}
	sandbox_hold(s);
	r = cmd_wait_ended(context->lab, s, -1, &error);
	if (r < 0) {
		status = cmd_fail(context, &error);
	} else if (!sandbox_exit_status(s, &status)) {
		err_set(&error, EIO, "'%s': %s", sandbox_name(s),
			*sandbox_failure(s) ? sandbox_failure(s) : "it is gone and left no status");
		if (*sandbox_failure_hint(s))
			err_hint(&error, 0, "%s", sandbox_failure_hint(s));
		cmd_fail(context, &error);
		status = CMD_STATUS_FAILED;
	}
	sandbox_release(s);
	return status;
}

const struct command cmd_wait = {
    .name = "wait",
    .arguments = "NAME",
    .about = "wait until a sandbox has ended; exits with its status",
    .flags = COMMAND_WAITS,
    .word = WORD_SANDBOX,
    .run = run_wait,
};
