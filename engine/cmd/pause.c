/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pause and unpause: nothing inside runs until it is let go on. How that is done is the wall's own
 * business: a container is frozen or stopped, a VM's processor is simply not run.
 */
#include <errno.h>

#include "cmd.h"

static int set_paused(struct sandbox *s, void *arg, struct err *e)
{
	bool on = arg != NULL;
	int r;

	if (sandbox_is_alive(s) && on == (sandbox_state(s) == SANDBOX_PAUSED)) {
		r = err_set(e, EALREADY, "'%s' is %s", sandbox_name(s),
			    on ? "paused already" : "not paused");
		return r;
	}
	r = sandbox_pause(s, on, e);
	return r < 0 ? err_ctx(e, r, "%s '%s'", on ? "pause" : "unpause", sandbox_name(s)) : 0;
}

static int run_pause(struct command_context *context, int argc, char **argv)
{
	struct cmd_line line;
	int status = cmd_parse(context, argc, argv, 1, -1, 0, &line);

	return status ? status : cmd_for_each(context, &line, set_paused, context);
}

static int run_unpause(struct command_context *context, int argc, char **argv)
{
	struct cmd_line line;
	int status = cmd_parse(context, argc, argv, 1, -1, 0, &line);

	return status ? status : cmd_for_each(context, &line, set_paused, NULL);
}

const struct command cmd_pause = {
    .name = "pause",
    .arguments = "NAME…",
    .about = "let nothing inside run until 'unpause'",
    .word = WORD_SANDBOX,
    .run = run_pause,
};

const struct command cmd_unpause = {
    .name = "unpause",
    .arguments = "NAME…",
    .about = "let it go on",
    .word = WORD_SANDBOX,
    .run = run_unpause,
};
