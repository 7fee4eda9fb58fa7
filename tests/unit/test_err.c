/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sentence that an error becomes on its way up: every level prepends its noun, the deepest
 * hint stays, and what gets too long is cut at its end.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "err.h"

static void test_err_sys_appends_the_reason_in_lower_case(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_sys(&e, ENOENT, "open '%s'", "x"), -ENOENT);
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.what, "open 'x': no such file or directory");
	assert_int_equal(err_sys(&e, -EPERM, "open"), -EPERM);
	assert_int_equal(e.code, EPERM);
}

static void test_err_out_of_descriptors_says_what_to_do(void **state)
{
	struct err e = {0};

	(void)state;
	err_sys(&e, EMFILE, "make a pipe");
	assert_non_null(strstr(e.hint, "ulimit -n"));
	err_sys(&e, ENFILE, "make a pipe");
	assert_non_null(strstr(e.hint, "file-max"));
	err_sys(&e, EPERM, "make a pipe");
	assert_string_equal(e.hint, "");
}

static void test_err_set_says_it_as_it_is(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_set(&e, EINVAL, "odd %d", 3), -EINVAL);
	assert_string_equal(e.what, "odd 3");
}

static void test_err_ctx_prepends(void **state)
{
	struct err e = {0};
	int r;

	(void)state;
	r = err_set(&e, EINVAL, "inner");
	assert_int_equal(err_ctx(&e, err_ctx(&e, r, "middle"), "outer '%s'", "n"), -EINVAL);
	assert_string_equal(e.what, "outer 'n': middle: inner");
}

static void test_err_ctx_cuts_the_end_not_the_front(void **state)
{
	struct err e = {0};
	char longest[2 * ERR_WHAT_MAX];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	err_set(&e, EINVAL, "%s", longest);
	err_ctx(&e, -EINVAL, "front");
	assert_memory_equal(e.what, "front: xxx", 10);
	assert_int_equal(strlen(e.what), ERR_WHAT_MAX - 1);
	err_ctx(&e, -EINVAL, "%s", longest);
	assert_int_equal(strlen(e.what), ERR_WHAT_MAX - 1);
}

static void test_err_hint_keeps_the_deepest(void **state)
{
	struct err e = {0};

	(void)state;
	err_set(&e, EINVAL, "x");
	err_hint(&e, -EINVAL, "deep");
	err_hint(&e, -EINVAL, "shallow");
	assert_string_equal(e.hint, "deep");
	err_set(&e, EINVAL, "another");
	assert_string_equal(e.hint, "");
}

static void test_err_format_has_one_line_for_each(void **state)
{
	struct err e = {0};
	char text[64];

	(void)state;
	err_set(&e, EINVAL, "what");
	assert_int_equal(err_format(&e, text, sizeof(text)), 5);
	assert_string_equal(text, "what\n");
	err_hint(&e, -EINVAL, "do");
	err_format(&e, text, sizeof(text));
	assert_string_equal(text, "what\nhint: do\n");
	assert_int_equal(err_format(&e, text, 4), 14);
	assert_string_equal(text, "wha");
}

static void test_err_shows_no_terminal_codes(void **state)
{
	struct err e = {0};

	(void)state;
	err_set(&e, EINVAL, "name '%s'", "a\033[31m\nb");
	err_ctx(&e, -EINVAL, "run '%s'", "x\177");
	err_hint(&e, -EINVAL, "not %s", "\a");
	assert_string_equal(e.what, "run 'x?': name 'a?[31m b'");
	assert_string_equal(e.hint, "not ?");
}

static void test_err_accepts_nobody_who_listens(void **state)
{
	(void)state;
	assert_int_equal(err_sys(NULL, EIO, "x"), -EIO);
	assert_int_equal(err_set(NULL, EIO, "x"), -EIO);
	assert_int_equal(err_ctx(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_hint(NULL, -EIO, "x"), -EIO);
	err_clear(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_err_sys_appends_the_reason_in_lower_case),
	    cmocka_unit_test(test_err_out_of_descriptors_says_what_to_do),
	    cmocka_unit_test(test_err_set_says_it_as_it_is),
	    cmocka_unit_test(test_err_ctx_prepends),
	    cmocka_unit_test(test_err_ctx_cuts_the_end_not_the_front),
	    cmocka_unit_test(test_err_hint_keeps_the_deepest),
	    cmocka_unit_test(test_err_format_has_one_line_for_each),
	    cmocka_unit_test(test_err_shows_no_terminal_codes),
	    cmocka_unit_test(test_err_accepts_nobody_who_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
