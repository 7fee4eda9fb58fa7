/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stats: what each sandbox costs right now, sampled from outside. Nothing inside is asked or
 * disturbed; of one that has ended the last sample is shown.
 */
#include "cmd.h"
#include "table.h"

enum stats_option { STATS_JSON };

static int print_json(struct command_context *context, struct sandbox *const sandboxes[], int count)
{
	struct doc *root = doc_root(CMD_SCHEMA);
	struct doc *array = doc_put(root, "sandboxes", doc_array());

	for (int i = 0; i < count; i++) {
		struct doc *entry = doc_push(array, doc_object());

		report_head(entry, sandboxes[i]);
		doc_put(entry, "resources", report_resources(sandboxes[i]));
	}
	return doc_print(root, context->out);
}

static void add_row(struct table *table, struct sandbox *s)
{
	const struct sample *sample = sandbox_sample(s, 0);
	char text[64];

	table_add(table, OUT_PLAIN, sandbox_name(s));
	table_add(table, OUT_PLAIN, report_label(s, text, sizeof(text)));
	table_add(table, OUT_PLAIN, sandbox_state_name(sandbox_state(s)));
	if (!sample) {
		for (int column = 0; column < 5; column++)
			table_add(table, OUT_DIM, "—");
		return;
	}
	table_add(table, OUT_PLAIN, str_format_bytes(text, sizeof(text), sample->memory_bytes));
	table_add(table, OUT_PLAIN, str_format_bytes(text, sizeof(text), sample->overhead_bytes));
	table_add(table, OUT_PLAIN, str_format_ns(text, sizeof(text), sample->cpu_ns));
	table_addf(table, "%llu", (unsigned long long)sample->processes);
	if (sample->has_exits)
		table_addf(table, "%llu", (unsigned long long)sample->exits);
	else
		table_add(table, OUT_DIM, "—");
}

static int run_stats(struct command_context *context, int argc, char **argv)
{
	struct sandbox *sandboxes[CMD_SANDBOXES_MAX];
	auto_table table = {0};
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 0, -1, 0, &line), count;

	if (status)
		return status;
	count = cmd_find(context->lab, line.words, line.count, sandboxes, &error);
	if (count < 0)
		return cmd_fail(context, &error);
	for (int i = 0; i < count; i++)
		if (sandbox_is_alive(sandboxes[i]))
			sandbox_take_sample(sandboxes[i], NULL);
	if (cmd_has(&line, STATS_JSON))
		return print_json(context, sandboxes, count);
	table_init(&table, "NAME|KIND|STATE|>INSIDE|>WORKER|>CPU TIME|>PROCESSES|>VM EXITS");
	for (int i = 0; i < count; i++)
		add_row(&table, sandboxes[i]);
	table_print(&table, context->out);
	return 0;
}

static const struct command_option options[] = {
    [STATS_JSON] = {.name = "--json", .about = "one JSON document"},
    {.name = NULL},
};

const struct command cmd_stats = {
    .name = "stats",
    .arguments = "[NAME…] [--json]",
    .about = "memory and processor time of sandboxes, measured from outside",
    .details =
	"INSIDE is the memory (PSS) of the programs inside, of a VM the part of its RAM that it "
	"has touched; WORKER is\n"
	"that of the process that is the wall. Of one that has ended the last sample is shown.",
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_stats,
};
