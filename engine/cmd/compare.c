/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare: facts, resources and boot side by side, as three tables or as one JSON document. The
 * measuring is in compare_run.c. */
#include "compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "story.h"
#include "table.h"

enum compare_option { COMPARE_JSON };

/* ---- JSON ---- */

static struct doc *host_document(struct lab *lab)
{
	const struct facts *host = lab_host_facts(lab, NULL);
	struct doc *object = doc_object(), *facts = doc_put(object, "facts", doc_object());

	for (size_t i = 0; probes[i].name; i++) {
		if (host->fact[i].is_absent)
			doc_put_null(facts, probes[i].name);
		else if (host->fact[i].value[0])
			doc_put_text(facts, probes[i].name, host->fact[i].value);
	}
	return object;
}

static struct doc *work_document(const struct compared *item)
{
	struct doc *object = doc_object();

	for (size_t i = 0; i < item->work_count; i++) {
		struct doc *entry = doc_put(object, item->work[i].name, doc_object());

		doc_put_text(entry, "unit", item->work[i].unit);
		doc_put_number(entry, "count", item->work[i].count);
		doc_put_number(entry, "total_ns", item->work[i].total_ns);
	}
	return object;
}

/* What of the whole was the program's own time, all walls together. */
static uint64_t workload_ns(const struct comparison *comparison)
{
	uint64_t total_ns = 0;

	for (size_t i = 0; i < comparison->count; i++)
		for (size_t w = 0; w < comparison->items[i].work_count; w++)
			total_ns += comparison->items[i].work[w].total_ns;
	return total_ns;
}

static int print_json(struct command_context *context, const struct comparison *comparison)
{
	struct doc *root = doc_root(CMD_SCHEMA), *array, *skipped;

	doc_put(root, "host", host_document(context->lab));
	if (comparison->is_made)
		doc_put_number(root, "workload_ns", workload_ns(comparison));
	array = doc_put(root, "sandboxes", doc_array());
	skipped = doc_put(root, "skipped", doc_array());
	for (size_t i = 0; i < comparison->count; i++) {
		const struct compared *item = &comparison->items[i];
		struct doc *entry = doc_push(item->s ? array : skipped, doc_object());

		if (!item->s) {
			doc_put_text(entry, "kind", item->backend->kind);
			doc_put_text(entry, "cause", item->skipped.what);
			doc_put_text(entry, "hint", item->skipped.hint);
			continue;
		}
		report_head(entry, item->s);
		doc_put_number(entry, "n", 1);
		doc_put_bool(entry, "cold", item->is_cold);
		doc_put(entry, "left_out", report_left_out(item->s));
		doc_put(entry, "facts", report_facts(sandbox_facts(item->s)));
		doc_put(entry, "resources", report_resources(item->s));
		doc_put(entry, "boot", report_boot(item->s));
		if (comparison->is_made)
			doc_put(entry, "work", work_document(item));
	}
	return doc_print(root, context->out);
}

/* ---- text ---- */

static void begin_table(struct table *table, const struct comparison *comparison, const char *first,
			bool has_host, bool is_right)
{
	auto_strbuf heading = {0};

	str_addf(&heading, "%s%s", first, has_host ? "|host" : "");
	for (size_t i = 0; i < comparison->count; i++)
		if (comparison->items[i].s)
			str_addf(&heading, "|%s%s", is_right ? ">" : "",
				 comparison->items[i].title);
	table_init(table, heading.failed ? first : heading.data);
}

/* A boot id is long and only its sameness matters. */
static const char *shorten(const struct probe *probe, const char *value, char buffer[24])
{
	if (strcmp(probe->name, "kernel_identity") != 0 || strlen(value) < 12)
		return value;
	snprintf(buffer, 24, "%.8s...", value);
	return buffer;
}

static void add_fact(struct table *table, const struct probe *probe, const struct fact *host,
		     const struct fact *fact, const char *outer)
{
	static const enum out_role roles[] = {
	    [VERDICT_OWN] = OUT_GOOD, [VERDICT_SHARED] = OUT_WARN,   [VERDICT_HIDDEN] = OUT_GOOD,
	    [VERDICT_NONE] = OUT_DIM, [VERDICT_UNKNOWN] = OUT_PLAIN,
	};
	char text[384], buffer[24];

	if (!fact->value[0])
		snprintf(text, sizeof(text), "—");
	else if (fact->verdict == VERDICT_UNKNOWN)
		snprintf(text, sizeof(text), "%s", shorten(probe, fact->value, buffer));
	else if (fact->verdict == VERDICT_SHARED && host->value[0])
		snprintf(text, sizeof(text), "shared");
	else if (fact->verdict == VERDICT_NONE && host->is_absent)
		snprintf(text, sizeof(text), "none, as on the host");
	else
		snprintf(text, sizeof(text), "%s: %s", outer ? outer : verdict_name(fact->verdict),
			 shorten(probe, fact->value, buffer));
	table_add(table, roles[fact->verdict], text);
}

static void print_facts(struct command_context *context, const struct comparison *comparison)
{
	const struct facts *host = lab_host_facts(context->lab, NULL);
	static const struct facts none;
	auto_table table = {0};

	begin_table(&table, comparison, "FACTS", true, false);
	for (size_t p = 0; probes[p].name; p++) {
		const struct fact *fact = &host->fact[p];
		char buffer[24];

		table_add(&table, OUT_PLAIN, probes[p].label);
		table_add(&table, OUT_DIM,
			  fact->value[0] ? shorten(&probes[p], fact->value, buffer) : "—");
		for (size_t i = 0; i < comparison->count; i++) {
			struct sandbox *s = comparison->items[i].s;
			const struct facts *facts = s ? sandbox_facts(s) : NULL;
			char outer[SPEC_NAME_MAX + 2];

			if (s)
				add_fact(&table, &probes[p], fact,
					 &(facts ? facts : &none)->fact[p],
					 report_outer_fact(s, p, outer, sizeof(outer)));
		}
	}
	table_print(&table, context->out);
}

static const struct {
	const char *name, *label;
} resource_rows[] = {
    {"memory_bytes", "memory inside"},
    {"overhead_bytes", "memory of the worker"},
    {"cpu_ns", "processor time"},
    {"processes", "processes on the host"},
    {"exits", "VM exits"},
};

/* What must not be judged is greyed and marked: times of an emulated kernel mode say nothing of
 * real ones. */
static void add_time(struct table *table, const struct sandbox *s, const char *text)
{
	bool is_doubtful = sandbox_no_verdict(s);
	char marked[32];

	snprintf(marked, sizeof(marked), "%s%s", is_doubtful ? "~ " : "", text);
	table_add(table, is_doubtful ? OUT_DIM : OUT_PLAIN, marked);
}

static void add_resource(struct table *table, const struct sandbox *s, const char *name)
{
	const struct sample *sample = sandbox_sample(s, 0);
	const struct sample_field *field = sample_fields;
	char text[24];
	uint64_t value;

	while (field->name && strcmp(field->name, name) != 0)
		field++;
	if (!sample || !field->name || (strcmp(name, "exits") == 0 && !sample->has_exits)) {
		table_add(table, OUT_DIM, "—");
		return;
	}
	value = sample_get(sample, field);
	if (strcmp(field->unit, "ns") == 0)
		add_time(table, s, str_format_ns(text, sizeof(text), value));
	else if (strcmp(field->unit, "bytes") == 0)
		table_add(table, OUT_PLAIN, str_format_bytes(text, sizeof(text), value));
	else
		table_addf(table, "%llu", (unsigned long long)value);
}

char *compare_format_each(char *buffer, size_t size, const struct work_result *work)
{
	double each_ns = (double)work->total_ns / (double)work->count;
	int decimals = 1;

	if (each_ns >= 100)
		return str_format_ns(buffer, size, (uint64_t)each_ns);
	if (each_ns < 10)
		decimals = each_ns < 1 ? 3 : 2;
	snprintf(buffer, size, "%.*f ns", decimals, each_ns);
	return buffer;
}

/* The same program's figures: nanoseconds per unit. */
static void add_work_rows(struct table *table, const struct comparison *comparison)
{
	const struct compared *model = NULL;
	char text[24];

	for (size_t i = 0; i < comparison->count && !model; i++)
		if (comparison->items[i].s && comparison->items[i].work_count)
			model = &comparison->items[i];
	for (size_t row = 0; model && row < model->work_count; row++) {
		table_addf(table, "%s, each %s", model->work[row].name, model->work[row].unit);
		for (size_t i = 0; i < comparison->count; i++) {
			const struct compared *item = &comparison->items[i];
			const struct work_result *work = &item->work[row];

			if (item->s && row < item->work_count)
				add_time(table, item->s,
					 compare_format_each(text, sizeof(text), work));
			else if (item->s)
				table_add(table, OUT_DIM, "—");
		}
	}
}

static void print_resources(struct command_context *context, const struct comparison *comparison)
{
	auto_table table = {0};

	begin_table(&table, comparison, "RESOURCES", false, true);
	for (size_t row = 0; row < sizeof(resource_rows) / sizeof(resource_rows[0]); row++) {
		table_add(&table, OUT_PLAIN, resource_rows[row].label);
		for (size_t i = 0; i < comparison->count; i++)
			if (comparison->items[i].s)
				add_resource(&table, comparison->items[i].s,
					     resource_rows[row].name);
	}
	add_work_rows(&table, comparison);
	table_print(&table, context->out);
}

static void print_boots(struct command_context *context, const struct comparison *comparison)
{
	struct sandbox *sandboxes[COMPARED_MAX];
	size_t count = 0;

	for (size_t i = 0; i < comparison->count; i++)
		if (comparison->items[i].s)
			sandboxes[count++] = comparison->items[i].s;
	out_role_printf(context->out, OUT_TITLE, "BOOT");
	out_printf(context->out, ", from request to ready\n");
	bars_print(sandboxes, count, context->out);
}

/* What the figures do not say by themselves. */
static void print_notes(struct command_context *context, const struct comparison *comparison)
{
	struct out *out = context->out;
	const char *doubt = NULL;
	bool has_vm = false;

	for (size_t i = 0; i < comparison->count; i++) {
		const struct compared *item = &comparison->items[i];

		if (!item->s) {
			out_role_printf(out, OUT_WARN, "no %s: %s\n", item->title,
					item->skipped.what);
			if (item->skipped.hint[0])
				out_printf(out, "hint: %s\n", item->skipped.hint);
			continue;
		}
		if (item->is_cold)
			out_printf(out, "note: %s was the first start of all (cold)\n",
				   item->title);
		has_vm |= strcmp(sandbox_flavour(item->s), "tiny") == 0;
		if (sandbox_no_verdict(item->s))
			doubt = sandbox_no_verdict(item->s);
	}
	out_printf(out,
		   "note: each figure is of one run (n=1); 'isolab bench boot' repeats them\n");
	if (has_vm)
		out_printf(out, "note: this VM runs a tiny kernel of our own, no Linux: the floor "
				"of that wall\n");
	if (doubt)
		out_printf(out, "note: ~ %s\n", doubt);
}

/* What a missing brick exposes stands right below the facts that show it. */
static void print_left_out(struct command_context *context, const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		const struct compared *item = &comparison->items[i];

		if (!item->s || !sandbox_spec(item->s)->removed_bricks)
			continue;
		out_role_printf(context->out, OUT_WARN, "left out of %s\n", item->title);
		report_print_left_out(item->s, 2, context->out);
	}
}

static int print_text(struct command_context *context, const struct comparison *comparison)
{
	print_facts(context, comparison);
	print_left_out(context, comparison);
	out_printf(context->out, "\n");
	print_resources(context, comparison);
	out_printf(context->out, "\n");
	print_boots(context, comparison);
	out_printf(context->out, "\n");
	print_notes(context, comparison);
	return 0;
}

static int run_compare(struct command_context *context, int argc, char **argv)
{
	auto_free struct comparison *comparison = NULL;
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 0, -1, 0, &line), r;

	if (status)
		return status;
	comparison = calloc(1, sizeof(*comparison));
	if (!comparison)
		r = err_sys(&error, ENOMEM, "compare");
	else if (line.count)
		r = compare_take(context->lab, line.words, line.count, comparison, &error);
	else
		r = compare_make(context->lab, comparison, &error);
	if (r < 0)
		status = cmd_fail(context, &error);
	else if (cmd_has(&line, COMPARE_JSON))
		status = print_json(context, comparison);
	else
		status = print_text(context, comparison);
	if (comparison)
		compare_finish(comparison);
	return status;
}

static const struct command_option options[] = {
    [COMPARE_JSON] = {.name = "--json", .about = "one JSON document"},
    {.name = NULL},
};

const struct command cmd_compare = {
    .name = "compare",
    .arguments = "[NAME…] [--json]",
    .about = "facts, resources and boot side by side; without names of one of each kind",
    .details =
	"Without names it makes a process, a container and a VM one after the other, runs "
	"the same program in each, and removes them. A verdict comes from the identity of "
	"the thing, never from equal text:\n"
	"  own     its own, another than the host's\n"
	"  shared  the very same as the host's\n"
	"  hidden  the host has it, the same kernel answers, and keeps it back\n"
	"  none    no such thing: this kernel has none, or the host has none either\n"
	"What stands inside one, made by the isolab of a Linux guest, gets a column beside it. "
	"There X's means the very same as that of X around it.",
    .flags = COMMAND_WAITS | COMMAND_LEASE,
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_compare,
};
