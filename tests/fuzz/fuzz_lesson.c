/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lesson files as hostile bytes: read, laid over themselves as a translation, every question,
 * predicate and answer in them parsed, everything wrapped to a narrow terminal.
 */
#include <string.h>

#include "answer.h"
#include "check.h"
#include "fd.h"
#include "lesson.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void discard(struct out *out, bool is_error, enum out_role role, const char *text,
		    size_t length)
{
	(void)out, (void)is_error, (void)role;
	if (length && !text[0] && text[length - 1])
		__builtin_trap(); /* only so that the text is looked at */
}

static void use_line(const char *line)
{
	struct check check;
	uint64_t value;

	check_parse(line, &check, NULL);
	for (enum ask ask = ASK_TIME; ask < ASKS; ask++)
		answer_parse(ask, line, NULL, 3, &value);
}

static void use_block(const struct lesson_block *block)
{
	struct out out = {.write = discard};
	struct question question;
	const char *end;

	text_wrap(&out, block->text, 20, "- ", "  ");
	if (answer_parse_question(block, &question, NULL) == 0)
		for (unsigned i = 0; i < question.count; i++)
			text_wrap(&out, question.choices[i].text, 33, "", "");
	for (const char *at = block->text; *at; at = *end ? end + 1 : end) {
		auto_free char *line = NULL;
		end = strchrnul(at, '\n');
		line = strndup(at, (size_t)(end - at));
		if (line)
			use_line(line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lesson *lesson = NULL, *translation = NULL;

	if (lesson_parse((const char *)data, size, false, NULL, &lesson, NULL) < 0)
		return 0;
	if (lesson_parse((const char *)data, size, true, NULL, &translation, NULL) == 0)
		lesson_translate(lesson, translation, NULL);
	for (size_t step = 0; step < lesson->count; step++)
		for (size_t i = 0; i < lesson->steps[step].count; i++)
			use_block(&lesson->steps[step].blocks[i]);
	lesson_destroy(lesson);
	return 0;
}
