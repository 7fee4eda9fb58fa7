/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables fit the terminal and lose nothing; widths are those of the characters on a terminal; what
 * a locale cannot show becomes ASCII.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <locale.h>

#include "table.h"

static void fill(struct table *table)
{
	table_init(table, "NAME|>SIZE|ABOUT");
	table_add(table, OUT_PLAIN, "demo");
	table_addf(table, "%d", 12);
	table_add(table, OUT_PLAIN, "one two three four five");
	table_add(table, OUT_PLAIN, "x");
	table_addf(table, "%d", 4096);
	table_add(table, OUT_PLAIN, "");
}

static void expect(unsigned columns, const char *text)
{
	auto_strbuf buffer = {0};
	auto_table table = {0};
	struct out out;

	out_init_buffer(&out, &buffer);
	out.columns = columns;
	fill(&table);
	table_print(&table, &out);
	assert_string_equal(buffer.data, text);
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
	(void)state;
	expect(80, "NAME  SIZE  ABOUT\n"
		   "demo    12  one two three four five\n"
		   "x     4096\n");
}

static void test_a_wide_cell_goes_on_below(void **state)
{
	(void)state;
	expect(22, "NAME  SIZE  ABOUT\n"
		   "demo    12  one two\n"
		   "            three four\n"
		   "            five\n"
		   "x     4096\n");
}

static void test_zero_columns_means_do_not_care(void **state)
{
	(void)state;
	expect(0, "NAME  SIZE  ABOUT\n"
		  "demo    12  one two three four five\n"
		  "x     4096\n");
}

static void test_a_long_word_is_cut_at_the_edge(void **state)
{
	auto_strbuf buffer = {0};
	auto_table table = {0};
	struct out out;

	(void)state;
	out_init_buffer(&out, &buffer);
	out.columns = 8;
	table_init(&table, "WORD");
	table_add(&table, OUT_PLAIN, "abcdefghijkl");
	table_print(&table, &out);
	assert_string_equal(buffer.data, "WORD\nabcdefgh\nijkl\n");
}

static void test_wide_characters_take_two_columns(void **state)
{
	(void)state;
	if (!setlocale(LC_ALL, "C.UTF-8"))
		skip();
	assert_int_equal(out_columns_of("コンテナ"), 8);
	assert_int_equal(out_columns_of("µs"), 2);
	assert_int_equal(out_columns_of("\xff!"), 2);
	setlocale(LC_ALL, "C");
}

static void test_cells_are_padded_on_either_side(void **state)
{
	auto_strbuf buffer = {0};
	struct out out;

	(void)state;
	out_init_buffer(&out, &buffer);
	out_cell(&out, OUT_PLAIN, 4, "a");
	out_cell(&out, OUT_PLAIN, -4, "b");
	out_cell(&out, OUT_PLAIN, 2, "toolong");
	assert_string_equal(buffer.data, "a      btoolong");
}

static void test_without_utf8_text_is_ascii(void **state)
{
	auto_strbuf buffer = {0};
	struct out out;

	(void)state;
	setlocale(LC_ALL, "C");
	out_init_buffer(&out, &buffer);
	out_printf(&out, "3 µs — a…b → ü\n");
	assert_string_equal(buffer.data, "3 us - a...b -> ?\n");
}

static void test_an_error_has_two_lines(void **state)
{
	auto_strbuf buffer = {0};
	struct err error = {0};
	struct out out;

	(void)state;
	out_init_buffer(&out, &buffer);
	err_set(&error, EINVAL, "no");
	out_error(&out, &error);
	err_hint(&error, 0, "yes");
	out_error(&out, &error);
	assert_string_equal(buffer.data, "isolab: no\nisolab: no\nhint: yes\n");
}

static void test_prose_wraps_between_words_and_indents(void **state)
{
	auto_strbuf buffer = {0};
	struct out out;

	(void)state;
	out_init_buffer(&out, &buffer);
	out.columns = 30;
	out_wrap(&out, 20, 4, "alpha beta gamma\ndelta epsilon zeta eta theta");
	out_wrap(&out, 0, 0, "");
	assert_string_equal(buffer.data, "alpha beta\n    gamma delta epsilon zeta\n"
					 "    eta theta\n\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
	    cmocka_unit_test(test_a_wide_cell_goes_on_below),
	    cmocka_unit_test(test_zero_columns_means_do_not_care),
	    cmocka_unit_test(test_a_long_word_is_cut_at_the_edge),
	    cmocka_unit_test(test_wide_characters_take_two_columns),
	    cmocka_unit_test(test_cells_are_padded_on_either_side),
	    cmocka_unit_test(test_without_utf8_text_is_ascii),
	    cmocka_unit_test(test_an_error_has_two_lines),
	    cmocka_unit_test(test_prose_wraps_between_words_and_indents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
