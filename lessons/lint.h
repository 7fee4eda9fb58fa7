/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_LINT_H
#define ISOLAB_LINT_H
/*
 * lint: what an author wants to know before a learner finds out. All faults as "FILE:LINE: text".
 *
 * lint_files	form: unknown verbs and keys, predicates, quizzes, ids, hints that give a solution
 * away, bold that CommonMark does not
 *		close, and the translation: coverage, stale hash, words against the glossary
 * lint_play	truth: before the solution every check fails, behind it every check passes, the
 * cleanup leaves no sandbox
 */
#include "command.h"
#include "lesson.h"

struct lint {
	struct out *out;
	const char *course, *id;
	unsigned errors, warnings;
};

/* Says one line about `file` (of the lesson). A text that begins with "warning: " counts as one. */
void lint_say(struct lint *lint, const char *file, unsigned line, const char *text);

/* Reads and judges lesson.md and its translations. */
void lint_files(struct lint *lint);
/* Plays the solutions in a lab of their own. -errno when there can be none. */
int lint_play(struct lint *lint, const struct command_table *table, struct err *e);
/* lint_words.c: the translation's text against COURSE/glossary.tsv: "wrong TAB right" lines, '#'
 * comments. */
void lint_words(struct lint *lint, const char *file, const char *text);

#endif
