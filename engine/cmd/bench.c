/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench boot: the same tiny program started again and again, kinds taking turns, the order turned
 * round each time, one at a time. The very first start of each kind is kept apart as cold. What is
 * told are medians with their spread; a sample is a journal's own stamps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd.h"
#include "fd.h"
#include "table.h"

enum { KINDS_MAX = 8, RUNS_DEFAULT = 10, RUNS_MAX = 1000, END_TIMEOUT_MS = 30000 };

/* Times of one start, from `request`. */
struct times {
	uint64_t ready_ns, first_output_ns, life_ns;
};

struct series {
	const struct backend *backend;
	char flavour[16], accel[16];
	struct times cold, *runs; /* owned */
	size_t count;
	struct err skipped;
};

struct bench {
	struct series series[KINDS_MAX];
	size_t kinds, runs;
};

/* ---- measuring ---- */

static int measure(struct lab *lab, struct sandbox *s, struct times *times, struct err *e)
{
	const struct timeline *timeline = sandbox_timeline(s);
	int r = sandbox_start(s, e);

	if (r == 0)
		r = cmd_wait_ended(lab, s, END_TIMEOUT_MS, e);
	if (r < 0)
		return r;
	if (sandbox_state(s) == SANDBOX_FAILED || !timeline_total_ns(timeline)) {
		r = err_set(e, EIO, "%s",
			    *sandbox_failure(s) ? sandbox_failure(s) : "it was never ready");
		return *sandbox_failure_hint(s) ? err_hint(e, r, "%s", sandbox_failure_hint(s)) : r;
	}
	times->ready_ns = timeline_total_ns(timeline);
	times->first_output_ns = timeline->first_output_ns > timeline->request_ns
				     ? timeline->first_output_ns - timeline->request_ns
				     : 0;
	times->life_ns = sandbox_ended_ns(s) > timeline->request_ns
			     ? sandbox_ended_ns(s) - timeline->request_ns
			     : 0;
	return 0;
}

static int run_once(struct lab *lab, struct series *series, struct times *times, struct err *e)
{
	char *argv[] = {(char *)"--", (char *)"isolab-work", (char *)"echo", (char *)"ready"};
	auto_spec spec = {0};
	struct sandbox *s;
	int r;

	str_copy(spec.kind, sizeof(spec.kind), series->backend->kind);
	r = spec_parse_options(&spec, 4, argv, e);
	if (r == 0)
		r = lab_make(lab, &spec, &s, e);
	if (r < 0)
		return r;
	sandbox_hold(s);
	r = measure(lab, s, times, e);
	str_copy(series->flavour, sizeof(series->flavour), sandbox_flavour(s));
	str_copy(series->accel, sizeof(series->accel), sandbox_accel(s));
	sandbox_remove(s, true, NULL);
	sandbox_release(s);
	return r;
}

/* One start of each kind that still takes part; forwards and backwards by turns. */
static int run_round(struct lab *lab, struct bench *bench, size_t round, struct err *e)
{
	for (size_t turn = 0; turn < bench->kinds; turn++) {
		struct series *series = &bench->series[round % 2 ? bench->kinds - 1 - turn : turn];
		struct times times;
		int r;

		if (series->skipped.code)
			continue;
		r = run_once(lab, series, &times, &series->skipped);
		if (r == -EINTR)
			return err_set(e, EINTR, "interrupted");
		if (r < 0)
			continue;
		if (round == 0)
			series->cold = times;
		else
			series->runs[series->count++] = times;
	}
	return 0;
}

static int run_all(struct command_context *context, struct bench *bench, struct err *e)
{
	for (const struct backend *b = lab_backends(context->lab);
	     b->kind && bench->kinds < KINDS_MAX; b++) {
		struct series *series = &bench->series[bench->kinds++];

		series->backend = b;
		series->runs = calloc(bench->runs, sizeof(*series->runs));
		if (!series->runs)
			return err_sys(e, ENOMEM, "bench");
	}
	for (size_t round = 0; round <= bench->runs; round++) {
		int r = run_round(context->lab, bench, round, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- figures ---- */

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t field(const struct times *times, unsigned which)
{
	return which == 0 ? times->ready_ns : which == 1 ? times->first_output_ns : times->life_ns;
}

/* The value below which `percent` of the runs lie (nearest rank; the median of an even number is
 * the middle of two). */
static uint64_t percentile(const struct series *series, unsigned which, unsigned percent)
{
	auto_free uint64_t *sorted = calloc(series->count + 1, sizeof(*sorted));
	size_t n = series->count;

	if (!sorted || !n)
		return 0;
	for (size_t i = 0; i < n; i++)
		sorted[i] = field(&series->runs[i], which);
	qsort(sorted, n, sizeof(*sorted), compare_numbers);
	if (percent == 50 && n % 2 == 0)
		return (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
	return sorted[percent ? (n * percent + 99) / 100 - 1 : 0];
}

static struct doc *host_document(void)
{
	struct doc *object = doc_object();
	struct utsname names;

	uname(&names);
	doc_put_text(object, "kernel", names.release);
	doc_put_text(object, "machine", names.machine);
	doc_put_number(object, "cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	return object;
}

static void put_series(struct doc *entry, const struct series *series)
{
	struct doc *samples;

	doc_put_text(entry, "kind", series->backend->kind);
	doc_put_text(entry, "flavour", series->flavour);
	doc_put_text(entry, "accel", series->accel);
	doc_put_number(entry, "n", series->count);
	doc_put_number(entry, "median_ns", percentile(series, 0, 50));
	doc_put_number(entry, "p10_ns", percentile(series, 0, 10));
	doc_put_number(entry, "p90_ns", percentile(series, 0, 90));
	doc_put_number(entry, "min_ns", percentile(series, 0, 0));
	doc_put_number(entry, "cold_ns", series->cold.ready_ns);
	doc_put_number(entry, "first_output_median_ns", percentile(series, 1, 50));
	doc_put_number(entry, "life_median_ns", percentile(series, 2, 50));
	samples = doc_put(entry, "samples_ns", doc_array());
	for (size_t i = 0; i < series->count; i++)
		doc_push_number(samples, series->runs[i].ready_ns);
}

static int print_json(struct command_context *context, const struct bench *bench)
{
	struct doc *root = doc_root(CMD_SCHEMA), *results, *skipped;

	doc_put_text(root, "experiment", "boot");
	doc_put_number(root, "runs", bench->runs);
	doc_put(root, "host", host_document());
	results = doc_put(root, "results", doc_array());
	skipped = doc_put(root, "skipped", doc_array());
	for (size_t i = 0; i < bench->kinds; i++) {
		const struct series *series = &bench->series[i];
		struct doc *entry = doc_push(series->count ? results : skipped, doc_object());

		if (series->count) {
			put_series(entry, series);
			continue;
		}
		doc_put_text(entry, "kind", series->backend->kind);
		doc_put_text(entry, "cause", series->skipped.what);
		doc_put_text(entry, "hint", series->skipped.hint);
	}
	return doc_print(root, context->out);
}

static void add_row(struct table *table, const struct series *series)
{
	const uint64_t figures[] = {
	    series->cold.ready_ns,     percentile(series, 0, 0),  percentile(series, 0, 10),
	    percentile(series, 0, 50), percentile(series, 0, 90), percentile(series, 1, 50),
	    percentile(series, 2, 50),
	};
	bool is_plain = strcmp(series->flavour, "-") == 0;
	char time[24];

	if (is_plain)
		table_add(table, OUT_PLAIN, series->backend->kind);
	else
		table_addf(table, "%s, %s, %s", series->backend->kind, series->flavour,
			   series->accel);
	table_addf(table, "%zu", series->count);
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		table_add(table, accel_no_verdict(series->accel) ? OUT_DIM : OUT_PLAIN,
			  figures[i] ? str_format_ns(time, sizeof(time), figures[i]) : "—");
}

static int print_text(struct command_context *context, const struct bench *bench)
{
	struct out *out = context->out;
	auto_table table = {0};
	const char *doubt = NULL;

	table_init(&table, "KIND|>n|>COLD|>MIN|>P10|>MEDIAN|>P90|>OUTPUT|>LIFE");
	for (size_t i = 0; i < bench->kinds; i++) {
		const struct series *series = &bench->series[i];

		if (!series->count)
			continue;
		if (accel_no_verdict(series->accel))
			doubt = accel_no_verdict(series->accel);
		add_row(&table, series);
	}
	out_role_printf(out, OUT_TITLE, "boot");
	out_printf(out, ": from request to ready, kinds by turns, one at a time\n");
	table_print(&table, out);
	out_printf(
	    out,
	    "COLD: the first start, not in the others. OUTPUT: median to the first byte on the "
	    "console.\nLIFE: median to the program's end.\n");
	if (doubt)
		out_printf(out, "%s.\n", doubt);
	for (size_t i = 0; i < bench->kinds; i++)
		if (bench->series[i].skipped.code)
			out_role_printf(out, OUT_WARN, "no %s: %s\n",
					bench->series[i].backend->kind,
					bench->series[i].skipped.what);
	return 0;
}

enum bench_option { BENCH_RUNS, BENCH_JSON };

static int check_words(const struct cmd_line *line, size_t *ret_runs, struct err *e)
{
	uint64_t runs = RUNS_DEFAULT;
	int r;

	if (strcmp(line->words[0], "boot") != 0) {
		r = err_set(e, ENOTSUP, "experiment '%.40s' is not in this version",
			    line->words[0]);
		return err_hint(e, r, "there is: boot");
	}
	if (cmd_has(line, BENCH_RUNS) &&
	    str_parse_number(line->option[BENCH_RUNS], 1, RUNS_MAX, &runs) < 0)
		return err_set(e, EINVAL, "bench: --runs '%.40s' is not from 1 to %d",
			       line->option[BENCH_RUNS], RUNS_MAX);
	*ret_runs = (size_t)runs;
	return 0;
}

static int run_bench(struct command_context *context, int argc, char **argv)
{
	auto_free struct bench *bench = NULL;
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, 1, 0, &line), r;

	if (status)
		return status;
	bench = calloc(1, sizeof(*bench));
	r = bench ? check_words(&line, &bench->runs, &error) : err_sys(&error, ENOMEM, "bench");
	if (r == 0)
		r = run_all(context, bench, &error);
	if (r < 0)
		status = cmd_fail(context, &error);
	else if (cmd_has(&line, BENCH_JSON))
		status = print_json(context, bench);
	else
		status = print_text(context, bench);
	for (size_t i = 0; bench && i < bench->kinds; i++)
		free(bench->series[i].runs);
	return status;
}

static const struct command_option options[] = {
    [BENCH_RUNS] = {.name = "--runs", .argument = "N", .about = "how often each (10)"},
    [BENCH_JSON] = {.name = "--json", .about = "one JSON document"},
    {.name = NULL},
};

const struct command cmd_bench = {
    .name = "bench",
    .arguments = "boot [--runs N] [--json]",
    .about = "repeat an experiment: medians and spread",
    .flags = COMMAND_WAITS | COMMAND_LEASE,
    .word = WORD_EXPERIMENT,
    .options = options,
    .run = run_bench,
};
