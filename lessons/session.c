/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules of a lesson: where the learner is, what the step waits for, and what each command does
 * about it. Nothing is kept in memory between two commands: progress is loaded at the start of each
 * and saved at its end.
 */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "str.h"
#include "text.h"

enum { PATIENCE_MS = 1000 }; /* of a check, for what was begun just before it */

static const char *id_of(const struct session *session)
{
	return session->lesson->id;
}

static void find_step(struct session *session)
{
	const char *id = progress_get(session->progress, id_of(session), "step");

	session->number = 1;
	for (size_t i = 0; id && i < session->lesson->count; i++)
		if (!strcmp(session->lesson->steps[i].id, id))
			session->number = (unsigned)i + 1;
	session->step = &session->lesson->steps[session->number - 1];
}

static enum language language_of(const struct progress *progress)
{
	const char *set = progress_get(progress, PROGRESS_NOBODY, "language");
	enum language language;

	return set && language_parse(set, &language) ? language : language_choose(NULL);
}

int session_open(struct session *session, const char *course, const char *id, struct err *e)
{
	char path[4096];
	int r = progress_load(&session->progress, e);

	if (r < 0)
		return r;
	session->language = language_of(session->progress);
	if (!id)
		id = progress_get(session->progress, PROGRESS_NOBODY, "current");
	if (id && !*id)
		id = NULL;
	if (!course && id)
		course = progress_get_part(session->progress, id, "course", "path");
	if (!id) {
		r = err_hint(e, err_set(e, ENOENT, "no lesson is open"),
			     "'lesson list' shows them, 'lesson start ID' opens one");
	} else {
		r = lesson_course_path(course, path, sizeof(path), e);
		if (r == 0)
			r = lesson_load(path, id, session->language, &session->lesson, e);
	}
	if (r < 0) {
		session_close(session);
		return r;
	}
	session->course = course;
	find_step(session);
	return 0;
}

void session_close(struct session *session)
{
	lesson_destroy(session->lesson);
	progress_destroy(session->progress);
	session->lesson = NULL;
	session->progress = NULL;
}

static void save(struct session *session)
{
	struct err e = {0};

	if (progress_save(session->progress, &e) < 0)
		session_say(session, OUT_WARN, SAY_NOT_KEPT, e.what);
}

/* ---- what the step waits for ---- */

/* "STEP.LINE" names a check in the progress; the line is of lesson.md, the same in every language.
 * */
static char *check_key(const struct session *session, const struct lesson_block *block,
		       char *buffer, size_t size)
{
	unsigned nth = 0;

	for (size_t i = 0; i < session->step->count; i++)
		if (session->step->blocks[i].verb == LESSON_CHECK &&
		    session->step->blocks[i].line < block->line)
			nth++;
	snprintf(buffer, size, "%s.%u", session->step->id, nth);
	return buffer;
}

static bool is_open_question(const struct session *session, const struct lesson_block *block)
{
	const char *id = lesson_key(block, "id");
	char key[PROGRESS_KEY_MAX];

	if (block->verb == LESSON_CHECK)
		return !progress_get_part(session->progress, id_of(session), "passed",
					  check_key(session, block, key, sizeof(key)));
	if (block->verb == LESSON_PREDICT)
		return id && !progress_get_part(session->progress, id_of(session), "answer", id);
	if (block->verb == LESSON_QUIZ)
		return id && !progress_get_part(session->progress, id_of(session), "right", id);
	return false;
}

enum lessons_waits session_waits(const struct session *session,
				 const struct lesson_block **ret_block)
{
	const struct lesson_step *step = session->step;

	for (size_t i = 0; i < step->count; i++) {
		if (!is_open_question(session, &step->blocks[i]))
			continue;
		*ret_block = &step->blocks[i];
		return step->blocks[i].verb == LESSON_CHECK     ? LESSONS_CHECK
		       : step->blocks[i].verb == LESSON_PREDICT ? LESSONS_PREDICT
								: LESSONS_QUIZ;
	}
	*ret_block = NULL;
	return LESSONS_READING;
}

/* ---- answers ---- */

bool session_has_check_behind(const struct session *session, const struct lesson_block *block)
{
	const struct lesson_block *end = session->step->blocks + session->step->count;

	while (++block < end)
		if (block->verb == LESSON_CHECK)
			return true;
	return false;
}

const struct lesson_block *session_section(const struct session *session,
					   const struct lesson_block *block)
{
	while (block > session->step->blocks && block[-1].verb != LESSON_CHECK)
		block--;
	return block;
}

static int answer_predict(struct session *session, const struct lesson_block *block,
			  const char *text)
{
	struct question question;
	char stored[32];
	enum ask ask;
	uint64_t value;

	if (answer_ask(block, &ask) < 0 || answer_parse_question(block, &question, NULL) < 0 ||
	    answer_parse(ask, text, lesson_key(block, "unit"), question.count, &value) < 0)
		return -EINVAL;
	snprintf(stored, sizeof(stored), "%llu", (unsigned long long)value);
	progress_set_part(session->progress, id_of(session), "answer", lesson_key(block, "id"),
			  stored);
	session_say_guess(session, block);
	if (!session_has_check_behind(session, block))
		session_reveal(session, block, block + 1);
	return 0;
}

static int answer_quiz(struct session *session, const struct lesson_block *block, const char *text,
		       bool *ret_is_right)
{
	struct question question;
	const struct choice *choice;
	uint64_t value;

	if (answer_parse_question(block, &question, NULL) < 0 ||
	    answer_parse(ASK_CHOICE, text, NULL, question.count, &value) < 0)
		return -EINVAL;
	choice = &question.choices[value];
	*ret_is_right = choice->is_right;
	session_say(session, choice->is_right ? OUT_GOOD : OUT_WARN,
		    choice->is_right ? SAY_RIGHT : SAY_NOT_QUITE, "");
	if (choice->why[0])
		text_wrap(session->out, choice->why,
			  session->out->columns ? session->out->columns : 80, "  ", "  ");
	if (choice->is_right)
		progress_set_part(session->progress, id_of(session), "right",
				  lesson_key(block, "id"), "1");
	return 0;
}

int session_answer(struct session *session, const char *text)
{
	const struct lesson_block *block;
	enum lessons_waits waits = session_waits(session, &block);
	bool is_right = true;
	int r;

	if (waits != LESSONS_PREDICT && waits != LESSONS_QUIZ) {
		session_say(session, OUT_PLAIN, SAY_NOTHING_ASKED, session->prefix);
		return 1;
	}
	r = waits == LESSONS_PREDICT ? answer_predict(session, block, text)
				     : answer_quiz(session, block, text, &is_right);
	if (r < 0) {
		session_say(session, OUT_WARN, SAY_BAD_ANSWER, text);
		session_show_how_to_answer(session, block);
		return 1;
	}
	save(session);
	if (is_right)
		session_show(session, block);
	return is_right ? 0 : 1;
}

static int say_what_is_first(struct session *session, enum lessons_waits waits)
{
	session_say(session, OUT_WARN,
		    waits == LESSONS_CHECK  ? SAY_CHECK_FIRST
		    : waits == LESSONS_QUIZ ? SAY_QUIZ_FIRST
					    : SAY_ANSWER_FIRST,
		    session->prefix);
	return 1;
}

/* ---- checking ---- */

static void tell_reason(void *arg, enum check_result result, const char *reason)
{
	struct session *session = arg;

	session_say(session, OUT_WARN, result == CHECK_BROKEN ? SAY_LESSON_BUG : SAY_NOT_YET,
		    reason);
}

int session_check(struct session *session)
{
	const struct lesson_block *block;
	enum lessons_waits waits = session_waits(session, &block);
	char key[PROGRESS_KEY_MAX], count[16];
	const struct session_listener listener = {tell_reason, session};
	unsigned checks;

	if (waits == LESSONS_PREDICT || waits == LESSONS_QUIZ)
		return say_what_is_first(session, waits);
	if (waits != LESSONS_CHECK) {
		session_say(session, OUT_PLAIN, SAY_NOTHING_CHECKED, session->prefix);
		return 0;
	}
	if (session_evaluate_patiently(block, session->lab, session->may_wait ? PATIENCE_MS : 0,
				       &listener, &checks)) {
		if (lesson_block(session->step, LESSON_HINT, 0))
			session_say(session, OUT_DIM, SAY_HINT_WAITS, session->prefix);
		return 1;
	}
	snprintf(count, sizeof(count), "%u", checks);
	session_say(session, OUT_GOOD, SAY_CHECKS_PASSED, count);
	session_reveal(session, session_section(session, block), block);
	progress_set_part(session->progress, id_of(session), "passed",
			  check_key(session, block, key, sizeof(key)), "1");
	save(session);
	session_show(session, block);
	return 0;
}

/* ---- hints, solution, the way on ---- */

int session_hint(struct session *session)
{
	const char *given = progress_get_part(session->progress, id_of(session), "hints",
					      session->step->id);
	unsigned next = given ? (unsigned)strtoul(given, NULL, 10) : 0, count = 0;
	char number[16], total[16];

	while (lesson_block(session->step, LESSON_HINT, count))
		count++;
	if (!count) {
		session_say(session, OUT_PLAIN, SAY_NO_HINT, session->prefix);
		return 1;
	}
	if (next >= count)
		next = count - 1; /* the last one again */
	snprintf(number, sizeof(number), "%u", next + 1);
	snprintf(total, sizeof(total), "%u", count);
	session_say(session, OUT_TITLE, SAY_HINT, number, total);
	session_print_body(session, lesson_block(session->step, LESSON_HINT, next)->text);
	progress_set_part(session->progress, id_of(session), "hints", session->step->id, number);
	save(session);
	return 0;
}

int session_solution(struct session *session)
{
	const struct lesson_block *block;
	unsigned n = 0;

	if (!lesson_block(session->step, LESSON_SOLUTION, 0)) {
		session_say(session, OUT_PLAIN, SAY_NO_SOLUTION, "");
		return 1;
	}
	session_say(session, OUT_PLAIN, SAY_SOLUTION, "");
	while ((block = lesson_block(session->step, LESSON_SOLUTION, n++)))
		session_print_commands(session, block->text);
	return 0;
}

static void discard(struct out *out, bool is_error, enum out_role role, const char *text,
		    size_t length)
{
	(void)out, (void)is_error, (void)role, (void)text, (void)length;
}

static int finish_lesson(struct session *session)
{
	struct out nowhere = {.write = discard};
	const struct lesson *lesson = session->lesson;

	session_say(session, OUT_TITLE, SAY_DONE, lesson->title);
	session_summary(session);
	for (size_t i = 0; session->lab && i <= lesson->count; i++)
		session_run_lines(session->lab, session->table, &nowhere,
				  i < lesson->count ? &lesson->steps[i] : &lesson->introduction,
				  LESSON_CLEANUP, NULL);
	session_say(session, OUT_DIM, SAY_TIDIED, "");
	progress_set(session->progress, id_of(session), "done", "1");
	progress_set(session->progress, PROGRESS_NOBODY, "current", "");
	save(session);
	return 0;
}

int session_next(struct session *session, bool is_skipping)
{
	const struct lesson_block *block;
	enum lessons_waits waits = session_waits(session, &block);

	if (waits != LESSONS_READING && !is_skipping)
		return say_what_is_first(session, waits);
	if (session->number == session->lesson->count)
		return finish_lesson(session);
	progress_set(session->progress, id_of(session), "step",
		     session->lesson->steps[session->number].id);
	find_step(session);
	save(session);
	session_show(session, NULL);
	return 0;
}

int session_start(struct session *session)
{
	auto_free char *course = NULL;
	const struct lesson *lesson = session->lesson;

	progress_set(session->progress, PROGRESS_NOBODY, "current", id_of(session));
	if (progress_get(session->progress, id_of(session), "done"))
		progress_forget(session->progress, id_of(session));
	course = session->course ? realpath(session->course, NULL) : NULL;
	if (course)
		progress_set_part(session->progress, id_of(session), "course", "path", course);
	find_step(session);
	progress_set(session->progress, id_of(session), "step", session->step->id);
	save(session);
	session_run_lines(session->lab, session->table, session->out, &lesson->introduction,
			  LESSON_SETUP, NULL);
	if (session->number == 1)
		session_introduce(session);
	session_show(session, NULL);
	return 0;
}
