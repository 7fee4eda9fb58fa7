/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect: everything that is known of one sandbox. Facts are read anew when it runs and we may
 * wait. */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "rundir.h"
#include "table.h"

enum inspect_option { INSPECT_JSON, INSPECT_DEVICETREE };

static struct doc *words(char *const *list)
{
	struct doc *array = doc_array();

	for (; list && *list; list++)
		doc_push_text(array, *list);
	return array;
}

static const char *network_name(const struct sandbox_spec *spec)
{
	if (spec->network == SPEC_NETWORK_LAB)
		return "lab";
	return spec->network == SPEC_NETWORK_HOST ? "host" : "none";
}

static struct doc *spec_document(const struct sandbox_spec *spec)
{
	struct doc *object = doc_object();

	doc_put_text(object, "hostname", spec->hostname ? spec->hostname : spec->name);
	doc_put_text(object, "workdir", spec->workdir ? spec->workdir : "");
	doc_put(object, "command", words(spec->argv));
	doc_put(object, "env", words(spec->env));
	doc_put_number(object, "memory_bytes", spec->memory_bytes);
	doc_put_number(object, "pids_max", spec->pids_max);
	doc_put_text(object, "network", network_name(spec));
	doc_put_number(object, "removed_bricks", spec->removed_bricks);
	doc_put_bool(object, "tty", spec->tty);
	doc_put_bool(object, "remove", spec->remove);
	doc_put_bool(object, "leased", spec->leased);
	return object;
}

static const char *directory_of(const struct sandbox *s, char *buffer, size_t size)
{
	char base[256];

	snprintf(buffer, size, "%s/%s", rundir_base_path(base, sizeof(base)), sandbox_name(s));
	return buffer;
}

static struct doc *denied_document(const struct sandbox *s)
{
	struct doc *array = doc_array();
	size_t count;
	const struct denied_sort *denied = sandbox_denied(s, &count);

	for (size_t i = 0; i < count; i++) {
		struct doc *entry = doc_push(array, doc_object());
		doc_put_text(entry, "name", denied[i].name);
		doc_put_number(entry, "count", denied[i].count);
	}
	return array;
}

static int print_json(struct command_context *context, struct sandbox *s)
{
	struct doc *root = doc_root(CMD_SCHEMA), *lab = inspect_lab_document(s);
	char path[512];

	report_head(root, s);
	if (sandbox_outer(s))
		doc_put_text(root, "inside", sandbox_name(sandbox_outer(s)));
	else
		doc_put_text(root, "directory", directory_of(s, path, sizeof(path)));
	doc_put_text(root, "note", sandbox_note(s));
	doc_put(root, "denied", denied_document(s));
	if (!sandbox_outer(s))
		doc_put(root, "spec", spec_document(sandbox_spec(s)));
	if (lab)
		doc_put(root, "lab", lab);
	doc_put(root, "left_out", report_left_out(s));
	doc_put(root, "facts", report_facts(sandbox_facts(s)));
	doc_put(root, "resources", report_resources(s));
	doc_put(root, "boot", report_boot(s));
	report_put_inner(root, s);
	return doc_print(root, context->out);
}

static void print_line(struct out *out, const char *label, const char *text)
{
	out_cell(out, OUT_TITLE, 12, label);
	out_printf(out, "%s\n", text);
}

static void print_spec(struct out *out, struct sandbox *s)
{
	const struct sandbox_spec *spec = sandbox_spec(s);
	char text[512];

	print_line(out, "command", cmd_command_text(s, text, sizeof(text)));
	print_line(out, "host name", spec->hostname ? spec->hostname : sandbox_name(s));
	if (spec->memory_bytes)
		print_line(out, "memory", str_format_bytes(text, sizeof(text), spec->memory_bytes));
	if (spec->pids_max) {
		snprintf(text, sizeof(text), "at most %llu", (unsigned long long)spec->pids_max);
		print_line(out, "processes", text);
	}
	print_line(out, "network", network_name(spec));
	inspect_lab_print(out, s);
	print_line(out, "belongs to",
		   spec->leased ? "the prompt that made it" : "nobody (detached)");
	print_line(out, "directory", directory_of(s, text, sizeof(text)));
}

/* "mount 3, chroot 1": system calls that were tried and refused. */
static void print_denied(struct out *out, const struct sandbox *s)
{
	size_t count, length = 0;
	const struct denied_sort *denied = sandbox_denied(s, &count);
	char text[1024];

	for (size_t i = 0; i < count && length < sizeof(text); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s %llu",
					   i ? ", " : "", denied[i].name,
					   (unsigned long long)denied[i].count);
	if (count)
		print_line(out, "refused", text);
}

static void print_facts(struct out *out, const struct sandbox *s)
{
	const struct facts *facts = sandbox_facts(s);
	auto_table table = {0};

	if (!facts)
		return;
	if (sandbox_outer(s))
		out_role_printf(out, OUT_TITLE, "\n%s", sandbox_name(s));
	table_init(&table, "FACT|VERDICT|VALUE");
	for (size_t i = 0; probes[i].name; i++) {
		const struct fact *fact = &facts->fact[i];
		char buffer[SPEC_NAME_MAX + 2];
		const char *outer = report_outer_fact(s, i, buffer, sizeof(buffer));

		table_add(&table, OUT_PLAIN, probes[i].label);
		table_add(&table, OUT_PLAIN, outer ? outer : verdict_name(fact->verdict));
		table_add(&table, OUT_PLAIN, fact->value[0] ? fact->value : "—");
	}
	out_printf(out, "\n");
	table_print(&table, out);
}

static int print_text(struct command_context *context, struct sandbox *s)
{
	struct out *out = context->out;
	const struct sandbox *inner;
	char text[128];
	int status;

	print_line(out, "name", sandbox_name(s));
	print_line(out, "kind", report_label(s, text, sizeof(text)));
	snprintf(text, sizeof(text), "%s", sandbox_state_name(sandbox_state(s)));
	if (sandbox_exit_status(s, &status))
		snprintf(text, sizeof(text), "%s, status %d", sandbox_state_name(sandbox_state(s)),
			 status);
	print_line(out, "state", text);
	if (*sandbox_failure(s))
		print_line(out, "failure", sandbox_failure(s));
	if (*sandbox_failure_hint(s))
		print_line(out, "hint", sandbox_failure_hint(s));
	if (*sandbox_note(s))
		print_line(out, "note", sandbox_note(s));
	print_denied(out, s);
	if (sandbox_pid(s) > 0) {
		snprintf(text, sizeof(text), "process %d", (int)sandbox_pid(s));
		print_line(out, "worker", text);
	}
	if (!sandbox_outer(s))
		print_spec(out, s);
	else
		print_line(out, "inside", sandbox_name(sandbox_outer(s)));
	for (size_t k = 0; (inner = sandbox_inner(s, k)) != NULL; k++) {
		snprintf(text, sizeof(text), "%s (%s, %s)", strchr(sandbox_name(inner), '/') + 1,
			 sandbox_kind(inner), sandbox_state_name(sandbox_state(inner)));
		print_line(out, "inside it", text);
	}
	if (sandbox_spec(s)->removed_bricks) {
		out_role_printf(out, OUT_WARN, "\nleft out\n");
		report_print_left_out(s, 2, out);
	}
	out_printf(out, "\n");
	bars_print(&s, 1, out);
	print_facts(out, s);
	for (size_t k = 0; (inner = sandbox_inner(s, k)) != NULL; k++)
		print_facts(out, inner);
	return 0;
}

/* Foreign text: all but line ends and tabs is made harmless. */
static int print_devicetree(struct command_context *context, struct sandbox *s, struct err *e)
{
	auto_strbuf text = {0};
	int r = sandbox_describe(s, "devicetree", &text, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < text.length; i++)
		if ((unsigned char)text.data[i] < ' ' && !strchr("\n\t", text.data[i]))
			text.data[i] = '?';
	out_printf(context->out, "%s", text.length ? text.data : "");
	return 0;
}

static int run_inspect(struct command_context *context, int argc, char **argv)
{
	struct sandbox *s;
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, 1, 0, &line);

	if (status)
		return status;
	s = cmd_has(&line, INSPECT_DEVICETREE) ? NULL : lab_find_inner(context->lab, line.words[0]);
	if (!s && cmd_find_one(context->lab, line.words[0], &s, &error) < 0)
		return cmd_fail(context, &error);
	if (cmd_has(&line, INSPECT_DEVICETREE))
		return print_devicetree(context, s, &error) < 0 ? cmd_fail(context, &error) : 0;
	sandbox_hold(s);
	if (sandbox_state(s) == SANDBOX_RUNNING && context->may_wait)
		cmd_wait_facts(context->lab, s,
			       NULL); /* without them the rest is still worth telling */
	status = cmd_has(&line, INSPECT_JSON) ? print_json(context, s) : print_text(context, s);
	sandbox_release(s);
	return status;
}

static const struct command_option options[] = {
    [INSPECT_JSON] = {.name = "--json", .about = "one JSON document"},
    [INSPECT_DEVICETREE] = {.name = "--devicetree",
			    .about = "a vm's device tree as source: the machine it was given"},
    {.name = NULL},
};

const struct command cmd_inspect = {
    .name = "inspect",
    .arguments = "NAME [--json|--devicetree]",
    .about = "tell everything about one sandbox, its facts read anew",
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_inspect,
};
