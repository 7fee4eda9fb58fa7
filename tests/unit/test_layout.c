/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whatever the size, panes lie inside the screen and never on one another, and what DESIGN promises
 * for a size is there: all at 80×24, one pane at 40×12, one line below that.
 * Sizes, states and choices are walked through in steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "layout.h"

static bool overlap(struct rect a, struct rect b)
{
	return a.rows && b.rows && a.row < b.row + b.rows && b.row < a.row + a.rows &&
	       a.column < b.column + b.columns && b.column < a.column + a.columns;
}

static void assert_is_sound(const struct layout_request *request)
{
	struct rect all[PANE_COUNT + 2];
	struct layout layout;

	layout_compute(request, &layout);
	if (layout.is_too_small)
		return;
	for (int i = 0; i < PANE_COUNT; i++)
		all[i] = layout.pane[i];
	all[PANE_COUNT] = layout.prompt;
	all[PANE_COUNT + 1] = layout.keys;
	for (int i = 0; i < PANE_COUNT + 2; i++) {
		assert_true(all[i].row >= 0 && all[i].column >= 0);
		assert_true(all[i].row + all[i].rows <= request->rows);
		assert_true(all[i].column + all[i].columns <= request->columns);
		for (int k = 0; k < i; k++)
			assert_false(overlap(all[i], all[k]));
	}
	assert_int_equal(layout.prompt.rows, 1);
	assert_int_equal(layout.keys.rows, 1);
	for (int i = 0; i < layout.console_count; i++)
		assert_true(layout.console[i].columns >= 2 && layout.console[i].rows >= 2);
}

static void test_any_size_and_state_is_sound(void **state)
{
	(void)state;
	for (int rows = 1; rows < 70; rows += 3)
		for (int columns = 1; columns < 220; columns += 7)
			for (int bits = 0; bits < 4 * PANE_COUNT * 6; bits++) {
				struct layout_request request = {
				    .rows = rows,
				    .columns = columns,
				    .has_lesson = bits & 1,
				    .is_zoomed = bits & 2,
				    .chosen = (enum pane_id)(bits / 4 % PANE_COUNT),
				    .consoles = bits / 4 / PANE_COUNT,
				    .sandboxes = bits / 4 / PANE_COUNT,
				};

				assert_is_sound(&request);
			}
}

static void test_80x24_shows_everything(void **state)
{
	struct layout_request request = {.rows = 24, .columns = 80, .consoles = 3, .sandboxes = 3};
	struct layout layout;

	(void)state;
	layout_compute(&request, &layout);
	assert_int_equal(layout.console_count, 3);
	assert_true(layout.pane[PANE_BOOT].rows == 5);
	assert_true(layout.pane[PANE_FACTS].rows >= 4);
	assert_true(layout.pane[PANE_RESOURCES].rows >= 4);
	assert_true(layout.pane[PANE_MESSAGES].rows >= 4);
}

static void test_40x12_shows_one_pane(void **state)
{
	struct layout_request request = {.rows = 12, .columns = 40, .consoles = 3, .sandboxes = 3};
	struct layout layout;

	(void)state;
	layout_compute(&request, &layout);
	assert_false(layout.is_too_small);
	assert_int_equal(layout.console_count, 1);
	assert_int_equal(layout.pane[PANE_BOOT].rows, 0);
	request.rows = 11;
	layout_compute(&request, &layout);
	assert_true(layout.is_too_small);
}

static void test_a_lesson_stands_beside_on_a_wide_screen_and_below_on_a_narrow_one(void **state)
{
	struct layout_request request = {
	    .rows = 24, .columns = 80, .consoles = 3, .sandboxes = 3, .has_lesson = true};
	struct layout layout;

	(void)state;
	layout_compute(&request, &layout);
	assert_int_equal(layout.pane[PANE_LESSON].columns, 80);
	assert_true(layout.pane[PANE_LESSON].rows >= 10);
	request.chosen = PANE_FACTS;
	layout_compute(&request, &layout);
	assert_int_equal(layout.pane[PANE_LESSON].rows, 0);
	assert_true(layout.pane[PANE_FACTS].rows >= 10);
	request.rows = 60;
	request.columns = 200;
	layout_compute(&request, &layout);
	assert_true(layout.pane[PANE_LESSON].column >= 80);
	assert_true(layout.pane[PANE_FACTS].rows >= 10);
}

static void test_without_sandboxes_a_newcomer_is_greeted(void **state)
{
	struct layout_request request = {.rows = 24, .columns = 80};
	struct layout layout;

	(void)state;
	layout_compute(&request, &layout);
	assert_true(layout.pane[PANE_WELCOME].rows >= 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_any_size_and_state_is_sound),
	    cmocka_unit_test(test_80x24_shows_everything),
	    cmocka_unit_test(test_40x12_shows_one_pane),
	    cmocka_unit_test(
		test_a_lesson_stands_beside_on_a_wide_screen_and_below_on_a_narrow_one),
	    cmocka_unit_test(test_without_sandboxes_a_newcomer_is_greeted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
