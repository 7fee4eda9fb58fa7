/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record of the calls that built a wall,
 * read from whole, damaged and hostile text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "calls.h"

static struct calls_text parse(const char *text)
{
	struct calls_text calls;

	assert_int_equal(calls_parse(text, strlen(text), &calls, NULL), 0);
	return calls;
}

static void test_calls_belong_to_the_step_before(void **state)
{
	auto_calls calls = parse(
	    "{\"step\":\"proc\",\"by\":\"child\",\"start_ns\":7,\"duration_ns\":5,\"why\":\"w\"}\n"
	    "{\"call\":\"mount\",\"arguments\":\"\\\"proc\\\"\",\"result\":0,\"start_ns\":8,"
	    "\"duration_ns\":3,\"why\":\"x\"}\n"
	    "{\"call\":\"chdir\",\"arguments\":\"1\",\"result\":-2,\"error\":\"ENOENT\"}\n"
	    "{\"step\":\"seccomp\",\"without\":\"--no-seccomp\",\"why\":\"open\"}\n"
	    "{\"lost\":4}\n");

	(void)state;
	assert_int_equal(calls.step_count, 2);
	assert_int_equal(calls.call_count, 2);
	assert_int_equal(calls.steps[0].call_count, 2);
	assert_int_equal(calls.steps[1].call_count, 0);
	assert_int_equal(calls.steps[0].duration_ns, 5);
	assert_string_equal(calls.steps[1].without, "--no-seccomp");
	assert_string_equal(calls.calls[0].arguments, "\"proc\"");
	assert_int_equal(calls.calls[1].result, -2);
	assert_string_equal(calls.calls[1].error, "ENOENT");
	assert_int_equal(calls.lost, 4);
	assert_int_equal(calls.skipped, 0);
}

static void test_damaged_lines_are_counted_and_skipped(void **state)
{
	auto_calls calls = parse("{\"call\":\"before any step\"}\n"
				 "no json\n[]\n{}\n"
				 "{\"step\":3}\n"
				 "{\"step\":\"a\",\"start_ns\":\"text\",\"why\":[]}\n"
				 "{\"call\":\"cut");

	(void)state;
	assert_int_equal(calls.step_count, 1);
	assert_int_equal(calls.call_count, 0);
	assert_int_equal(calls.skipped, 6);
	assert_int_equal(calls.steps[0].start_ns, 0);
	assert_string_equal(calls.steps[0].why, "");
}

static void test_bytes_that_move_a_cursor_are_replaced(void **state)
{
	auto_calls calls = parse("{\"step\":\"\\u001b[2J\",\"why\":\"\\u009b1m\\n\\u007f\"}\n");

	(void)state;
	assert_string_equal(calls.steps[0].name, "?[2J");
	assert_string_equal(calls.steps[0].why, "??1m??");
}

static void test_long_texts_are_cut_at_a_character(void **state)
{
	char text[2 * CALL_WORD_MAX + 32] = "{\"step\":\"";
	size_t length = strlen(text);

	(void)state;
	for (size_t i = 0; i < CALL_WORD_MAX / 2 + 8; i++, length += 2)
		memcpy(text + length, "ü", 2);
	memcpy(text + length, "\"}\n", 4);
	auto_calls calls = parse(text);
	assert_int_equal(strlen(calls.steps[0].name), CALL_WORD_MAX - 2);
}

static void test_no_more_steps_than_there_is_room(void **state)
{
	auto_strbuf text = {0};

	(void)state;
	for (int i = 0; i < CALLS_STEPS_MAX + 3; i++)
		str_add(&text, "{\"step\":\"x\"}\n");
	auto_calls calls = parse(text.data);
	assert_int_equal(calls.step_count, CALLS_STEPS_MAX);
	assert_int_equal(calls.skipped, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_calls_belong_to_the_step_before),
	    cmocka_unit_test(test_damaged_lines_are_counted_and_skipped),
	    cmocka_unit_test(test_bytes_that_move_a_cursor_are_replaced),
	    cmocka_unit_test(test_long_texts_are_cut_at_a_character),
	    cmocka_unit_test(test_no_more_steps_than_there_is_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
