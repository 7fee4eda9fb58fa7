/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Errors and signals are called the same whatever C library a program is linked with. The GNU C
 * library's own functions are the measure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "names.h"

static void test_names_of_errors_are_the_librarys(void **state)
{
	(void)state;
	for (int code = 1; code < 200; code++) {
		const char *name = strerrorname_np(code);
		if (!name)
			assert_null(name_of_errno(code));
		else
			assert_string_equal(name_of_errno(code), name);
	}
}

static void test_texts_of_errors_begin_in_lower_case(void **state)
{
	(void)state;
	assert_string_equal(text_of_errno(ENOENT), "no such file or directory");
	assert_string_equal(text_of_errno(0), "unknown error");
	assert_string_equal(text_of_errno(-1), "unknown error");
	assert_string_equal(text_of_errno(100000), "unknown error");
}

static void test_names_of_signals_are_the_librarys(void **state)
{
	char name[32];
	(void)state;
	for (int number = 1; number < 32; number++) {
		snprintf(name, sizeof(name), "SIG%s", sigabbrev_np(number));
		assert_string_equal(name_of_signal(number), name);
	}
	assert_null(name_of_signal(0));
	assert_null(name_of_signal(40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names_of_errors_are_the_librarys),
	    cmocka_unit_test(test_texts_of_errors_begin_in_lower_case),
	    cmocka_unit_test(test_names_of_signals_are_the_librarys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
