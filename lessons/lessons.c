/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a screen asks for between commands: the current step as text, where the learner is, whether
 * a bare line is an answer. Each loads lesson and progress anew (half a millisecond); a screen
 * calls them only when lessons_generation() has moved.
 */
#include "lessons.h"

#include <string.h>

#include "session.h"
#include "str.h"
#include "text.h"

uint64_t lessons_generation(void)
{
	return progress_generation();
}

void lessons_status(struct lessons_status *status)
{
	const struct lesson_block *block;
	struct session session = {0};

	memset(status, 0, sizeof(*status));
	if (session_open(&session, NULL, NULL, NULL) < 0)
		return;
	status->is_on = true;
	str_copy(status->id, sizeof(status->id), session.lesson->id);
	str_copy(status->title, sizeof(status->title), session.lesson->title);
	status->step = session.number;
	status->steps = (unsigned)session.lesson->count;
	status->waits = session_waits(&session, &block);
	session_close(&session);
}

int lessons_render(struct out *out, bool is_prompt)
{
	struct session session = {.out = out, .prefix = is_prompt ? "" : "isolab "};
	struct err e = {0};
	int r = session_open(&session, NULL, NULL, &e);

	if (r < 0) {
		language_print(out, lessons_language(), OUT_DIM, SAY_NO_CURRENT,
			       SAYING_ARGUMENTS(is_prompt ? "" : "isolab "));
		return r;
	}
	session_show(&session, NULL);
	session_close(&session);
	return 0;
}

bool lessons_takes_line(const char *line)
{
	const struct lesson_block *block;
	struct session session = {0};
	struct question question;
	enum lessons_waits waits;
	uint64_t value;
	enum ask ask;
	bool is_answer;

	if (!*line || session_open(&session, NULL, NULL, NULL) < 0)
		return false;
	waits = session_waits(&session, &block);
	is_answer = (waits == LESSONS_PREDICT || waits == LESSONS_QUIZ) &&
		    answer_ask(block, &ask) == 0 &&
		    answer_parse_question(block, &question, NULL) == 0 &&
		    answer_parse(ask, line, lesson_key(block, "unit"), question.count, &value) == 0;
	session_close(&session);
	return is_answer;
}

enum language lessons_language(void)
{
	enum language language = language_choose(NULL);
	struct progress *progress;
	const char *set;

	if (progress_load(&progress, NULL) < 0)
		return language;
	set = progress_get(progress, PROGRESS_NOBODY, "language");
	if (set)
		language_parse(set, &language);
	progress_destroy(progress);
	return language;
}

int lessons_set_language(enum language language, struct err *e)
{
	struct progress *progress;
	int r = progress_load(&progress, e);

	if (r < 0)
		return r;
	progress_set(progress, PROGRESS_NOBODY, "language", language_code(language));
	r = progress_save(progress, e);
	progress_destroy(progress);
	return r;
}
