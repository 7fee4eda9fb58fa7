/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rm: remove what is left of sandboxes that have ended; with -f also those that have not. A
 * sandbox that runs is never removed by accident.
 */
#include <errno.h>

#include "cmd.h"

enum rm_option { RM_FORCE, RM_ALL };

static int remove_one(struct sandbox *s, void *arg, struct err *e)
{
	const struct cmd_line *line = arg;

	return sandbox_remove(s, cmd_has(line, RM_FORCE), e);
}

static int run_rm(struct command_context *context, int argc, char **argv)
{
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 0, -1, 0, &line);

	if (status)
		return status;
	if (cmd_has(&line, RM_ALL) == (line.count > 0)) {
		err_set(&error, EINVAL, line.count ? "rm: names or --all, not both" : "rm: what?");
		err_hint(&error, 0, "isolab rm NAME, or isolab rm --all for all that have ended");
		return cmd_fail(context, &error);
	}
	if (line.count)
		return cmd_for_each(context, &line, remove_one, &line);
	for (size_t i = 0; i < lab_count(context->lab); i++) {
		struct sandbox *s = lab_at(context->lab, i);

		/* --all without -f means all that have ended; the others are no mistake. */
		if (sandbox_is_alive(s) && !cmd_has(&line, RM_FORCE))
			continue;
		error = (struct err){0};
		if (sandbox_remove(s, cmd_has(&line, RM_FORCE), &error) < 0)
			status = cmd_fail(context, &error);
	}
	return status;
}

static const struct command_option options[] = {
    [RM_FORCE] = {.name = "--force", .about = "kill it first if it runs", .letter = 'f'},
    [RM_ALL] = {.name = "--all", .about = "all that have ended, with -f all"},
    {.name = NULL},
};

const struct command cmd_rm = {
    .name = "rm",
    .arguments = "[-f] NAME…|--all",
    .about = "remove sandboxes that have ended",
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_rm,
};
