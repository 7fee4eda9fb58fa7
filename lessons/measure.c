/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Repeated starts for a prediction. They go the learner's own way (the command `create`), one wall
 * at a time, in a lab with a lease: should we die half-way, what was started goes with us. The
 * first start finds cold caches and is not counted.
 */
#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "str.h"

enum { START_TIMEOUT_MS = 15000 };

static void discard(struct out *out, bool is_error, enum out_role role, const char *text,
		    size_t length)
{
	struct strbuf *errors = out->arg;

	(void)role;
	if (is_error)
		str_add_bytes(errors, text, length);
}

struct start {
	char name[48];
	enum check_field field;
};

static bool is_settled(struct lab *lab, void *arg)
{
	const struct start *start = arg;
	struct sandbox *s = lab_find(lab, start->name);
	const struct timeline *timeline = s ? sandbox_timeline(s) : NULL;

	if (!s || sandbox_state(s) == SANDBOX_FAILED || sandbox_state(s) == SANDBOX_STOPPED)
		return true;
	return timeline->ready_ns && (start->field == CHECK_BOOT || timeline->first_output_ns);
}

/* One line of what a command said on its error side, without "isolab: ". */
static int submit_failed(const struct strbuf *errors, const char *kind, struct err *e)
{
	const char *text = errors->data ? errors->data : "it failed";
	size_t length = strcspn(text, "\n");

	if (!strncmp(text, "isolab: ", 8))
		text += 8, length -= length > 8 ? 8 : length;
	return err_set(e, EIO, "start a %s: %.*s", kind, (int)length, text);
}

static int read_start(struct lab *lab, struct start *start, struct measurement *ret,
		      uint64_t *ret_ns, struct err *e)
{
	struct check_subject subject = {.field = start->field};
	struct check_value value;
	struct sandbox *s;
	int r = lab_wait(lab, is_settled, start, START_TIMEOUT_MS, e);

	s = lab_find(lab, start->name);
	if (r < 0 || !s)
		return r < 0 ? err_ctx(e, r, "wait for '%s'", start->name)
			     : err_set(e, ENOENT, "'%s' is gone", start->name);
	if (sandbox_failure(s)[0])
		return err_set(e, EIO, "%s", sandbox_failure(s));
	str_copy(subject.who, sizeof(subject.who), start->name);
	if (check_measure(&subject, lab, &value) < 0)
		return err_set(e, ENODATA, "'%s' was not stamped", start->name);
	str_copy(ret->accel, sizeof(ret->accel), sandbox_accel(s));
	*ret_ns = value.number;
	return 0;
}

static int start_once(struct lab *lab, const struct command_table *table, const char *kind,
		      struct start *start, struct measurement *ret, uint64_t *ret_ns, struct err *e)
{
	auto_strbuf errors = {0};
	struct out out = {.write = discard, .arg = &errors};
	char line[128];
	int r;

	snprintf(line, sizeof(line), "create %s %s", kind, start->name);
	if (lab_submit(lab, table, line, true, &out) != 0)
		r = submit_failed(&errors, kind, e);
	else
		r = read_start(lab, start, ret, ret_ns, e);
	snprintf(line, sizeof(line), "rm -f %s", start->name);
	lab_submit(lab, table, line, true, &out);
	return r;
}

static int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int measure_starts(const struct command_table *table, const char *kind, enum check_field field,
		   unsigned runs, struct measurement *ret, struct err *e)
{
	struct lab_options options = {.lease = true};
	uint64_t ns[MEASURE_RUNS_MAX + 1] = {0};
	struct start start = {.field = field};
	struct lab *lab;
	int r = lab_create(&options, &lab, e);

	if (r < 0)
		return r;
	if (runs > MEASURE_RUNS_MAX)
		runs = MEASURE_RUNS_MAX;
	for (unsigned run = 0; run <= runs && r == 0; run++) {
		snprintf(start.name, sizeof(start.name), "lesson-%s-%d-%u", kind, (int)getpid(),
			 run);
		r = start_once(lab, table, kind, &start, ret, &ns[run], e);
	}
	lab_destroy(lab);
	if (r < 0)
		return r;
	qsort(ns + 1, runs, sizeof(ns[0]), compare_ns);
	ret->runs = runs;
	ret->value = ns[1 + runs / 2];
	ret->p10 = ns[1 + runs / 10];
	ret->p90 = ns[1 + (runs * 9) / 10];
	return 0;
}
