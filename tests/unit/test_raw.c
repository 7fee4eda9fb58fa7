/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The detach key, Ctrl-P Ctrl-Q: found also when it comes in two pieces, and no other key is lost
 * on its way to the sandbox.
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

#include "raw.h"

static void expect(struct raw_keys *keys, const char *typed, const char *passed, bool detaches)
{
	char to[64];
	bool is_detached;
	size_t count = raw_filter(keys, typed, strlen(typed), to, &is_detached);

	assert_int_equal(count, strlen(passed));
	assert_memory_equal(to, passed, count);
	assert_int_equal(is_detached, detaches);
}

static void test_keys_pass_as_they_are(void **state)
{
	struct raw_keys keys = {0};

	(void)state;
	expect(&keys, "ls\r\x03\x11", "ls\r\x03\x11", false);
}

static void test_the_detach_key_is_taken_out(void **state)
{
	struct raw_keys keys = {0};

	(void)state;
	expect(&keys, "ab\x10\x11gone", "ab", true);
	expect(&keys, "c\x10", "c", false);
	expect(&keys, "\x11", "", true);
}

static void test_a_prefix_that_was_not_meant_is_passed_on(void **state)
{
	struct raw_keys keys = {0};

	(void)state;
	expect(&keys, "\x10", "", false);
	expect(&keys, "x\x10\x10y", "\x10x\x10\x10y", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys_pass_as_they_are),
	    cmocka_unit_test(test_the_detach_key_is_taken_out),
	    cmocka_unit_test(test_a_prefix_that_was_not_meant_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
