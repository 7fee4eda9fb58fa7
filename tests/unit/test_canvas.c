/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The canvas clips by columns and never by bytes, keeps wide characters whole, and draws nothing
 * that a terminal could obey: a sandbox's text reaches the screen through it.
 * What is drawn is read back with canvas_dump().
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "canvas.h"

static struct canvas make(int rows, int columns)
{
	struct canvas canvas = {0};

	assert_int_equal(canvas_resize(&canvas, rows, columns), 0);
	return canvas;
}

static void assert_shows(struct canvas *canvas, const char *expected)
{
	char *text = canvas_dump(canvas);

	assert_string_equal(text, expected);
	free(text);
	canvas_finish(canvas);
}

static void test_text_is_clipped_by_columns(void **state)
{
	struct canvas canvas = make(1, 8);

	(void)state;
	canvas_text(&canvas, (struct rect){0, 2, 1, 4}, 0, 0, STYLE_PLAIN, "abcdefgh");
	assert_shows(&canvas, "  abcd\n");
}

static void test_wide_character_does_not_straddle_the_edge(void **state)
{
	struct canvas canvas = make(1, 8);

	(void)state;
	canvas_text(&canvas, (struct rect){0, 0, 1, 5}, 0, 0, STYLE_PLAIN, "起動時間");
	assert_shows(&canvas, "起動\n");
}

static void test_overwriting_half_a_wide_character_blanks_the_other(void **state)
{
	struct canvas canvas = make(1, 8);
	struct rect all = {0, 0, 1, 8};

	(void)state;
	canvas_text(&canvas, all, 0, 0, STYLE_PLAIN, "起動");
	canvas_text(&canvas, all, 0, 1, STYLE_PLAIN, "x");
	assert_shows(&canvas, " x動\n");
}

static void test_control_bytes_and_direction_marks_become_question_marks(void **state)
{
	struct canvas canvas = make(1, 20);

	(void)state;
	canvas_text(&canvas, (struct rect){0, 0, 1, 20}, 0, 0, STYLE_PLAIN,
		    "a\033[2Jb\xe2\x80\xae"
		    "c\xff\xc0\x80");
	assert_shows(&canvas, "a?[2Jb?c???\n");
}

static void test_marks_combine_with_the_character_before(void **state)
{
	struct canvas canvas = make(1, 4);

	(void)state;
	assert_int_equal(canvas_text(&canvas, (struct rect){0, 0, 1, 4}, 0, 0, STYLE_PLAIN,
				     "e\xcc\x81x"),
			 2);
	assert_shows(&canvas, "e\xcc\x81x\n");
}

static void test_ascii_canvas_replaces_what_is_not_ascii(void **state)
{
	struct canvas canvas = make(1, 8);

	(void)state;
	canvas.is_ascii = true;
	canvas_text(&canvas, (struct rect){0, 0, 1, 8}, 0, 0, STYLE_PLAIN, "a起é");
	assert_shows(&canvas, "a???\n");
}

static void test_text_right_keeps_the_end(void **state)
{
	struct canvas canvas = make(1, 8);

	(void)state;
	canvas_text_right(&canvas, (struct rect){0, 0, 1, 8}, 0, 4, STYLE_PLAIN, "abcdef");
	assert_shows(&canvas, "cdef\n");
}

static void test_nothing_is_drawn_outside(void **state)
{
	struct canvas canvas = make(2, 3);

	(void)state;
	canvas_text(&canvas, (struct rect){-1, -1, 9, 9}, 0, 0, STYLE_PLAIN, "abc");
	canvas_text(&canvas, (struct rect){5, 5, 9, 9}, 0, 0, STYLE_PLAIN, "abc");
	canvas_line(&canvas, (struct rect){1, 0, 9, 9}, 0, 0, STYLE_PLAIN, LINE_HORIZONTAL, 99);
	assert_shows(&canvas, "\n---\n");
}

static void test_fit_cuts_at_columns_not_bytes(void **state)
{
	int columns;

	(void)state;
	assert_int_equal(canvas_fit("起動x", 3, &columns), 3);
	assert_int_equal(columns, 2);
	assert_int_equal(canvas_text_width("起動x"), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text_is_clipped_by_columns),
	    cmocka_unit_test(test_wide_character_does_not_straddle_the_edge),
	    cmocka_unit_test(test_overwriting_half_a_wide_character_blanks_the_other),
	    cmocka_unit_test(test_control_bytes_and_direction_marks_become_question_marks),
	    cmocka_unit_test(test_marks_combine_with_the_character_before),
	    cmocka_unit_test(test_ascii_canvas_replaces_what_is_not_ascii),
	    cmocka_unit_test(test_text_right_keeps_the_end),
	    cmocka_unit_test(test_nothing_is_drawn_outside),
	    cmocka_unit_test(test_fit_cuts_at_columns_not_bytes),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
