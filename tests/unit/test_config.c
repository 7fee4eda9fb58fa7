/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings of the front: each key of the file, and what a wrong line says.
 * Only config_parse_line() is driven; where the file lies is the environment's business and is
 * seen by the screen tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"

static void test_keys_are_taken_in(void **state)
{
	struct config config = {.has_colour = true};

	(void)state;
	assert_int_equal(config_parse_line(&config, "escape = ^T", NULL), 0);
	assert_int_equal(config_parse_line(&config, "  lang=ja  # 日本語", NULL), 0);
	assert_int_equal(config_parse_line(&config, "ascii = yes", NULL), 0);
	assert_int_equal(config_parse_line(&config, "color = no", NULL), 0);
	assert_int_equal(config_parse_line(&config, "# comment", NULL), 0);
	assert_int_equal(config_parse_line(&config, "", NULL), 0);
	assert_int_equal(config.escape, 0x14);
	assert_string_equal(config.language, "ja");
	assert_true(config.is_ascii);
	assert_false(config.has_colour);
}

static void test_return_cannot_be_the_escape_key(void **state)
{
	struct config config = {0};
	struct err e = {0};

	(void)state;
	assert_true(config_parse_line(&config, "escape = ^M", &e) < 0);
	assert_non_null(strstr(e.what, "^M"));
	assert_true(e.hint[0]);
}

static void test_wrong_lines_say_so(void **state)
{
	struct config config = {0};

	(void)state;
	assert_true(config_parse_line(&config, "speed = 3", NULL) < 0);
	assert_true(config_parse_line(&config, "lang", NULL) < 0);
	assert_true(config_parse_line(&config, "lang = a b", NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys_are_taken_in),
	    cmocka_unit_test(test_return_cannot_be_the_escape_key),
	    cmocka_unit_test(test_wrong_lines_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
