/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A console pane: what a sandbox prints only ever fills its grid, however hostile.
 * The noise test mixes random bytes with pieces of escape sequences while the size changes;
 * it is meant to be run with the sanitisers.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "terminal.h"

static void feed(struct terminal *terminal, const char *text)
{
	terminal_feed(terminal, text, strlen(text));
}

static void assert_shows(struct terminal *terminal, int rows, int columns, int back,
			 const char *expected)
{
	struct canvas canvas = {0};
	char *text;

	canvas_resize(&canvas, rows, columns);
	terminal_draw(terminal, &canvas, (struct rect){0, 0, rows, columns}, back, true);
	text = canvas_dump(&canvas);
	assert_string_equal(text, expected);
	free(text);
	canvas_finish(&canvas);
}

static void test_escape_sequences_are_obeyed_inside_the_grid(void **state)
{
	struct terminal *terminal = terminal_create(2, 10);

	(void)state;
	feed(terminal, "hello\r\n\033[31mred\033[1;7Hx");
	assert_shows(terminal, 2, 10, 0, "hello x\nred\n");
	terminal_destroy(terminal);
}

static void test_what_scrolled_away_can_be_read_back(void **state)
{
	struct terminal *terminal = terminal_create(2, 10);

	(void)state;
	feed(terminal, "one\r\ntwo\r\n起動\r\nfour");
	assert_int_equal(terminal_history(terminal), 2);
	assert_shows(terminal, 2, 10, 0, "起動\nfour\n");
	assert_shows(terminal, 2, 10, 1, "two\n起動\n");
	assert_shows(terminal, 2, 10, 99, "one\ntwo\n");
	terminal_destroy(terminal);
}

static void test_newline_mode_returns_to_the_first_column(void **state)
{
	struct terminal *terminal = terminal_create(2, 10);

	(void)state;
	terminal_set_newline_mode(terminal);
	feed(terminal, "one\ntwo");
	assert_shows(terminal, 2, 10, 0, "one\ntwo\n");
	terminal_destroy(terminal);
}

static void test_questions_are_answered_but_never_without_bound(void **state)
{
	struct terminal *terminal = terminal_create(2, 10);
	char reply[TERMINAL_REPLY_MAX];
	size_t length;

	(void)state;
	feed(terminal, "\033[6n");
	length = terminal_take_reply(terminal, reply, sizeof(reply));
	assert_int_equal(length, 6);
	assert_memory_equal(reply, "\033[1;1R", 6);
	for (int i = 0; i < 10000; i++)
		feed(terminal, "\033[6n");
	assert_true(terminal_take_reply(terminal, reply, sizeof(reply)) <= TERMINAL_REPLY_MAX);
	assert_int_equal(terminal_take_reply(terminal, reply, sizeof(reply)), 0);
	terminal_destroy(terminal);
}

static void test_arrow_keys_follow_the_mode_of_the_program_inside(void **state)
{
	struct terminal *terminal = terminal_create(2, 10);
	struct input_key key = {.code = INPUT_UP, .bytes = "\033[A", .length = 3};
	char bytes[16];

	(void)state;
	assert_int_equal(terminal_key(terminal, &key, bytes, sizeof(bytes)), 3);
	assert_memory_equal(bytes, "\033[A", 3);
	feed(terminal, "\033[?1h");
	assert_int_equal(terminal_key(terminal, &key, bytes, sizeof(bytes)), 3);
	assert_memory_equal(bytes, "\033OA", 3);
	terminal_destroy(terminal);
}

static void test_noise_of_any_size_is_survived(void **state)
{
	struct terminal *terminal = terminal_create(5, 20);
	struct canvas canvas = {0};
	unsigned seed = 7;
	char noise[4096];

	(void)state;
	canvas_resize(&canvas, 5, 20);
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(noise); i++) {
			seed = seed * 1103515245 + 12345;
			noise[i] = (char)(seed >> 16);
			if (seed >> 28 == 3)
				noise[i] = "\033[];?m0H"[(seed >> 20) % 8];
		}
		terminal_feed(terminal, noise, sizeof(noise));
		terminal_resize(terminal, 1 + (int)(seed >> 24) % 30, 2 + (int)(seed >> 16) % 90);
		terminal_draw(terminal, &canvas, (struct rect){0, 0, 5, 20}, round % 7, true);
	}
	canvas_finish(&canvas);
	terminal_destroy(terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_escape_sequences_are_obeyed_inside_the_grid),
	    cmocka_unit_test(test_what_scrolled_away_can_be_read_back),
	    cmocka_unit_test(test_newline_mode_returns_to_the_first_column),
	    cmocka_unit_test(test_questions_are_answered_but_never_without_bound),
	    cmocka_unit_test(test_arrow_keys_follow_the_mode_of_the_program_inside),
	    cmocka_unit_test(test_noise_of_any_size_is_survived),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
