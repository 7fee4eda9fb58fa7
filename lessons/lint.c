/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lint by reading: each file by itself (the reader tells its faults), then what the blocks say,
 * then the translation against the original. Nothing is run here.
 */
#include "lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "check.h"
#include "fd.h"
#include "measure.h"
#include "str.h"

struct file {
	struct lint *lint;
	const char *name;
};

void lint_say(struct lint *lint, const char *file, unsigned line, const char *text)
{
	bool is_warning = !strncmp(text, "warning: ", 9);

	if (is_warning)
		lint->warnings++;
	else
		lint->errors++;
	out_role_printf(lint->out, is_warning ? OUT_WARN : OUT_BAD, "%s/%s/%s:%u: %s\n",
			lint->course, lint->id, file, line, text);
}

static void on_problem(void *arg, unsigned line, const char *text)
{
	const struct file *file = arg;

	lint_say(file->lint, file->name, line, text);
}

static void say(const struct file *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(const struct file *file, unsigned line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lint_say(file->lint, file->name, line, text);
}

/* Calls `each` for the lines of a fence that are not empty, with their numbers in the file. */
static void for_each_line(const struct file *file, const struct lesson_block *block,
			  const void *arg,
			  void (*each)(const struct file *file, unsigned line, const char *text,
				       const void *arg))
{
	unsigned number = block->line;
	const char *end;

	for (const char *at = block->text; *at; at = *end ? end + 1 : end) {
		auto_free char *line = NULL;
		end = strchrnul(at, '\n');
		number++;
		line = strndup(at, (size_t)(end - at));
		if (line && *line)
			each(file, number, line, arg);
	}
}

static void lint_predicate(const struct file *file, unsigned line, const char *text,
			   const void *arg)
{
	struct check check;
	struct err e = {0};

	(void)arg;
	if (check_parse(text, &check, &e) < 0)
		say(file, line, "%s", e.what);
	else if (!check.is_script && !check.why[0])
		say(file, line, "say why it failed: … : \"why\"");
}

/* ---- questions ---- */

static void lint_measure(const struct file *file, const struct lesson_block *block, enum ask ask)
{
	const char *measure = lesson_key(block, "measure"), *runs = lesson_key(block, "runs");
	static const enum check_type wanted[ASKS] = {CHECK_IS_TIME, CHECK_IS_SIZE, CHECK_IS_NUMBER,
						     CHECK_IS_WORD, CHECK_IS_NUMBER};
	struct check_subject subject;
	struct err e = {0};
	uint64_t number;

	if (!measure)
		return;
	if (check_parse_subject(measure, &subject, &e) < 0)
		say(file, block->line, "measure: %s", e.what);
	else if (check_type(subject.field) != wanted[ask])
		say(file, block->line, "measure: '%s' is no answer to ask=%s", measure,
		    lesson_key(block, "ask"));
	else if (runs && subject.field != CHECK_BOOT && subject.field != CHECK_OUTPUT)
		say(file, block->line, "runs: only WHO.boot and WHO.output can be repeated");
	if (runs && str_parse_number(runs, 3, MEASURE_RUNS_MAX, &number) < 0)
		say(file, block->line, "runs: a number from 3 to %d", MEASURE_RUNS_MAX);
	if (ask == ASK_CHOICE && (!lesson_key(block, "over") || !lesson_key(block, "from")))
		say(file, block->line, "measure: ask=choice wants over=WHO.field from=N,N,0, too");
	if (ask == ASK_YESNO && !lesson_key(block, "yes"))
		say(file, block->line, "yes: which word of '%s' means yes?", measure);
}

static void lint_question(const struct file *file, const struct lesson_block *block)
{
	struct question question;
	struct err e = {0};
	unsigned right = 0;
	enum ask ask;

	if (!lesson_key(block, "id"))
		say(file, block->line, "'%s' needs an id", lesson_verb_name(block->verb));
	if (answer_ask(block, &ask) < 0) {
		say(file, block->line, "ask: one of time size number yesno choice");
		return;
	}
	if (answer_parse_question(block, &question, &e) < 0) {
		say(file, block->line, "%s", e.what);
		return;
	}
	if (block->verb == LESSON_PREDICT)
		lint_measure(file, block, ask);
	if ((ask == ASK_CHOICE) != (question.count > 0))
		say(file, block->line,
		    "choices ('* right : why', '- wrong : why') belong to ask=choice");
	for (unsigned i = 0; i < question.count && block->verb == LESSON_QUIZ; i++) {
		right += question.choices[i].is_right;
		if (!question.choices[i].why[0])
			say(file, block->line,
			    "choice %u: say why, or which misconception it is: ' : …'", i + 1);
	}
	if (block->verb == LESSON_QUIZ && right != 1)
		say(file, block->line, "exactly one choice is right ('* …'), not %u", right);
}

/* Question ids name answers in the progress: each only once in a lesson. */
static void lint_ids(const struct file *file, const struct lesson *lesson)
{
	const char *seen[LESSON_STEPS_MAX * 4];
	size_t count = 0;

	for (size_t step = 0; step < lesson->count; step++)
		for (size_t i = 0; i < lesson->steps[step].count; i++) {
			const char *id = lesson_key(&lesson->steps[step].blocks[i], "id");
			for (size_t k = 0; id && k < count; k++)
				if (!strcmp(seen[k], id))
					say(file, lesson->steps[step].blocks[i].line,
					    "id '%s' is there twice", id);
			if (id && count < sizeof(seen) / sizeof(seen[0]))
				seen[count++] = id;
		}
}

/* ---- steps ---- */

struct spoiler {
	const struct lesson_step *step;
};

static void lint_spoiler(const struct file *file, unsigned line, const char *text, const void *arg)
{
	const struct spoiler *spoiler = arg;
	const struct lesson_block *hint;
	unsigned n = 0;

	(void)line;
	while ((hint = lesson_block(spoiler->step, LESSON_HINT, n++)))
		if (strstr(hint->text, text))
			say(file, hint->line, "a hint holds a line of the solution: '%s'", text);
}

static void lint_step(const struct file *file, const struct lesson_step *step)
{
	const struct spoiler spoiler = {step};

	for (size_t i = 0; i < step->count; i++) {
		const struct lesson_block *block = &step->blocks[i];
		if (block->verb == LESSON_CHECK)
			for_each_line(file, block, NULL, lint_predicate);
		else if (block->verb == LESSON_PREDICT || block->verb == LESSON_QUIZ)
			lint_question(file, block);
		else if (block->verb == LESSON_SOLUTION)
			for_each_line(file, block, &spoiler, lint_spoiler);
	}
	if (lesson_block(step, LESSON_CHECK, 0) && !lesson_block(step, LESSON_SOLUTION, 0))
		say(file, step->line, "step '%s' has a check but no solution", step->id);
	if (lesson_block(step, LESSON_CHECK, 0) && !lesson_block(step, LESSON_HINT, 0))
		say(file, step->line, "step '%s' has a check but no hint", step->id);
}

/* ---- translation ---- */

static bool has_words(enum lesson_verb verb)
{
	return verb == LESSON_PREDICT || verb == LESSON_HINT || verb == LESSON_QUIZ ||
	       verb == LESSON_CHECK;
}

static unsigned count_lines(const char *text)
{
	unsigned lines = 0;

	for (; text && *text; text += *text == '\n')
		if (strcspn(text, "\n")) {
			lines++;
			text += strcspn(text, "\n");
		}
	return lines;
}

/* Words that could be translated, and those that are. A joined block's text is another pointer than
 * the original's. */
static void count_words(const struct lesson *original, const struct lesson *joined, unsigned *total,
			unsigned *done)
{
	for (size_t step = 0; step < original->count; step++) {
		*total += 1; /* the prose */
		*done += !joined->steps[step].is_untranslated;
		for (size_t i = 0; i < original->steps[step].count; i++)
			*total += has_words(original->steps[step].blocks[i].verb);
		for (size_t i = 0; i < joined->steps[step].count; i++) {
			const struct lesson_block *block = &joined->steps[step].blocks[i];
			if (block->verb == LESSON_CHECK)
				*done += count_lines(block->words) == count_lines(block->text);
			else if (has_words(block->verb))
				*done += joined->steps[step].is_untranslated
					     ? 0
					     : strcmp(block->text, lesson_block_text(original, step,
										     block)) != 0;
		}
	}
}

static void lint_questions_match(const struct file *file, const struct lesson *joined,
				 const struct lesson *original)
{
	struct question a, b;

	for (size_t step = 0; step < joined->count; step++)
		for (size_t i = 0; i < joined->steps[step].count; i++) {
			const struct lesson_block *block = &joined->steps[step].blocks[i];
			struct lesson_block twin = *block;
			if (block->verb != LESSON_QUIZ && block->verb != LESSON_PREDICT)
				continue;
			twin.text = lesson_block_text(original, step, block);
			if (answer_parse_question(block, &a, NULL) < 0 ||
			    answer_parse_question(&twin, &b, NULL) < 0)
				continue;
			for (unsigned k = 0; k < a.count || k < b.count; k++)
				if (a.count != b.count ||
				    a.choices[k].is_right != b.choices[k].is_right) {
					say(file, 1,
					    "step '%s', '%s': the choices are not those of the "
					    "original",
					    joined->steps[step].id, lesson_key(block, "id"));
					break;
				}
		}
}

static void lint_translation(struct lint *lint, const struct lesson *original, const char *source,
			     size_t source_length, enum language language)
{
	auto_free char *text = NULL;
	char name[32];
	struct file file = {lint, name};
	const struct lesson_reporter reporter = {on_problem, &file};
	struct lesson *joined, *translation;
	unsigned total = 0, done = 0;
	size_t length;

	snprintf(name, sizeof(name), "lesson.%s.md", language_code(language));
	if (lesson_read_file(lint->course, lint->id, name, &text, &length, NULL) < 0) {
		out_printf(lint->out, "%s: no translation (0 %%)\n", name);
		return;
	}
	lint_words(lint, name, text);
	if (lesson_parse(text, length, true, &reporter, &translation, NULL) < 0)
		return;
	if (lesson_parse(source, source_length, false, NULL, &joined, NULL) < 0) {
		lesson_destroy(translation);
		return;
	}
	lesson_translate(joined, translation, &reporter);
	if (joined->is_stale)
		say(&file, 1,
		    "warning: the original has changed; when the text fits again: source-hash: "
		    "%016llx",
		    (unsigned long long)original->hash);
	lint_questions_match(&file, joined, original);
	count_words(original, joined, &total, &done);
	out_printf(lint->out, "%s: %u of %u texts translated (%u %%)\n", name, done, total,
		   total ? done * 100 / total : 0);
	lesson_destroy(joined);
}

void lint_files(struct lint *lint)
{
	auto_free char *text = NULL;
	struct file file = {lint, "lesson.md"};
	const struct lesson_reporter reporter = {on_problem, &file};
	struct lesson *lesson;
	struct err e = {0};
	size_t length;

	if (lesson_read_file(lint->course, lint->id, file.name, &text, &length, &e) < 0) {
		say(&file, 1, "%s", e.what);
		return;
	}
	if (lesson_parse(text, length, false, &reporter, &lesson, NULL) < 0)
		return;
	if (!lesson->minutes || !lesson->level[0])
		say(&file, 1, "front matter wants minutes and level");
	lint_step(&file, &lesson->introduction);
	for (size_t i = 0; i < lesson->count; i++)
		lint_step(&file, &lesson->steps[i]);
	lint_ids(&file, lesson);
	for (enum language language = LANGUAGE_EN + 1; language < LANGUAGES; language++)
		lint_translation(lint, lesson, text, length, language);
	lesson_destroy(lesson);
}
