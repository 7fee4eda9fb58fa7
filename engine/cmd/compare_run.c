/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The comparison's hands: one sandbox of each kind, one after the other, so that none disturbs the
 * next.
 *
 *	make, start → ready → read the facts → type "compare" at its console → all results
 *	printed → sample → kill, remove
 *
 * The program is the same file on every wall: isolab-work, the default. Facts are read after
 * `ready` and before the work, so neither boot nor work is disturbed. Nothing waits by the clock:
 * each arrow is an event.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "fd.h"

enum { WORK_TIMEOUT_MS = 60000, WORK_TEXT_MAX = 16384, WORK_RESULTS = 3 };

/* ---- the work ---- */

/* "loop  10000000 turns  5123456 ns  0.512 ns/turn" */
static bool parse_result(struct work_result *result, const char *line)
{
	char name[16], unit[16];
	unsigned long long count, total;

	if (sscanf(line, "%15[a-z] %llu %15[a-z] %llu ns", name, &count, unit, &total) != 4)
		return false;
	if (!count || count > INT64_MAX || total > INT64_MAX)
		return false;
	str_copy(result->name, sizeof(result->name), name);
	if (unit[0] && unit[strlen(unit) - 1] == 's')
		unit[strlen(unit) - 1] = 0;
	str_copy(result->unit, sizeof(result->unit), unit);
	result->count = count;
	result->total_ns = total;
	return true;
}

size_t compare_parse_work(struct compared *item, const char *text, size_t length)
{
	item->work_count = 0;
	for (const char *at = text, *end = text + length; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		char line[160];

		if (!newline)
			break; /* only whole lines count */
		if ((size_t)(newline - at) < sizeof(line) && item->work_count < WORK_RESULTS_MAX) {
			memcpy(line, at, (size_t)(newline - at));
			line[newline - at] = 0;
			item->work_count += parse_result(&item->work[item->work_count], line);
		}
		at = newline + 1;
	}
	return item->work_count;
}

struct work_watch {
	struct compared *item;
	uint64_t position;
	size_t length;
	char text[WORK_TEXT_MAX];
};

static bool is_work_done(struct lab *lab, void *arg)
{
	struct work_watch *watch = arg;
	uint64_t lost;
	ssize_t n;

	(void)lab;
	while (
	    (n = sandbox_console_read(watch->item->s, &watch->position, watch->text + watch->length,
				      sizeof(watch->text) - watch->length, &lost)) > 0)
		watch->length += (size_t)n;
	if (compare_parse_work(watch->item, watch->text, watch->length) >= WORK_RESULTS)
		return true;
	return !sandbox_is_alive(watch->item->s) || watch->length == sizeof(watch->text);
}

static int do_work(struct lab *lab, struct compared *item, struct err *e)
{
	static const char line[] = "compare\n";
	auto_free struct work_watch *watch = NULL;
	ssize_t taken;
	int r;

	taken = sandbox_input(item->s, line, strlen(line), e);
	if (taken < 0)
		return (int)taken;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return err_sys(e, ENOMEM, "watch the work");
	watch->item = item;
	r = lab_wait(lab, is_work_done, watch, WORK_TIMEOUT_MS, e);
	if (r == -ETIMEDOUT)
		return err_set(e, ETIMEDOUT, "the work took longer than %d s",
			       WORK_TIMEOUT_MS / 1000);
	if (r == -EINTR)
		return err_set(e, EINTR, "interrupted");
	if (r == 0 && item->work_count < WORK_RESULTS)
		return err_set(e, EIO, "the work ended without its results");
	return r;
}

/* ---- one wall ---- */

static int measure(struct lab *lab, struct compared *item, struct err *e)
{
	struct sandbox *s = item->s;
	int status, r = sandbox_start(s, e);

	if (r == 0)
		r = cmd_wait_started(lab, &s, 1, e);
	if (r < 0)
		return r;
	if (sandbox_state(s) == SANDBOX_FAILED) {
		r = err_set(e, EIO, "%s", sandbox_failure(s));
		return *sandbox_failure_hint(s) ? err_hint(e, r, "%s", sandbox_failure_hint(s)) : r;
	}
	if (sandbox_exit_status(s, &status))
		return err_set(e, EIO, "it ended at once with status %d", status);
	r = cmd_wait_facts(lab, s, e);
	if (r == 0)
		r = do_work(lab, item, e);
	if (r == 0)
		r = sandbox_take_sample(s, e);
	return r;
}

static int make_and_measure(struct lab *lab, struct compared *item, struct err *e)
{
	auto_spec spec = {.interactive = true, .tty = true};
	int r;

	str_copy(spec.kind, sizeof(spec.kind), item->backend->kind);
	snprintf(spec.name, sizeof(spec.name), "compare-%s", spec.kind);
	r = lab_make(lab, &spec, &item->s, e);
	if (r == -EEXIST) {
		spec.name[0] = 0; /* somebody else compares, too: any name */
		err_clear(e);
		r = lab_make(lab, &spec, &item->s, e);
	}
	if (r < 0)
		return r;
	sandbox_hold(item->s);
	r = measure(lab, item, e);
	/* Also after a failure, and with another error to tell: nothing of ours stays. */
	sandbox_remove(item->s, true, NULL);
	if (r < 0) {
		sandbox_release(item->s);
		item->s = NULL;
	}
	return r;
}

int compare_make(struct lab *lab, struct comparison *comparison, struct err *e)
{
	const struct backend *table = lab_backends(lab);
	size_t made = 0;

	comparison->is_made = true;
	for (; table->kind && comparison->count < COMPARED_MAX; table++) {
		struct compared *item = &comparison->items[comparison->count++];
		int r;

		*item = (struct compared){.backend = table, .is_cold = made == 0};
		str_copy(item->title, sizeof(item->title), table->kind);
		r = make_and_measure(lab, item, &item->skipped);
		if (r == -EINTR) {
			if (e)
				*e = item->skipped;
			return r;
		}
		made += r == 0;
	}
	if (made)
		return 0;
	if (e)
		*e = comparison->items[0].skipped;
	err_hint(e, 0, "'isolab doctor' says what is missing");
	return err_ctx(e, -EIO, "compare: no wall could be made");
}

/* ---- those that are there ---- */

/* A column for it, for which there is room; a second one of the same is none. */
static int take(struct lab *lab, struct sandbox *s, struct comparison *comparison, struct err *e)
{
	struct compared *item = &comparison->items[comparison->count];
	int r;

	for (size_t i = 0; i < comparison->count; i++)
		if (comparison->items[i].s == s)
			return 0;
	comparison->count++;
	*item = (struct compared){.s = s};
	sandbox_hold(s);
	str_copy(item->title, sizeof(item->title), sandbox_name(s));
	if (sandbox_state(s) != SANDBOX_RUNNING)
		return 0; /* what its journal knows is shown */
	if (sandbox_outer(s) && sandbox_facts(s))
		return 0; /* read with the outer's */
	r = cmd_wait_facts(lab, s, e);
	if (r == 0 && !sandbox_outer(s))
		sandbox_take_sample(s, NULL);
	return r;
}

/* What stands inside it, as far as something is known of its facts: nobody has named it, so it
 * takes no place of those that were, of whom `named` are to come. */
static int take_inner(struct lab *lab, struct sandbox *s, size_t named,
		      struct comparison *comparison, struct err *e)
{
	struct sandbox *inner;
	int r = 0;

	for (size_t k = 0; r == 0 && (inner = sandbox_inner(s, k)) != NULL; k++)
		if (sandbox_facts(inner) && comparison->count + named < COMPARED_MAX)
			r = take(lab, inner, comparison, e);
	return r;
}

int compare_take(struct lab *lab, char **names, int count, struct comparison *comparison,
		 struct err *e)
{
	struct sandbox *sandboxes[CMD_SANDBOXES_MAX];
	int found = cmd_find_shown(lab, names, count, sandboxes, e), r = 0;

	if (found < 0)
		return found;
	if (found > COMPARED_MAX) {
		r = err_set(e, EINVAL, "compare: %d sandboxes are too many, at most %d", found,
			    COMPARED_MAX);
		return err_hint(e, r, "name fewer, or compare them in two goes");
	}
	for (int i = 0; i < found; i++)
		sandbox_hold(sandboxes[i]); /* one may go while another is waited for */
	for (int i = 0; r == 0 && i < found; i++) {
		r = take(lab, sandboxes[i], comparison, e);
		if (r == 0)
			r = take_inner(lab, sandboxes[i], (size_t)(found - i - 1), comparison, e);
	}
	for (int i = 0; i < found; i++)
		sandbox_release(sandboxes[i]);
	return r;
}

void compare_finish(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++)
		if (comparison->items[i].s)
			sandbox_release(comparison->items[i].s);
	comparison->count = 0;
}
