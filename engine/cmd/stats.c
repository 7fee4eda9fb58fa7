/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stats: what each sandbox costs right now, sampled from outside. Nothing inside is asked or
 * disturbed; of one that has ended the last sample is shown. One with limits has an account in the
 * kernel's books, too, which tells how near it is to them; and how hard it, or the machine, is
 * pressed. Of a VM it tells why its guest left the processor: as KVM counts it, where this host's
 * KVM has such counts, and what of it came to the monitor.
 */
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "cmd.h"
#include "table.h"
#include "vmstats.h"

enum stats_option { STATS_JSON };

static void put_account(struct doc *entry, const struct account *account)
{
	struct doc *object;

	if (!account->is_there) {
		doc_put_null(entry, "account");
		return;
	}
	object = doc_put(entry, "account", doc_object());
	doc_put_text(object, "cgroup", account->is_unified ? "v2" : "v1");
	for (int i = 0; i < ACCOUNT_FIELDS; i++)
		if (account->is_known[i])
			doc_put_number(object, account_fields[i].name, account->value[i]);
}

static void put_pressure(struct doc *entry, const struct account *account)
{
	struct doc *object = doc_put(entry, "pressure", doc_object());

	doc_put_text(object, "of", account->is_pressure_of_host ? "host" : "sandbox");
	for (int i = 0; i < PRESSURES; i++) {
		const struct pressure *pressure = &account->pressure[i];
		struct doc *one;

		if (!pressure->is_known)
			continue;
		one = doc_put(object, pressure_names[i], doc_object());
		doc_put_real(one, "some_avg10_percent", pressure->some_percent);
		doc_put_real(one, "full_avg10_percent", pressure->full_percent);
		doc_put_number(one, "some_ns", pressure->some_ns);
		doc_put_number(one, "full_ns", pressure->full_ns);
	}
}

/* "kvm": the kernel's own statistics; "isolab": they are not to be had, so only what came out. */
static void put_exits(struct doc *entry, struct sandbox *s)
{
	struct vm_stats stats;
	struct doc *object, *one;

	if (!sandbox_vm_stats(s, &stats))
		return;
	object = doc_put(entry, "vm_exits", doc_object());
	doc_put_text(object, "source", stats.kvm.count ? "kvm" : "isolab");
	one = doc_put(object, "to_monitor", doc_object());
	for (int reason = 0; reason < VM_EXIT_REASONS; reason++)
		doc_put_number(one, vm_exit_reason_name((enum vm_exit_reason)reason),
			       stats.exits[reason]);
	if (!stats.kvm.count)
		return;
	one = doc_put(object, "kvm", doc_object());
	for (uint64_t i = 0; i < stats.kvm.count; i++)
		doc_put_number(one, stats.kvm.counter[i].name, stats.kvm.counter[i].value);
}

static int print_json(struct command_context *context, struct sandbox *const sandboxes[], int count)
{
	struct doc *root = doc_root(CMD_SCHEMA);
	struct doc *array = doc_put(root, "sandboxes", doc_array());
	struct account account;

	for (int i = 0; i < count; i++) {
		struct doc *entry = doc_push(array, doc_object());

		report_head(entry, sandboxes[i]);
		doc_put(entry, "resources", report_resources(sandboxes[i]));
		account_read(sandboxes[i], &account);
		put_account(entry, &account);
		put_pressure(entry, &account);
		put_exits(entry, sandboxes[i]);
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

/* "12 MiB of 64 MiB", "3 of 100", "3", "—" */
static void add_use(struct table *table, const struct account *account, enum account_index use,
		    enum account_index limit, bool is_bytes)
{
	char used[64], most[64];

	if (!account->is_known[use]) {
		table_add(table, OUT_DIM, "—");
		return;
	}
	if (is_bytes) {
		str_format_bytes(used, sizeof(used), account->value[use]);
		str_format_bytes(most, sizeof(most), account->value[limit]);
	} else {
		snprintf(used, sizeof(used), "%llu", (unsigned long long)account->value[use]);
		snprintf(most, sizeof(most), "%llu", (unsigned long long)account->value[limit]);
	}
	if (account->is_known[limit])
		table_addf(table, "%s of %s", used, most);
	else
		table_add(table, OUT_PLAIN, used);
}

static void add_throttled(struct table *table, const struct account *account)
{
	char time[64];

	if (account->is_known[ACCOUNT_CPU_LIMIT])
		table_addf(table, "%llu.%03llu",
			   (unsigned long long)account->value[ACCOUNT_CPU_LIMIT] / 1000,
			   (unsigned long long)account->value[ACCOUNT_CPU_LIMIT] % 1000);
	else
		table_add(table, OUT_DIM, "—");
	if (account->is_known[ACCOUNT_CPU_THROTTLED_NS])
		table_addf(table, "%llu × %s",
			   (unsigned long long)account->value[ACCOUNT_CPU_THROTTLED],
			   str_format_ns(time, sizeof(time),
					 account->value[ACCOUNT_CPU_THROTTLED_NS]));
	else
		table_add(table, OUT_DIM, "—");
}

static void print_pressure(struct out *out, const char *of, const struct account *account)
{
	const char *parting = "";

	if (!account->pressure[PRESSURE_CPU].is_known)
		return;
	out_printf(out, "pressure of %s, part of the last 10 s in which something waited: ", of);
	for (int i = 0; i < PRESSURES; i++) {
		if (!account->pressure[i].is_known)
			continue;
		out_printf(out, "%s%s %.1f %%", parting, pressure_names[i],
			   account->pressure[i].some_percent);
		parting = ", ";
	}
	out_printf(out, "\n");
}

/* Of those with limits how near they are to them, from the kernel's own books. */
static void print_accounts(struct out *out, struct sandbox *const sandboxes[], int count)
{
	auto_table table = {0};
	struct account account = {0};
	bool is_any = false, is_host_told = false;

	table_init(&table, "ACCOUNT|>MEMORY|>PEAK|>PROCESSES|>CPUS|>THROTTLED|>READ|>WRITTEN");
	for (int i = 0; i < count; i++) {
		account_read(sandboxes[i], &account);
		if (!account.is_there)
			continue;
		is_any = true;
		table_add(&table, OUT_PLAIN, sandbox_name(sandboxes[i]));
		add_use(&table, &account, ACCOUNT_MEMORY_CURRENT, ACCOUNT_MEMORY_LIMIT, true);
		add_use(&table, &account, ACCOUNT_MEMORY_PEAK, ACCOUNT_FIELDS, true);
		add_use(&table, &account, ACCOUNT_PIDS_CURRENT, ACCOUNT_PIDS_LIMIT, false);
		add_throttled(&table, &account);
		add_use(&table, &account, ACCOUNT_IO_READ, ACCOUNT_FIELDS, true);
		add_use(&table, &account, ACCOUNT_IO_WRITTEN, ACCOUNT_FIELDS, true);
	}
	if (!is_any)
		return;
	out_printf(out, "\n");
	table_print(&table, out);
	for (int i = 0; i < count; i++) {
		account_read(sandboxes[i], &account);
		if (account.is_there && !account.is_pressure_of_host)
			print_pressure(out, sandbox_name(sandboxes[i]), &account);
		else if (!is_host_told)
			print_pressure(out, "the host", &account);
		is_host_told |= account.is_pressure_of_host;
	}
}

static bool is_exit(const char *name)
{
	size_t length = strlen(name);

	return length > 6 && strcmp(name + length - 6, "_exits") == 0;
}

/* One line for each VM: "exits of demo-vm to the monitor: io 3; as KVM counts them: all 812 io 3
 * halt 790". */
static void print_exits(struct out *out, struct sandbox *s)
{
	struct vm_stats stats;

	if (!sandbox_vm_stats(s, &stats))
		return;
	out_printf(out, "exits of %s to the monitor:", sandbox_name(s));
	for (int reason = 0; reason < VM_EXIT_REASONS; reason++)
		if (stats.exits[reason])
			out_printf(out, " %s %llu",
				   vm_exit_reason_name((enum vm_exit_reason)reason),
				   (unsigned long long)stats.exits[reason]);
	out_printf(out, stats.kvm.count ? "; as KVM counts them:"
					: " (this host's KVM has no statistics of its own)");
	for (uint64_t i = 0; i < stats.kvm.count; i++) {
		const struct vm_counter *counter = &stats.kvm.counter[i];

		if (counter->value && strcmp(counter->name, "exits") == 0)
			out_printf(out, " all %llu", (unsigned long long)counter->value);
		else if (counter->value && is_exit(counter->name))
			out_printf(out, " %.*s %llu", (int)strlen(counter->name) - 6, counter->name,
				   (unsigned long long)counter->value);
	}
	out_printf(out, "\n");
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
	print_accounts(context->out, sandboxes, count);
	for (int i = 0; i < count; i++)
		print_exits(context->out, sandboxes[i]);
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
	"that of the process that is the wall. Of one that has ended the last sample is shown. VM "
	"EXITS came to the\n"
	"monitor; below stands why, and what KVM itself has counted (most exits never leave the "
	"kernel).",
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_stats,
};
