/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain: how a sandbox's wall was built: the system calls, in order, with their arguments, how
 * long each took and why it was made, grouped by the steps of the timeline. Its worker has written
 * them down while it built (engine/calls.h); they are not asked for again. A wall that records no
 * calls, the vm, tells its boot steps.
 */
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "cmd.h"
#include "explain.h"

enum explain_option { EXPLAIN_JSON, EXPLAIN_SURFACE };

enum { TIME_COLUMNS = 10, CALL_INDENT = TIME_COLUMNS + 4 };

static struct doc *call_document(const struct call_line *call)
{
	struct doc *entry = doc_object();

	doc_put_text(entry, "name", call->name);
	doc_put_text(entry, "arguments", call->arguments);
	if (call->result < 0)
		doc_put_text(entry, "error", call->error);
	else
		doc_put_number(entry, "result", (uint64_t)call->result);
	doc_put_number(entry, "start_ns", call->start_ns);
	doc_put_number(entry, "duration_ns", call->duration_ns);
	doc_put_text(entry, "why", call->why);
	return entry;
}

static struct doc *step_document(const struct calls_text *calls, const struct step_line *step)
{
	struct doc *entry = doc_object();

	doc_put_text(entry, "name", step->name);
	doc_put_text(entry, "by", step->by);
	doc_put_bool(entry, "is_done", step->start_ns != 0);
	if (*step->without)
		doc_put_text(entry, "left_out_by", step->without);
	doc_put_number(entry, "start_ns", step->start_ns);
	doc_put_number(entry, "duration_ns", step->duration_ns);
	doc_put_text(entry, "why", step->why);
	struct doc *array = doc_put(entry, "calls", doc_array());
	for (size_t i = 0; i < step->call_count; i++)
		doc_push(array, call_document(&calls->calls[step->first_call + i]));
	return entry;
}

static int print_json(struct command_context *context, const struct sandbox *s,
		      const struct calls_text *calls)
{
	struct doc *root = doc_root(CMD_SCHEMA);

	report_head(root, s);
	doc_put_number(root, "call_count", calls->call_count);
	doc_put_number(root, "lost", calls->lost);
	struct doc *array = doc_put(root, "steps", doc_array());
	for (size_t i = 0; i < calls->step_count; i++)
		doc_push(array, step_document(calls, &calls->steps[i]));
	return doc_print(root, context->out);
}

static void print_call(struct out *out, const struct call_line *call, const char *last_why)
{
	char time[24], text[CALL_ARGUMENTS_MAX + 3 * CALL_WORD_MAX];

	out_cell(out, OUT_DIM, -TIME_COLUMNS, str_format_ns(time, sizeof(time), call->duration_ns));
	out_printf(out, "  ");
	if (call->result < 0)
		snprintf(text, sizeof(text), "%s(%s) = %s", call->name, call->arguments,
			 *call->error ? call->error : "an error");
	else
		snprintf(text, sizeof(text), "%s(%s) = %lld", call->name, call->arguments,
			 (long long)call->result);
	out_wrap(out, TIME_COLUMNS + 2, CALL_INDENT, text);
	if (strcmp(call->why, last_why) == 0)
		return;
	out_printf(out, "%*s", CALL_INDENT, "");
	out_wrap(out, CALL_INDENT, CALL_INDENT, call->why);
}

static void print_step(struct out *out, const struct calls_text *calls,
		       const struct step_line *step)
{
	char time[24], head[CALL_WHY_MAX + 3 * CALL_WORD_MAX];
	const char *last_why = step->why;

	out_role_printf(out, OUT_TITLE, "\n%s", step->name);
	if (!step->start_ns)
		snprintf(head, sizeof(head), "  left out by %s: %s", step->without, step->why);
	else
		snprintf(head, sizeof(head), "  %s%s%s%s, %s: %s", *step->without ? "(" : "",
			 step->without, *step->without ? ") " : "", step->by,
			 str_format_ns(time, sizeof(time), step->duration_ns), step->why);
	out_wrap(out, (unsigned)strlen(step->name), 4, head);
	for (size_t i = 0; i < step->call_count; i++) {
		const struct call_line *call = &calls->calls[step->first_call + i];

		print_call(out, call, last_why);
		last_why = call->why;
	}
}

static int print_text(struct command_context *context, const struct sandbox *s,
		      const struct calls_text *calls)
{
	struct out *out = context->out;
	uint64_t total_ns = 0;
	char time[24], label[128];

	for (size_t i = 0; i < calls->call_count; i++)
		total_ns += calls->calls[i].duration_ns;
	out_role_printf(out, OUT_TITLE, "%s", sandbox_name(s));
	out_printf(out, "  (%s)  %zu system calls, together %s\n",
		   report_label(s, label, sizeof(label)), calls->call_count,
		   str_format_ns(time, sizeof(time), total_ns));
	for (size_t i = 0; i < calls->step_count; i++)
		print_step(out, calls, &calls->steps[i]);
	if (calls->lost)
		out_printf(out, "\n%llu more calls were not written down: there was no room\n",
			   (unsigned long long)calls->lost);
	if (calls->skipped)
		out_printf(out, "\n%zu lines of the record cannot be read\n", calls->skipped);
	return 0;
}

/* A monitor makes its machine by other calls, which are not recorded: its boot steps say what they
 * were for. */
static void take_timeline(const struct timeline *timeline, struct step_line *steps,
			  struct calls_text *ret)
{
	ret->steps = steps;
	for (size_t i = 0; i < timeline->count && ret->step_count < CALLS_STEPS_MAX; i++) {
		const struct timeline_step *step = &timeline->steps[i];
		const char *about = timeline_step_about(step->name);
		struct step_line *line = &steps[ret->step_count++];

		*line = (struct step_line){.start_ns = step->start_ns,
					   .duration_ns = step->duration_ns};
		str_copy(line->name, sizeof(line->name), step->name);
		str_copy(line->by, sizeof(line->by), "monitor");
		str_copy(line->why, sizeof(line->why),
			 step->why[0] ? step->why
			 : about      ? about
				      : "");
	}
}

static int explain_vm(struct command_context *context, const struct sandbox *s, bool is_json)
{
	struct step_line steps[CALLS_STEPS_MAX];
	struct calls_text calls = {0};

	take_timeline(sandbox_timeline(s), steps, &calls);
	if (is_json)
		return print_json(context, s, &calls);
	int status = print_text(context, s, &calls);
	out_printf(context->out, "\nThe calls of a machine's monitor are not written down: these "
				 "are its boot steps.\n");
	return status;
}

static int run_explain(struct command_context *context, int argc, char **argv)
{
	auto_calls calls = {0};
	struct sandbox *s;
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, 1, 0, &line);

	if (status)
		return status;
	if (cmd_find_one(context->lab, line.words[0], &s, &error) < 0)
		return cmd_fail(context, &error);
	if (cmd_has(&line, EXPLAIN_SURFACE))
		return explain_surface(context, s, cmd_has(&line, EXPLAIN_JSON));
	if (strcmp(sandbox_kind(s), "vm") == 0)
		return explain_vm(context, s, cmd_has(&line, EXPLAIN_JSON));
	if (calls_read(s, &calls, &error) < 0)
		return cmd_fail(context, &error);
	return cmd_has(&line, EXPLAIN_JSON) ? print_json(context, s, &calls)
					    : print_text(context, s, &calls);
}

static const struct command_option options[] = {
    [EXPLAIN_JSON] = {.name = "--json", .about = "one JSON document"},
    [EXPLAIN_SURFACE] = {.name = "--surface",
			 .about = "how much of the kernel is open, why, and what was refused"},
    {.name = NULL},
};

const struct command cmd_explain = {
    .name = "explain",
    .arguments = "NAME [--surface] [--json]",
    .about = "tell which system calls built it, in order, and why each was made",
    .details =
	"Grouped by the steps of the timeline, with arguments and durations. The calls were\n"
	"written down while the wall was built, so they are there after the end, too. What\n"
	"an option (--no-…) left out is named where it would have been done.",
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_explain,
};
