/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers as learners type them, questions as authors write them, and the progress file: kept,
 * bounded, forgiving.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "answer.h"
#include "progress.h"

static uint64_t parsed(enum ask ask, const char *text)
{
	uint64_t value = 0;

	if (answer_parse(ask, text, NULL, 3, &value) < 0)
		return UINT64_MAX;
	return value;
}

static void test_times_are_read_in_both_languages(void **state)
{
	(void)state;
	assert_int_equal(parsed(ASK_TIME, "300ms"), 300000000);
	assert_int_equal(parsed(ASK_TIME, "1.5 s"), 1500000000);
	assert_int_equal(parsed(ASK_TIME, "40us"), 40000);
	assert_int_equal(parsed(ASK_TIME, "２分"), 120000000000);
	assert_int_equal(parsed(ASK_TIME, " １２０　ｍｓ "), 120000000);
	assert_int_equal(parsed(ASK_TIME, "0.5秒"), 500000000);
	assert_int_equal(parsed(ASK_TIME, "12"), 12000000);
}

static void test_sizes_numbers_and_yes_are_read(void **state)
{
	(void)state;
	assert_int_equal(parsed(ASK_SIZE, "1.5G"), 3ULL << 29);
	assert_int_equal(parsed(ASK_SIZE, "64"), 64 << 20);
	assert_int_equal(parsed(ASK_NUMBER, "３"), 3);
	assert_int_equal(parsed(ASK_YESNO, "はい"), 1);
	assert_int_equal(parsed(ASK_YESNO, "No"), 0);
	assert_int_equal(parsed(ASK_CHOICE, "２"), 1);
}

static void test_nonsense_is_no_answer(void **state)
{
	static const char *const texts[] = {"",       "soon", "-3ms", "3 apples",
					    "nan",    "inf",  "0x10", "99999999999999999999999s",
					    "１..２", "4"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) - 1; i++)
		assert_int_equal(parsed(ASK_TIME, texts[i]), UINT64_MAX);
	assert_int_equal(parsed(ASK_CHOICE, "4"), UINT64_MAX);
	assert_int_equal(parsed(ASK_CHOICE, "0"), UINT64_MAX);
	assert_int_equal(parsed(ASK_YESNO, "maybe"), UINT64_MAX);
}

static void test_the_factor_has_no_direction(void **state)
{
	char buffer[32];

	(void)state;
	assert_string_equal(answer_factor(120000000, 1400000, buffer, sizeof(buffer)), "86");
	assert_string_equal(answer_factor(1400000, 120000000, buffer, sizeof(buffer)), "86");
	assert_string_equal(answer_factor(3, 2, buffer, sizeof(buffer)), "1.5");
	assert_string_equal(answer_factor(0, 2, buffer, sizeof(buffer)), "");
	assert_true(answer_is_close(10, 19, NULL));
	assert_false(answer_is_close(10, 21, "x2"));
	assert_true(answer_is_close(10, 11, "10%"));
	assert_false(answer_is_close(10, 12, "10%"));
	assert_true(answer_is_close(0, 0, NULL));
}

static void test_a_question_has_choices_with_reasons(void **state)
{
	struct lesson_block block = {.verb = LESSON_QUIZ,
				     .text =
					 "Why `this`?\nsecond line\n* a : since\n- b : not so\n"};
	struct question question;

	(void)state;
	assert_int_equal(answer_parse_question(&block, &question, NULL), 0);
	assert_string_equal(question.text, "Why \3this\4?\5second line");
	assert_int_equal(question.count, 2);
	assert_true(question.choices[0].is_right);
	assert_string_equal(question.choices[1].text, "b");
	assert_string_equal(question.choices[1].why, "not so");
	block.text = "* a : since\n";
	assert_true(answer_parse_question(&block, &question, NULL) < 0);
	block.text = "Q?\n* a\nQ again?\n";
	assert_true(answer_parse_question(&block, &question, NULL) < 0);
}

static int make_home(void **state)
{
	static char folder[] = "/tmp/isolab-test-XXXXXX";

	*state = mkdtemp(folder);
	return setenv("XDG_STATE_HOME", folder, 1);
}

static int remove_home(void **state)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/isolab/progress", (char *)*state);
	unlink(path);
	snprintf(path, sizeof(path), "%s/isolab", (char *)*state);
	rmdir(path);
	return rmdir(*state);
}

static void test_progress_is_kept_and_forgotten(void **state)
{
	struct progress *progress;

	(void)state;
	assert_int_equal(progress_load(&progress, NULL), 0);
	progress_set_part(progress, "one", "answer", "q", "a\tb\nc");
	progress_set(progress, "two", "step", "x");
	progress_set(progress, "two", "step", "y");
	assert_int_equal(progress_save(progress, NULL), 0);
	progress_destroy(progress);
	assert_true(progress_generation() != 0);

	assert_int_equal(progress_load(&progress, NULL), 0);
	assert_string_equal(progress_get_part(progress, "one", "answer", "q"), "a b c");
	assert_string_equal(progress_get(progress, "two", "step"), "y");
	progress_forget(progress, "one");
	assert_null(progress_get_part(progress, "one", "answer", "q"));
	progress_destroy(progress);
}

static void test_a_broken_progress_file_is_no_obstacle(void **state)
{
	char path[256];
	struct progress *progress;
	FILE *file;

	snprintf(path, sizeof(path), "%s/isolab/progress", (char *)*state);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("no tabs\n\t\t\none\tstep\tx\n\n\t", file);
	fclose(file);
	assert_int_equal(progress_load(&progress, NULL), 0);
	assert_string_equal(progress_get(progress, "one", "step"), "x");
	progress_destroy(progress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_times_are_read_in_both_languages),
	    cmocka_unit_test(test_sizes_numbers_and_yes_are_read),
	    cmocka_unit_test(test_nonsense_is_no_answer),
	    cmocka_unit_test(test_the_factor_has_no_direction),
	    cmocka_unit_test(test_a_question_has_choices_with_reasons),
	    cmocka_unit_test(test_progress_is_kept_and_forgotten),
	    cmocka_unit_test(test_a_broken_progress_file_is_no_obstacle),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
