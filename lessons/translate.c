/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A translation laid over its original. Steps are matched by id, and inside a step the n-th block
 * of a verb with the n-th of the original, quiz and predict by their id. Prose and words come from
 * the translation; what the lesson *does* (run, setup, solution, cleanup, predicates, what is
 * measured) comes from the original only, so a translation can never change a lesson.
 */
#include "lesson.h"

#include <stdio.h>
#include <string.h>

struct translator {
	struct lesson *lesson;
	const struct lesson_reporter *reporter;
};

static void tell(const struct translator *translator, unsigned line, const char *format,
		 const char *a, const char *b)
{
	char text[256];

	if (!translator->reporter)
		return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), format, a, b);
#pragma GCC diagnostic pop
	translator->reporter->tell(translator->reporter->arg, line, text);
}

static bool is_prose(enum lesson_verb verb)
{
	return verb < LESSON_SETUP;
}

/* The block of the original that `translated`, the n-th of its verb, stands for. */
static const struct lesson_block *original_of(const struct lesson_step *original,
					      const struct lesson_block *translated, unsigned n)
{
	const char *id = lesson_key(translated, "id");

	if (!id)
		return lesson_block(original, translated->verb, n);
	for (size_t i = 0; i < original->count; i++) {
		const struct lesson_block *block = &original->blocks[i];
		const char *other = lesson_key(block, "id");
		if (block->verb == translated->verb && other && !strcmp(id, other))
			return block;
	}
	return NULL;
}

/* Puts words over a block: keys and code from the original, text from the translation. */
static struct lesson_block join(const struct lesson_block *original,
				const struct lesson_block *translated)
{
	struct lesson_block block = *original;

	switch (original->verb) {
	case LESSON_PREDICT:
	case LESSON_HINT:
	case LESSON_QUIZ:
		block.text = translated->text;
		break;
	case LESSON_CHECK:
		block.words = translated->text;
		break;
	default:
		break;
	}
	return block;
}

static bool is_listed(const struct lesson_step *step, size_t count, unsigned line)
{
	for (size_t i = 0; i < count; i++)
		if (!is_prose(step->blocks[i].verb) && step->blocks[i].line == line)
			return true;
	return false;
}

/* What the translation left out is appended in the original's words, so that no step loses a check.
 * */
static void append_missing(struct translator *translator, const struct lesson_step *original,
			   struct lesson_step *result, unsigned line)
{
	size_t translated = result->count;

	for (size_t i = 0; i < original->count && result->count < LESSON_BLOCKS_MAX; i++) {
		const struct lesson_block *block = &original->blocks[i];
		if (is_prose(block->verb) || is_listed(result, translated, block->line))
			continue;
		if (block->verb == LESSON_PREDICT || block->verb == LESSON_HINT ||
		    block->verb == LESSON_QUIZ || block->verb == LESSON_CHECK ||
		    block->verb == LESSON_RUN)
			tell(translator, line, "step '%s': a '%s' block is not translated",
			     original->id, lesson_verb_name(block->verb));
		result->blocks[result->count++] = *block;
	}
}

static void translate_step(struct translator *translator, struct lesson_step *original,
			   const struct lesson_step *translation)
{
	struct lesson_step result = *original;
	unsigned seen[LESSON_VERBS] = {0};

	result.blocks = lesson_allocate(translator->lesson,
					LESSON_BLOCKS_MAX * sizeof(*result.blocks));
	if (!result.blocks)
		return;
	result.count = 0;
	for (size_t i = 0; i < translation->count; i++) {
		const struct lesson_block *block = &translation->blocks[i], *twin;
		if (is_prose(block->verb)) {
			result.blocks[result.count++] = *block;
			continue;
		}
		twin = original_of(original, block, seen[block->verb]++);
		if (twin)
			result.blocks[result.count++] = join(twin, block);
		else
			tell(translator, block->line,
			     "step '%s': the original has no such '%s' block", original->id,
			     lesson_verb_name(block->verb));
	}
	append_missing(translator, original, &result, translation->line);
	if (translation->title)
		result.title = translation->title;
	*original = result;
}

static const struct lesson_step *find_step(const struct lesson *lesson, const char *id)
{
	for (size_t i = 0; i < lesson->count; i++)
		if (!strcmp(lesson->steps[i].id, id))
			return &lesson->steps[i];
	return NULL;
}

void lesson_translate(struct lesson *lesson, struct lesson *translation,
		      const struct lesson_reporter *reporter)
{
	struct translator translator = {lesson, reporter};
	const struct lesson_step *step;

	lesson_adopt(lesson, translation);
	for (size_t i = 0; i < translation->count; i++)
		if (!find_step(lesson, translation->steps[i].id))
			tell(&translator, translation->steps[i].line,
			     "the original has no step '%s'%s", translation->steps[i].id, "");
	translate_step(&translator, &lesson->introduction, &translation->introduction);
	for (size_t i = 0; i < lesson->count; i++) {
		step = find_step(translation, lesson->steps[i].id);
		lesson->steps[i].is_untranslated = !step;
		if (step)
			translate_step(&translator, &lesson->steps[i], step);
		else
			tell(&translator, 1, "step '%s' is not translated%s", lesson->steps[i].id,
			     "");
	}
	lesson->title = translation->title;
	lesson->language = translation->language;
	lesson->is_stale = translation->hash != lesson->hash;
}
