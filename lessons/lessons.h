/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_LESSONS_H
#define ISOLAB_LESSONS_H
/*
 * lessons: what fronts see of the lessons layer: its command, and the current step as text.
 *
 * All state is in files (course, progress), so any front may drive the same lesson: the command
 * line, the plain shell and the screen call the same command `lesson …`; a screen also shows
 * lessons_render() and draws anew when lessons_generation() has moved.
 */
#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "language.h"

extern const struct command *const lessons_commands[]; /* ends with NULL */

/* Goes up when the step, an answer or the language changed, by whatever front. Cheap: one stat(2).
 * */
uint64_t lessons_generation(void);

enum lessons_waits { LESSONS_READING, LESSONS_PREDICT, LESSONS_CHECK, LESSONS_QUIZ };

/* Where the learner is. is_on == false: no lesson is open, all else is empty. */
struct lessons_status {
	bool is_on;
	char id[64], title[128];
	unsigned step, steps;     /* from 1 */
	enum lessons_waits waits; /* what the step waits for; LESSONS_READING: `lesson next` */
};
void lessons_status(struct lessons_status *ret_status);

/* The current step as text, as far as it is unfolded (a step stops at each question until it is
 * answered), wrapped to out->columns. `is_prompt`: commands are shown as typed at a prompt, without
 * "isolab". 0; -ENOENT: no lesson is open (says so). */
int lessons_render(struct out *out, bool is_prompt);

/* A bare line at the prompt: is it an answer to the question that waits ("120ms", "2", "はい")? Then
 * `lesson answer LINE` is meant. */
bool lessons_takes_line(const char *line);

/* The language of lessons: the one set here, else language_choose(NULL). Kept with the progress. */
enum language lessons_language(void);
int lessons_set_language(enum language language, struct err *e);

#endif
