/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The message area: lines, wrapping by columns and kinsoku, reading back, searching.
 * Foreign text cannot forge a style: roles are control bytes inside, and control bytes from outside
 * become question marks.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "messages.h"
#include "wrap.h"

static void add(struct messages *messages, const char *text)
{
	messages_add(messages, OUT_PLAIN, text, strlen(text));
}

static void assert_shows(const struct messages *messages, int rows, int columns, int back,
			 const char *expected)
{
	struct canvas canvas = {0};
	char *text;

	canvas_resize(&canvas, rows, columns);
	messages_draw(messages, &canvas, (struct rect){0, 0, rows, columns}, back);
	text = canvas_dump(&canvas);
	assert_string_equal(text, expected);
	free(text);
	canvas_finish(&canvas);
}

static void test_the_end_is_shown_and_one_can_read_back(void **state)
{
	struct messages *messages = messages_create();

	(void)state;
	add(messages, "one\ntwo\nthree\nfour");
	assert_shows(messages, 2, 8, 0, "three\nfour\n");
	assert_shows(messages, 2, 8, 1, "two\nthree\n");
	assert_shows(messages, 5, 8, 0, "one\ntwo\nthree\nfour\n\n");
	messages_destroy(messages);
}

static void test_pieces_of_a_line_join(void **state)
{
	struct messages *messages = messages_create();

	(void)state;
	add(messages, "on");
	messages_add(messages, OUT_BAD, "e", 1);
	add(messages, "\n\ntwo\n");
	assert_shows(messages, 3, 8, 0, "one\n\ntwo\n");
	assert_int_equal(messages_rows(messages, 8), 3);
	messages_destroy(messages);
}

static void test_control_bytes_cannot_change_a_style(void **state)
{
	struct messages *messages = messages_create();
	struct canvas canvas = {0};

	(void)state;
	add(messages, "a\004b\033[1mc\n");
	canvas_resize(&canvas, 1, 20);
	messages_draw(messages, &canvas, (struct rect){0, 0, 1, 20}, 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(canvas_cell(&canvas, 0, i)->style.attributes, 0);
	canvas_finish(&canvas);
	assert_shows(messages, 1, 20, 0, "a?b?[1mc\n");
	messages_destroy(messages);
}

static void test_rows_since_mark_count_a_commands_output(void **state)
{
	struct messages *messages = messages_create();

	(void)state;
	add(messages, "old\n");
	messages_mark(messages);
	add(messages, "0123456789\nx\n");
	assert_int_equal(messages_rows_since_mark(messages, 5), 3);
	messages_destroy(messages);
}

static void test_old_lines_make_room(void **state)
{
	struct messages *messages = messages_create();
	char line[32];

	(void)state;
	for (int i = 0; i < MESSAGES_KEPT + 10; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		add(messages, line);
	}
	assert_int_equal(messages_rows(messages, 80), MESSAGES_KEPT);
	messages_destroy(messages);
}

static void test_search_finds_the_nearest(void **state)
{
	struct messages *messages = messages_create();

	(void)state;
	add(messages, "apple\nb\nApple\nc\n");
	assert_int_equal(messages_search(messages, 20, "APPLE", 0, true), 1);
	assert_int_equal(messages_search(messages, 20, "apple", 1, true), 3);
	assert_int_equal(messages_search(messages, 20, "apple", 3, false), 1);
	assert_int_equal(messages_search(messages, 20, "pear", 0, true), -1);
	messages_destroy(messages);
}

static void test_words_wrap_at_blanks(void **state)
{
	size_t next;

	(void)state;
	assert_int_equal(wrap_row("one two three", 8, &next), 7);
	assert_int_equal(next, 8);
	assert_int_equal(wrap_row("oneverylongword", 8, &next), 8);
	assert_int_equal(next, 8);
}

static void test_japanese_wraps_by_kinsoku(void **state)
{
	size_t next;

	(void)state;
	/* 。 may not begin a row, （ may not end one */
	assert_int_equal(wrap_row("起動する。次", 8, &next), strlen("起動す"));
	assert_int_equal(wrap_row("起動（例）", 6, &next), strlen("起動"));
	assert_int_equal(wrap_row("起動時間", 4, &next), strlen("起動"));
}

static void test_wrapping_always_makes_progress(void **state)
{
	static const char *const texts[] = {"起", "（（（（", "。。。。", "    x", "\001\002"};
	size_t next;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (int columns = 1; columns < 4; columns++) {
			wrap_row(texts[i], columns, &next);
			assert_true(next > 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_end_is_shown_and_one_can_read_back),
	    cmocka_unit_test(test_pieces_of_a_line_join),
	    cmocka_unit_test(test_control_bytes_cannot_change_a_style),
	    cmocka_unit_test(test_rows_since_mark_count_a_commands_output),
	    cmocka_unit_test(test_old_lines_make_room),
	    cmocka_unit_test(test_search_finds_the_nearest),
	    cmocka_unit_test(test_words_wrap_at_blanks),
	    cmocka_unit_test(test_japanese_wraps_by_kinsoku),
	    cmocka_unit_test(test_wrapping_always_makes_progress),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
