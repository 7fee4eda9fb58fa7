/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_ANSWER_H
#define ISOLAB_ANSWER_H
/* answer: questions of a lesson (predict, quiz): what is asked, what was typed, how both are shown.
 * */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "language.h"
#include "lesson.h"

enum ask { ASK_TIME, ASK_SIZE, ASK_NUMBER, ASK_YESNO, ASK_CHOICE, ASKS };

/* From the key `ask` of a predict block, or ASK_CHOICE for a quiz. -EINVAL: no such. */
int answer_ask(const struct lesson_block *block, enum ask *ret_ask);

enum { CHOICES_MAX = 8, QUESTION_MAX = 2048, CHOICE_MAX = 512 };

/* The body of a quiz (or of a predict): the question, then "* right : why", "- wrong : why not". */
struct question {
	char text[QUESTION_MAX]; /* a marked paragraph; its lines are joined */
	unsigned count;
	struct choice {
		bool is_right;
		char text[CHOICE_MAX], why[CHOICE_MAX];
	} choices[CHOICES_MAX];
};
/* -EINVAL with the fault: too long, too many, choices before the question, … */
int answer_parse_question(const struct lesson_block *block, struct question *ret, struct err *e);

/* Reads what a learner typed: "120ms", "1.5s", "2分", "0.5G", "はい", "３" → ns, bytes, number, 0/1,
 * index from 0. `unit` is what a bare time or size is counted in (NULL: ms, MiB). -EINVAL: not an
 * answer. */
int answer_parse(enum ask ask, const char *text, const char *unit, unsigned choices, uint64_t *ret);
/* And back, for showing. Returns `buffer`. */
char *answer_format(enum ask ask, uint64_t value, enum language language, char *buffer,
		    size_t size);

/* "3.4", "86": how many times apart two amounts are; "" when one of them is 0. */
char *answer_factor(uint64_t a, uint64_t b, char *buffer, size_t size);
/* Is the guess within `tolerance` ("x2", "10%"; NULL: x2) of what was measured? */
bool answer_is_close(uint64_t guess, uint64_t measured, const char *tolerance);

#endif
