/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain --surface: how much of the host's kernel somebody inside can touch. The worker tells it
 * in lines (sandbox_describe()), because only its wall knows; this file adds what a kind's surface
 * means: for a vm the filter is the monitor's, and the guest's own surface is another one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "explain.h"
#include "table.h"

enum { LABEL_COLUMNS = 16 };

/* Calls `use` for each line whose "what" is this. */
static void each_line(const struct strbuf *lines, const char *what, void *arg,
		      void (*use)(void *arg, const struct doc *line))
{
	const char *at = lines->data, *end = at + lines->length;

	while (at && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		struct doc *line = doc_parse_object(at, (size_t)(stop - at), NULL);

		if (line && strcmp(doc_get_text(line, "what"), what) == 0)
			use(arg, line);
		doc_free(line);
		at = newline ? newline + 1 : end;
	}
}

/* What the count of calls does not say. */
static const char *meaning(const struct sandbox *s)
{
	if (strcmp(sandbox_kind(s), "vm") == 0)
		return "A guest makes its system calls to its own kernel; none of the above is "
		       "one. "
		       "It reaches the host by leaving the processor's guest mode: an exit to KVM, "
		       "which answers most itself, and passes accesses to ports and devices on to "
		       "the monitor (`isolab stats` counts the exits). The calls above are what "
		       "the monitor itself may still ask of the host, should a guest ever take it "
		       "over.";
	if (strcmp(sandbox_kind(s), "process") == 0)
		return "A plain process: all of the kernel is in reach, and what stops it is only "
		       "whose process it is.";
	return "";
}

/* ---- JSON ---- */

static void push_group(void *arg, const struct doc *line)
{
	struct doc *entry = doc_push(arg, doc_object());

	doc_put_text(entry, "name", doc_get_text(line, "name"));
	doc_put_text(entry, "why", doc_get_text(line, "why"));
	doc_put_bool(entry, "is_open", doc_get_number(line, "open"));
	doc_put_number(entry, "calls", (uint64_t)doc_get_number(line, "calls"));
	doc_put_number(entry, "absent", (uint64_t)doc_get_number(line, "absent"));
	doc_put_text(entry, "error", doc_get_text(line, "error"));
	doc_put_text(entry, "opened_by", doc_get_text(line, "opened_by"));
	doc_put_text(entry, "names", doc_get_text(line, "names"));
}

static void push_rule(void *arg, const struct doc *line)
{
	struct doc *entry = doc_push(arg, doc_object());

	doc_put_text(entry, "call", doc_get_text(line, "call"));
	doc_put_text(entry, "why", doc_get_text(line, "why"));
	doc_put_text(entry, "error", doc_get_text(line, "error"));
	doc_put_text(entry, "opened_by", doc_get_text(line, "opened_by"));
}

static void push_denied(void *arg, const struct doc *line)
{
	struct doc *entry = doc_push(arg, doc_object());

	doc_put_text(entry, "name", doc_get_text(line, "name"));
	doc_put_number(entry, "count", (uint64_t)doc_get_number(line, "count"));
}

static void put_summary(void *arg, const struct doc *line)
{
	static const char *const numbers[] = {"known", "open", "conditional", "absent"};
	static const char *const claims[] = {"filter", "counted", "no_new_privs", "landlock"};
	char key[32];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(key, sizeof(key), "calls_%s", numbers[i]);
		doc_put_number(arg, key, (uint64_t)doc_get_number(line, numbers[i]));
	}
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		doc_put_bool(arg, claims[i], doc_get_number(line, claims[i]));
	doc_put_text(arg, "capabilities", doc_get_text(line, "capabilities"));
}

static int print_json(struct command_context *context, const struct sandbox *s,
		      const struct strbuf *lines)
{
	struct doc *root = doc_root(CMD_SCHEMA);

	report_head(root, s);
	doc_put_text(root, "meaning", meaning(s));
	each_line(lines, "summary", root, put_summary);
	each_line(lines, "group", doc_put(root, "groups", doc_array()), push_group);
	each_line(lines, "rule", doc_put(root, "rules", doc_array()), push_rule);
	each_line(lines, "denied", doc_put(root, "denied", doc_array()), push_denied);
	return doc_print(root, context->out);
}

/* ---- text ---- */

struct page {
	struct out *out;
	const struct sandbox *sandbox;
	struct table table;
	bool wants_open;
};

static void label(struct out *out, const char *text)
{
	out_cell(out, OUT_TITLE, LABEL_COLUMNS, text);
}

static void print_summary(void *arg, const struct doc *line)
{
	const struct page *page = arg;
	struct out *out = page->out;
	bool is_vm = strcmp(sandbox_kind(page->sandbox), "vm") == 0;
	bool is_process = strcmp(sandbox_kind(page->sandbox), "process") == 0;
	char text[256];

	label(out, "system calls");
	snprintf(text, sizeof(text),
		 "%lld of the %lld that this kernel has are open%s, %lld of them on conditions",
		 (long long)doc_get_number(line, "open"), (long long)doc_get_number(line, "known"),
		 is_vm ? " to the monitor" : "", (long long)doc_get_number(line, "conditional"));
	out_wrap(out, LABEL_COLUMNS, LABEL_COLUMNS, text);
	label(out, "filter");
	out_printf(out, "%s\n",
		   !doc_get_number(line, "filter")   ? "none"
		   : doc_get_number(line, "counted") ? "yes, and what it refuses is counted"
						     : "yes");
	label(out, "capabilities");
	out_wrap(out, LABEL_COLUMNS, LABEL_COLUMNS,
		 is_process ? "those of who started it" : doc_get_text(line, "capabilities"));
	label(out, "no_new_privs");
	out_printf(out, "%s\n", doc_get_number(line, "no_new_privs") ? "yes" : "no");
	if (is_vm)
		return;
	label(out, "landlock");
	out_printf(out, "%s\n", doc_get_number(line, "landlock") ? "yes" : "no");
}

static void add_group(void *arg, const struct doc *line)
{
	struct page *page = arg;
	bool is_open = doc_get_number(line, "open");
	const char *error = doc_get_text(line, "error"), *by = doc_get_text(line, "opened_by");
	char why[512];

	if (is_open != page->wants_open)
		return;
	snprintf(why, sizeof(why), "%s%s%s", doc_get_text(line, "why"),
		 *by ? "; --cap-add opens it: " : "", by);
	table_add(&page->table, OUT_PLAIN, doc_get_text(line, "name"));
	table_addf(&page->table, "%lld", (long long)doc_get_number(line, "calls"));
	if (!is_open)
		table_add(&page->table, OUT_PLAIN, error);
	table_add(&page->table, OUT_PLAIN, why);
}

static void add_rule(void *arg, const struct doc *line)
{
	struct page *page = arg;

	table_add(&page->table, OUT_PLAIN, doc_get_text(line, "call"));
	table_add(&page->table, OUT_PLAIN, doc_get_text(line, "error"));
	table_add(&page->table, OUT_PLAIN, doc_get_text(line, "why"));
}

static void add_denied(void *arg, const struct doc *line)
{
	struct page *page = arg;

	table_add(&page->table, OUT_WARN, doc_get_text(line, "name"));
	table_addf(&page->table, "%lld", (long long)doc_get_number(line, "count"));
}

/* A table of what `add` makes of the lines, unless there are none. */
static void print_lines(struct page *page, const struct strbuf *lines, const char *what,
			const char *heading, void (*add)(void *arg, const struct doc *line))
{
	page->table = (struct table){0};
	table_init(&page->table, heading);
	each_line(lines, what, page, add);
	if (page->table.count > page->table.columns) {
		out_printf(page->out, "\n");
		table_print(&page->table, page->out);
	}
	table_finish(&page->table);
}

static void print_text(struct command_context *context, const struct sandbox *s,
		       const struct strbuf *lines)
{
	struct page page = {.out = context->out, .sandbox = s, .wants_open = true};
	char text[128];

	out_role_printf(page.out, OUT_TITLE, "%s", sandbox_name(s));
	out_printf(page.out, "  (%s)\n", report_label(s, text, sizeof(text)));
	each_line(lines, "summary", &page, print_summary);
	print_lines(&page, lines, "group", "OPEN|>CALLS|WHY", add_group);
	print_lines(&page, lines, "rule", "ON CONDITION|ELSE|WHY", add_rule);
	page.wants_open = false;
	print_lines(&page, lines, "group", "REFUSED|>CALLS|ERROR|WHY", add_group);
	print_lines(&page, lines, "denied", "TRIED AND REFUSED|>TIMES", add_denied);
	if (*meaning(s)) {
		out_printf(page.out, "\n");
		out_wrap(page.out, 0, 0, meaning(s));
	}
}

int explain_surface(struct command_context *context, struct sandbox *s, bool is_json)
{
	auto_strbuf lines = {0};
	struct err error = {0};
	int r = sandbox_describe(s, "surface", &lines, &error);

	if (r < 0) {
		if (sandbox_state(s) != SANDBOX_RUNNING)
			err_hint(
			    &error, r,
			    "its worker knows, while it runs; what it has tried and was refused "
			    "is in `isolab events`");
		return cmd_fail(context, &error);
	}
	if (is_json)
		return print_json(context, s, &lines);
	print_text(context, s, &lines);
	return 0;
}
