/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lesson reader and the translation: what becomes of each block, the line of each fault, and
 * that a translation changes words only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lesson.h"
#include "str.h"

#define FRONT "---\ntitle: T\nlevel: beginner\nminutes: 5\n---\n"

struct faults {
	unsigned count, line;
	char text[256];
};

static void note_fault(void *arg, unsigned line, const char *text)
{
	struct faults *faults = arg;

	if (!faults->count++) {
		faults->line = line;
		snprintf(faults->text, sizeof(faults->text), "%s", text);
	}
}

static struct lesson *parse(const char *text, bool is_translation)
{
	struct lesson *lesson = NULL;
	struct err e = {0};

	if (lesson_parse(text, strlen(text), is_translation, NULL, &lesson, &e) < 0)
		fail_msg("%s", e.what);
	return lesson;
}

static void assert_fault(const char *text, unsigned line, const char *part)
{
	struct faults faults = {0};
	const struct lesson_reporter reporter = {note_fault, &faults};
	struct lesson *lesson = NULL;

	assert_true(lesson_parse(text, strlen(text), false, &reporter, &lesson, NULL) < 0);
	assert_null(lesson);
	assert_non_null(strstr(faults.text, part));
	assert_int_equal(faults.line, line);
}

static void test_a_lesson_has_front_matter_steps_and_blocks(void **state)
{
	struct lesson *lesson = parse(FRONT "Intro.\n\n## One {#one}\nText **bold** `code`.\n\n"
					    "- item\n\n```run\ncreate both demo\n```\n"
					    "```quiz id=q\nWhy?\n* yes : so\n- no : not\n```\n"
					    "## Two {#two}\nx\n",
				      false);
	const struct lesson_step *one = &lesson->steps[0];

	(void)state;
	assert_string_equal(lesson->title, "T");
	assert_int_equal(lesson->minutes, 5);
	assert_int_equal(lesson->introduction.count, 1);
	assert_int_equal(lesson->count, 2);
	assert_string_equal(one->id, "one");
	assert_string_equal(one->title, "One");
	assert_int_equal(one->count, 4);
	assert_string_equal(one->blocks[0].text, "Text \1bold\2 \3code\4.");
	assert_int_equal(one->blocks[1].verb, LESSON_ITEM);
	assert_string_equal(lesson_block(one, LESSON_RUN, 0)->text, "create both demo\n");
	assert_string_equal(lesson_key(lesson_block(one, LESSON_QUIZ, 0), "id"), "q");
	assert_null(lesson_block(one, LESSON_RUN, 1));
	lesson_destroy(lesson);
}

static void test_unknown_verbs_and_keys_are_told_with_their_line(void **state)
{
	(void)state;
	assert_fault(FRONT "## A {#a}\n\n```chek\nx\n```\n", 8, "did you mean 'check'");
	assert_fault(FRONT "## A {#a}\n```predict id=x colour=red\nx?\n```\n", 7, "colour");
	assert_fault(FRONT "## A {#a}\n```predict id=x id=y\nx?\n```\n", 7, "twice");
	assert_fault(FRONT "## A {#a}\n```quiz id\nx?\n```\n", 7, "key=value");
	assert_fault("---\ntitle: T\ncolour: red\n---\n## A {#a}\n", 3, "colour");
}

static void test_steps_need_ids_of_their_own(void **state)
{
	(void)state;
	assert_fault(FRONT "## A\nx\n", 6, "needs an id");
	assert_fault(FRONT "## A {#a}\nx\n\n## B {#a}\n", 9, "twice");
	assert_fault(FRONT "## A {#a}\n- ## B {#b}\n", 7, "inside a list");
	assert_fault(FRONT "no step\n", 1, "no step");
	assert_fault("no front matter", 1, "front matter");
}

static void test_control_characters_do_not_reach_the_terminal(void **state)
{
	struct lesson *lesson =
	    parse(FRONT "## A {#a}\nx\033[31my\1z\302\233\177.\n\n```\n\033]0;t\007\n```\n", false);

	(void)state;
	assert_string_equal(lesson->steps[0].blocks[0].text, "x[31myz.");
	assert_string_equal(lesson->steps[0].blocks[1].text, "]0;t\n");
	lesson_destroy(lesson);
}

static void assert_too_much(const struct strbuf *text)
{
	struct lesson *lesson = NULL;

	assert_true(lesson_parse(text->data, text->length, false, NULL, &lesson, NULL) < 0);
}

static void test_too_much_is_refused(void **state)
{
	auto_strbuf bytes = {0}, steps = {0}, quotes = {0};

	(void)state;
	while (bytes.length <= LESSON_FILE_MAX)
		str_add(&bytes, "xxxxxxxxxxxxxxxx");
	assert_too_much(&bytes);
	str_add(&steps, FRONT);
	for (int step = 0; step <= LESSON_STEPS_MAX; step++)
		str_addf(&steps, "## S {#s%d}\nx\n\n", step);
	assert_too_much(&steps);
	str_add(&quotes, FRONT "## A {#a}\n\n");
	for (int depth = 0; depth < 2000; depth++)
		str_add(&quotes, "> ");
	str_add(&quotes, "x\n");
	assert_too_much(&quotes);
}

/* ---- translation ---- */

#define ORIGINAL                                                                               \
	FRONT                                                                                  \
	"## One {#one}\nText.\n\n```run\ncreate both demo\n```\n"                              \
	"```check\nlab.count > 0 : \"none\"\n```\n```hint\nfirst\n```\n```hint\nsecond\n```\n" \
	"```solution\ncreate both demo\n```\n## Two {#two}\nMore.\n"
#define JA "---\ntitle: 題\nlanguage: ja\n---\n"

static struct lesson *translated(const char *translation, struct faults *faults)
{
	struct lesson *lesson = parse(ORIGINAL, false);
	const struct lesson_reporter reporter = {note_fault, faults};

	lesson_translate(lesson, parse(translation, true), &reporter);
	return lesson;
}

static void test_a_translation_changes_words_but_not_what_is_done(void **state)
{
	struct faults faults = {0};
	struct lesson *lesson =
	    translated(JA "## 一 {#one}\n本文。\n\n```run\nrm -f everything\n```\n```check\n"
			  ": \"ありません\"\n```\n```hint\n一つ目\n```\n```hint\n二つ目\n```\n"
			  "```solution\nrm -f everything\n```\n",
		       &faults);
	const struct lesson_step *one = &lesson->steps[0];

	(void)state;
	assert_string_equal(lesson->title, "題");
	assert_string_equal(one->title, "一");
	assert_string_equal(one->blocks[0].text, "本文。");
	assert_string_equal(lesson_block(one, LESSON_RUN, 0)->text, "create both demo\n");
	assert_string_equal(lesson_block(one, LESSON_SOLUTION, 0)->text, "create both demo\n");
	assert_string_equal(lesson_block(one, LESSON_HINT, 1)->text, "二つ目\n");
	assert_string_equal(lesson_block(one, LESSON_CHECK, 0)->text, "lab.count > 0 : \"none\"\n");
	assert_non_null(strstr(lesson_block(one, LESSON_CHECK, 0)->words, "ありません"));
	lesson_destroy(lesson);
}

static void test_missing_parts_fall_back_to_the_original(void **state)
{
	struct faults faults = {0};
	struct lesson *lesson = translated(JA "## 一 {#one}\n本文。\n", &faults);

	(void)state;
	assert_true(faults.count > 0);
	assert_string_equal(lesson_block(&lesson->steps[0], LESSON_HINT, 0)->text, "first\n");
	assert_non_null(lesson_block(&lesson->steps[0], LESSON_CHECK, 0));
	assert_false(lesson->steps[0].is_untranslated);
	assert_true(lesson->steps[1].is_untranslated);
	assert_string_equal(lesson->steps[1].blocks[0].text, "More.");
	lesson_destroy(lesson);
}

static void test_what_the_original_has_not_is_told(void **state)
{
	struct faults faults = {0};
	struct lesson *lesson =
	    translated(JA "## 三 {#three}\nx\n\n## 一 {#one}\n\n```quiz id=q\nx?\n```\n", &faults);

	(void)state;
	assert_non_null(strstr(faults.text, "three"));
	assert_null(lesson_block(&lesson->steps[0], LESSON_QUIZ, 0));
	lesson_destroy(lesson);
}

static void test_a_changed_original_makes_the_translation_stale(void **state)
{
	struct faults faults = {0};
	char text[512];
	struct lesson *lesson;

	(void)state;
	snprintf(text, sizeof(text),
		 "---\ntitle: 題\nlanguage: ja\nsource-hash: %016llx\n---\n## 一 {#one}\nx\n",
		 (unsigned long long)lesson_hash(ORIGINAL, strlen(ORIGINAL)));
	lesson = translated(text, &faults);
	assert_false(lesson->is_stale);
	lesson_destroy(lesson);
	lesson = translated(JA "## 一 {#one}\nx\n", &faults);
	assert_true(lesson->is_stale);
	lesson_destroy(lesson);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_lesson_has_front_matter_steps_and_blocks),
	    cmocka_unit_test(test_unknown_verbs_and_keys_are_told_with_their_line),
	    cmocka_unit_test(test_steps_need_ids_of_their_own),
	    cmocka_unit_test(test_control_characters_do_not_reach_the_terminal),
	    cmocka_unit_test(test_too_much_is_refused),
	    cmocka_unit_test(test_a_translation_changes_words_but_not_what_is_done),
	    cmocka_unit_test(test_missing_parts_fall_back_to_the_original),
	    cmocka_unit_test(test_what_the_original_has_not_is_told),
	    cmocka_unit_test(test_a_changed_original_makes_the_translation_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
