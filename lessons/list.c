/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list of a course's lessons: id, minutes, how far the learner is, title. One that cannot be
 * read is told as an error between the others, and does not hide them.
 */
#include "list.h"

#include <stdio.h>
#include <string.h>

#include "lesson.h"
#include "progress.h"
#include "str.h"

struct listing {
	struct out *out;
	const char *course;
	struct progress *progress;
	enum language language;
};

/* "step 3 of 7", "done", "new". */
static void format_state(const struct listing *listing, const struct lesson *lesson, char *buffer,
			 size_t size)
{
	const char *step = progress_get(listing->progress, lesson->id, "step");
	char number[24], count[24];
	size_t i = 0;

	if (progress_get(listing->progress, lesson->id, "done")) {
		str_copy(buffer, size, language_say(listing->language, SAY_STATE_DONE));
		return;
	}
	while (step && i < lesson->count && strcmp(lesson->steps[i].id, step))
		i++;
	if (!step || i == lesson->count) {
		str_copy(buffer, size, language_say(listing->language, SAY_STATE_NEW));
		return;
	}
	snprintf(number, sizeof(number), "%zu", i + 1);
	snprintf(count, sizeof(count), "%zu", lesson->count);
	language_format(buffer, size, listing->language, SAY_STATE_AT,
			SAYING_ARGUMENTS(number, count));
}

static void list_one(void *arg, const char *id)
{
	const struct listing *listing = arg;
	struct out *out = listing->out;
	char minutes[32], number[16], state[64];
	struct lesson *lesson;
	struct err e = {0};

	if (lesson_load(listing->course, id, listing->language, &lesson, &e) < 0) {
		out_error(out, &e);
		return;
	}
	snprintf(number, sizeof(number), "%u", lesson->minutes);
	language_format(minutes, sizeof(minutes), listing->language, SAY_MINUTES,
			SAYING_ARGUMENTS(number));
	format_state(listing, lesson, state, sizeof(state));
	out_cell(out, OUT_TITLE, 20, id);
	out_cell(out, OUT_PLAIN, 9, minutes);
	out_cell(out, OUT_DIM, 16, state);
	out_printf(out, "%s\n", lesson->title);
	lesson_destroy(lesson);
}

int list_print(struct out *out, const char *course, enum language language, struct err *e)
{
	struct listing listing = {.out = out, .language = language};
	char path[4096];
	int r = progress_load(&listing.progress, e);

	if (r < 0)
		return r;
	listing.course = path;
	r = lesson_course_path(course, path, sizeof(path), e);
	if (r == 0)
		r = lesson_list(path, list_one, &listing, e);
	progress_destroy(listing.progress);
	return r;
}
