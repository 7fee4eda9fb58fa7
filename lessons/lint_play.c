/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lint by playing: the lesson's solutions, run for real in a lab of their own, so that the author's
 * other sandboxes neither help nor hinder. For each step: every predicate fails before (a check
 * that passes anyway teaches nothing), the solution runs, every predicate passes. At the end the
 * cleanup, and no sandbox is left.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lint.h"
#include "session.h"
#include "str.h"

enum { SETTLE_MS = 3000 };

struct play {
	struct lint *lint;
	struct lab *lab;
	const struct command_table *table;
	const struct lesson_block *check;
	unsigned failed, checks;
	char reason[512];
};

static void tell(void *arg, enum check_result result, const char *reason)
{
	struct play *play = arg;

	snprintf(play->reason, sizeof(play->reason), "%s%s",
		 result == CHECK_BROKEN ? "broken: " : "", reason);
}

static void evaluate(struct play *play, unsigned timeout_ms)
{
	const struct session_listener listener = {tell, play};

	play->failed = session_evaluate_patiently(play->check, play->lab, timeout_ms, &listener,
						  &play->checks);
}

/* All checks of the step: before the solution none of the predicates may pass. */
static void play_before(struct play *play, const struct lesson_step *step)
{
	unsigned n = 0;

	lab_dispatch(play->lab, NULL);
	while ((play->check = lesson_block(step, LESSON_CHECK, n++))) {
		evaluate(play, 0);
		if (play->failed < play->checks)
			lint_say(play->lint, "lesson.md", play->check->line,
				 "a check passes before the solution has run");
	}
}

static void play_after(struct play *play, const struct lesson_step *step)
{
	char text[640];
	unsigned n = 0;

	while ((play->check = lesson_block(step, LESSON_CHECK, n++))) {
		evaluate(play, SETTLE_MS);
		if (!play->failed)
			continue;
		snprintf(text, sizeof(text), "the solution does not pass: %s", play->reason);
		lint_say(play->lint, "lesson.md", play->check->line, text);
	}
}

/* What the learner would see is not the author's business here. */
static void discard(struct out *out, bool is_error, enum out_role role, const char *text,
		    size_t length)
{
	(void)out, (void)is_error, (void)role, (void)text, (void)length;
}

/* What a step lets the learner type must work, too; what the solution did is not done again. */
static void play_run(struct play *play, const struct lesson_step *step)
{
	const struct lesson_block *run = lesson_block(step, LESSON_RUN, 0);
	struct out nowhere = {.write = discard};

	if (run && session_run_lines(play->lab, play->table, &nowhere, step, LESSON_RUN,
				     lesson_block(step, LESSON_SOLUTION, 0)))
		lint_say(play->lint, "lesson.md", run->line, "a command of 'run' fails");
}

static void play_step(struct play *play, const struct lesson_step *step)
{
	bool has_check = lesson_block(step, LESSON_CHECK, 0) != NULL;

	if (has_check) {
		play_before(play, step);
		if (session_run_lines(play->lab, play->table, play->lint->out, step,
				      LESSON_SOLUTION, NULL))
			lint_say(play->lint, "lesson.md", step->line,
				 "a command of the solution fails");
	}
	play_run(play, step);
	if (has_check)
		play_after(play, step);
	out_printf(play->lint->out, "step '%s' played\n", step->id);
}

static bool is_empty(struct lab *lab, void *arg)
{
	(void)arg;
	return lab_count(lab) == 0;
}

static void play_cleanup(struct play *play, const struct lesson *lesson)
{
	struct out nowhere = {.write = discard};
	char text[256];

	for (size_t i = 0; i <= lesson->count; i++)
		session_run_lines(play->lab, play->table, &nowhere,
				  i < lesson->count ? &lesson->steps[i] : &lesson->introduction,
				  LESSON_CLEANUP, NULL);
	lab_wait(play->lab, is_empty, NULL, SETTLE_MS, NULL);
	for (size_t i = 0; i < lab_count(play->lab); i++) {
		snprintf(text, sizeof(text), "the cleanup leaves '%s'",
			 sandbox_name(lab_at(play->lab, i)));
		lint_say(play->lint, "lesson.md", 1, text);
	}
}

static void play_lesson(struct play *play, const struct lesson *lesson)
{
	session_run_lines(play->lab, play->table, play->lint->out, &lesson->introduction,
			  LESSON_SETUP, NULL);
	for (size_t i = 0; i < lesson->count; i++)
		play_step(play, &lesson->steps[i]);
	play_cleanup(play, lesson);
}

int lint_play(struct lint *lint, const struct command_table *table, struct err *e)
{
	struct lab_options options = {.lease = true, .interruptible = true};
	struct play play = {.lint = lint, .table = table};
	char folder[] = "/tmp/isolab-lint-XXXXXX", below[64];
	struct lesson *lesson;
	int r = lesson_load(lint->course, lint->id, LANGUAGE_EN, &lesson, e);

	if (r < 0)
		return r;
	if (!mkdtemp(folder)) {
		lesson_destroy(lesson);
		return err_sys(e, errno, "make '%s'", folder);
	}
	setenv("XDG_RUNTIME_DIR", folder,
	       1); /* the command line's own process: nothing else of it looks there */
	r = lab_create(&options, &play.lab, e);
	if (r == 0) {
		play_lesson(&play, lesson);
		lab_destroy(play.lab);
	}
	lesson_destroy(lesson);
	snprintf(below, sizeof(below), "%s/isolab", folder);
	if ((rmdir(below) < 0 && errno != ENOENT) || rmdir(folder) < 0)
		lint_say(lint, "lesson.md", 1, "something is left in the run directory");
	return r;
}
