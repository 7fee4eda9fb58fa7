/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ps: all sandboxes, running or not, one line each. What it shows was read from directories and
 * journals; only the process number is asked of the worker.
 */
#include <stdio.h>

#include "cmd.h"
#include "table.h"

enum ps_option { PS_JSON, PS_NAMES };

/* Not a sandbox of this lab: below the one in which it stands. */
static void put_inner(struct doc *entry, const struct sandbox *s)
{
	struct doc *array = NULL;
	const struct sandbox *inner;

	for (size_t k = 0; (inner = sandbox_inner(s, k)) != NULL; k++) {
		if (!array)
			array = doc_put(entry, "inner", doc_array());
		report_head(doc_push(array, doc_object()), inner);
	}
}

static int print_json(struct command_context *context)
{
	struct doc *array = doc_array();
	char text[256];

	for (size_t i = 0; i < lab_count(context->lab); i++) {
		const struct sandbox *s = lab_at(context->lab, i);
		const struct timeline *timeline = sandbox_timeline(s);
		struct doc *entry = doc_push(array, doc_object());

		doc_put_number(entry, "schema", CMD_SCHEMA);
		report_head(entry, s);
		doc_put_text(entry, "command", cmd_command_text(s, text, sizeof(text)));
		if (timeline_total_ns(timeline))
			doc_put_number(entry, "boot_ns", timeline_total_ns(timeline));
		doc_put_bool(entry, "leased", sandbox_spec(s)->leased);
		put_inner(entry, s);
	}
	return doc_print(array, context->out);
}

static void add_row(struct table *table, const struct sandbox *s)
{
	uint64_t boot_ns = timeline_total_ns(sandbox_timeline(s));
	char text[128], time[24], kind[40];
	int status;

	table_add(table, OUT_PLAIN, sandbox_name(s));
	table_add(table, OUT_PLAIN, sandbox_kind_marked(s, kind, sizeof(kind)));
	if (sandbox_exit_status(s, &status))
		table_addf(table, "%s (%d)", sandbox_state_name(sandbox_state(s)), status);
	else
		table_add(table, OUT_PLAIN, sandbox_state_name(sandbox_state(s)));
	if (sandbox_pid(s) > 0)
		table_addf(table, "%d", (int)sandbox_pid(s));
	else
		table_add(table, OUT_PLAIN, "-");
	table_add(table, sandbox_no_verdict(s) ? OUT_DIM : OUT_PLAIN,
		  boot_ns ? str_format_ns(time, sizeof(time), boot_ns) : "-");
	table_add(table, OUT_PLAIN,
		  *sandbox_failure(s) ? sandbox_failure(s)
				      : cmd_command_text(s, text, sizeof(text)));
}

static int run_ps(struct command_context *context, int argc, char **argv)
{
	auto_table table = {0};
	struct cmd_line line;
	int status = cmd_parse(context, argc, argv, 0, 0, 0, &line);

	if (status)
		return status;
	if (cmd_has(&line, PS_JSON))
		return print_json(context);
	if (cmd_has(&line, PS_NAMES)) {
		for (size_t i = 0; i < lab_count(context->lab); i++)
			out_printf(context->out, "%s\n", sandbox_name(lab_at(context->lab, i)));
		return 0;
	}
	table_init(&table, "NAME|KIND|STATE|>PID|>READY AFTER|COMMAND");
	for (size_t i = 0; i < lab_count(context->lab); i++) {
		const struct sandbox *s = lab_at(context->lab, i), *inner;

		add_row(&table, s);
		for (size_t k = 0; (inner = sandbox_inner(s, k)) != NULL; k++)
			add_row(&table, inner);
	}
	table_print(&table, context->out);
	return 0;
}

static const struct command_option options[] = {
    [PS_JSON] = {.name = "--json", .about = "one JSON document"},
    [PS_NAMES] = {.name = "--names", .about = "only the names"},
    {.name = NULL},
};

const struct command cmd_ps = {
    .name = "ps",
    .arguments = "[--json]",
    .about = "list all sandboxes, also those that have ended",
    .options = options,
    .run = run_ps,
};
