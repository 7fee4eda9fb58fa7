/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * timeline: the boot of sandboxes, step by step, on one axis. Shown is what was stamped, nothing
 * else; the bars themselves are in bars.c.
 */
#include <string.h>

#include "cmd.h"

enum timeline_option { TIMELINE_JSON, TIMELINE_WHY };

static int print_json(struct command_context *context, struct sandbox *const sandboxes[], int count)
{
	struct doc *root = doc_root(CMD_SCHEMA);
	struct doc *array = doc_put(root, "sandboxes", doc_array());

	for (int i = 0; i < count; i++) {
		struct doc *entry = doc_push(array, doc_object());

		report_head(entry, sandboxes[i]);
		doc_put_number(entry, "n", 1);
		doc_put(entry, "boot", report_boot(sandboxes[i]));
		doc_put(entry, "life", report_life(sandboxes[i]));
		doc_put(entry, "end", report_end(sandboxes[i]));
		report_put_inner(entry, sandboxes[i]);
	}
	return doc_print(root, context->out);
}

static void print_why(struct out *out, const struct sandbox *s)
{
	const struct timeline *timeline = sandbox_timeline(s);

	out_role_printf(out, OUT_TITLE, "%s, why\n", sandbox_name(s));
	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_step *step = &timeline->steps[i];
		const char *about = timeline_step_about(step->name);

		out_printf(out, "  ");
		out_cell(out, OUT_PLAIN, 14, step->name);
		if (strcmp(step->name, "request") == 0) /* its detail is a mark, no reason */
			out_printf(out, "%s%s\n", about,
				   sandbox_started_together(s) ? ", together with others" : "");
		else
			out_printf(out, "%s\n", step->why[0] ? step->why : about ? about : "");
	}
}

static int run_timeline(struct command_context *context, int argc, char **argv)
{
	struct sandbox *sandboxes[CMD_SANDBOXES_MAX];
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, -1, 0, &line), count;

	if (status)
		return status;
	count = cmd_find_shown(context->lab, line.words, line.count, sandboxes, &error);
	if (count < 0)
		return cmd_fail(context, &error);
	if (cmd_has(&line, TIMELINE_JSON))
		return print_json(context, sandboxes, count);
	bars_print(sandboxes, (size_t)count, context->out);
	for (int i = 0; cmd_has(&line, TIMELINE_WHY) && i < count; i++) {
		const struct sandbox *inner;

		print_why(context->out, sandboxes[i]);
		for (size_t k = 0; (inner = sandbox_inner(sandboxes[i], k)) != NULL; k++)
			print_why(context->out, inner);
	}
	return 0;
}

static const struct command_option options[] = {
    [TIMELINE_JSON] = {.name = "--json", .about = "one JSON document"},
    [TIMELINE_WHY] = {.name = "--why", .about = "say of each step what it is for"},
    {.name = NULL},
};

const struct command cmd_timeline = {
    .name = "timeline",
    .arguments = "NAME… [--json] [--why]",
    .details =
	"Sandboxes that stand inside one, made by the isolab of a Linux guest, follow it, on "
	"its axis. OUTER/INNER names one of them, from its own request on.",
    .about = "show the boot step by step, several on one axis, and how they were stopped",
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_timeline,
};
