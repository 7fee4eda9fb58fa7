/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_SESSION_H
#define ISOLAB_SESSION_H
/*
 * session: one learner in one lesson, for the length of one command: loaded lesson + progress, and
 * the rules by which a step unfolds.
 *
 *	show → stops at the first question → answer → unfolds further → check → … → next
 *
 * A step is shown from its beginning to the first block that waits for the learner: a prediction
 * without a guess, a check that has not passed, a quiz without its right answer. Behind the last of
 * them the next step can be gone to.
 */
#include "answer.h"
#include "command.h"
#include "lesson.h"
#include "lessons.h"
#include "measure.h"
#include "progress.h"

struct session {
	struct lesson *lesson;
	struct progress *progress;
	const struct lesson_step *step;
	unsigned number; /* of the step, from 1 */
	enum language language;
	struct out *out;
	const char *prefix; /* before a command: "" or "isolab " */
	const char *course; /* its folder; NULL: beside the program */
	/* Only for check, start and cleanup; NULL in a session that only shows. */
	struct lab *lab;
	const struct command_table *table;
	bool may_wait; /* a check may give what was just begun a moment */
	bool
	    /* the step itself is seen elsewhere (a screen's pane): only say what is new */
	    is_brief;
};

/* Loads the lesson `id`, or with NULL the open one (-ENOENT with a hint when there is none), and
 * finds its step. `course` NULL: default. out, prefix, lab and table are the caller's to set,
 * before or after. */
int session_open(struct session *session, const char *course, const char *id, struct err *e);
void session_close(struct session *session);

/* What the step waits for, and its block (NULL: nothing, everything is unfolded). */
enum lessons_waits session_waits(const struct session *session,
				 const struct lesson_block **ret_block);

/* Prints the step from its beginning, or what follows behind `after`, up to where it waits. */
void session_show(struct session *session, const struct lesson_block *after);
/* One line: in which form a question's answer is to be given. */
void session_show_how_to_answer(struct session *session, const struct lesson_block *block);
/* Prints the introduction of the lesson. */
void session_introduce(struct session *session);

/* Prints a fence's body, its lines joined to paragraphs (a blank line parts them). */
void session_print_body(struct session *session, const char *body);
/* Prints commands, one a line, as they are to be typed here. */
void session_print_commands(struct session *session, const char *body);

/* Prints the guess that was given for a prediction, if there is one. */
void session_say_guess(struct session *session, const struct lesson_block *block);

/* Each returns an exit status and has printed what there is to say. */
int session_answer(struct session *session, const char *text);
int session_check(struct session *session);
int session_next(struct session *session, bool is_skipping);
int session_hint(struct session *session);
int session_solution(struct session *session);
int session_start(struct session *session);

/* A check block's lines, one after the other: the first that does not hold is told by `tell` (line
 * number in the file, the reason); returns how many did not hold. In grade.c; lint uses it, too. */
struct session_listener {
	void (*tell)(void *arg, enum check_result result, const char *reason);
	void *arg;
};
/* The same, but while some do not hold it looks again for at most `timeout_ms`. */
unsigned session_evaluate_patiently(const struct lesson_block *block, struct lab *lab,
				    unsigned timeout_ms, const struct session_listener *listener,
				    unsigned *ret_count);
unsigned session_evaluate(const struct lesson_block *block, struct lab *lab,
			  const struct session_listener *listener, unsigned *ret_count);
/* Shows guess and result of the predictions in [from, to), and measures what was not measured yet
 * (only with a lab). */
void session_reveal(struct session *session, const struct lesson_block *from,
		    const struct lesson_block *to);
/* The block behind the last check before `block`: where its predictions begin. */
const struct lesson_block *session_section(const struct session *session,
					   const struct lesson_block *block);
/* Is there a check behind `block` in its step? If so, it is the check that reveals a prediction's
 * result. */
bool session_has_check_behind(const struct session *session, const struct lesson_block *block);
/* All guesses of the lesson with their results. */
void session_summary(struct session *session);
/* Runs every line of every block of `verb` (setup, run, solution, cleanup) of a step, but not those
 * that `except` (may be NULL) holds, too. Returns how many failed. */
unsigned session_run_lines(struct lab *lab, const struct command_table *table, struct out *out,
			   const struct lesson_step *step, enum lesson_verb verb,
			   const struct lesson_block *except);

/* Prints one saying with up to four arguments. */
#define session_say(session, role, saying, ...)                           \
	language_print((session)->out, (session)->language, role, saying, \
		       SAYING_ARGUMENTS(__VA_ARGS__))

/* Keys of the progress file. */
#define PROGRESS_NOBODY "-"

#endif
