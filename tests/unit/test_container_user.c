// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who --user is, from whole, damaged and hostile passwd and group files: whatever they say, nobody
 * becomes root who was not meant to.
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

#include "user.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# a comment\n"
			     "\n"
			     "ann:x:1000:100:Ann,,,:/home/ann:/bin/sh\n"
			     "bob:x:zero:0::/home/bob:/bin/sh\n"
			     "cut:x:7\n"
			     "wide:x:4294967296:0::/:/bin/sh\n"
			     "minus:x:-1:0::/:/bin/sh\n"
			     "all:x:4294967295:0::/:/bin/sh\n"
			     "blank:x: 0:0::/:/bin/sh\n"
			     "empty:x:::::\n"
			     "rel:x:1001:100::home/rel:/bin/sh\n"
			     "bell:x:1002:100::/ho\ame:/bin/sh\n"
			     "ann:x:0:0:the second:/root:/bin/sh\n"
			     "last:x:1003:100::/home/last:/bin/sh";

static const char group[] = "root:x:0:ann-not,root\n"
			    "users:x:100:ann\n"
			    "tty:x:5:ann,last\n"
			    "audio:x:29:annx,xann,ann\n"
			    "bad:x:oops:ann\n"
			    "wheel:x:10:last,ann\n";

static int resolve(const char *wanted, struct user *ret, struct err *e)
{
	const struct user_files files = {passwd, group, sizeof(passwd) - 1, sizeof(group) - 1};

	*e = (struct err){0};
	memset(ret, 0, sizeof(*ret));
	return user_resolve(wanted, &files, ret, e);
}

static void test_user_name_brings_group_home_and_groups(void **state)
{
	struct user user;
	struct err e;

	(void)state;
	assert_int_equal(resolve("ann", &user, &e), 0);
	assert_int_equal(user.uid, 1000);
	assert_int_equal(user.gid, 100);
	assert_string_equal(user.home, "/home/ann");
	assert_int_equal(user.group_count, 3);
	assert_int_equal(user.groups[0], 5);
	assert_int_equal(user.groups[1], 29);
	assert_int_equal(user.groups[2], 10);
	assert_int_equal(resolve("last", &user, &e), 0);
	assert_int_equal(user.uid, 1003);
	assert_string_equal(user.home, "/home/last");
}

static void test_user_number_is_looked_up_too(void **state)
{
	struct user user;
	struct err e;

	(void)state;
	assert_int_equal(resolve("1000", &user, &e), 0);
	assert_int_equal(user.gid, 100);
	assert_int_equal(user.group_count, 3);
	assert_string_equal(user.home, "/home/ann");
}

static void test_user_unknown_number_is_never_in_group_zero(void **state)
{
	struct user user;
	struct err e;

	(void)state;
	assert_int_equal(resolve("4242", &user, &e), 0);
	assert_int_equal(user.uid, 4242);
	assert_int_equal(user.gid, 4242);
	assert_int_equal(user.group_count, 0);
	assert_string_equal(user.home, "/");
}

static void test_user_group_that_is_named_is_the_only_one(void **state)
{
	struct user user;
	struct err e;

	(void)state;
	assert_int_equal(resolve("ann:tty", &user, &e), 0);
	assert_int_equal(user.uid, 1000);
	assert_int_equal(user.gid, 5);
	assert_int_equal(user.group_count, 0);
	assert_int_equal(resolve("ann:77", &user, &e), 0);
	assert_int_equal(user.gid, 77);
	assert_int_equal(resolve("root:wheel", &user, &e), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(user.gid, 10);
}

static void test_user_damaged_lines_are_errors_never_root(void **state)
{
	static const char *const damaged[] = {"bob", "cut",   "wide",  "minus",
					      "all", "blank", "empty", "ann:bad"};
	struct user user;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		assert_int_equal(resolve(damaged[i], &user, &e), -EINVAL);
		assert_non_null(strstr(e.what, "damaged"));
		assert_true(*e.hint);
	}
}

static void test_user_unknown_names_are_errors_with_a_hint(void **state)
{
	static const char *const unknown[] = {"eve", "an", "annn", "ann:nogroup", "x", "ann:ann"};
	struct user user;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(resolve(unknown[i], &user, &e), -ENOENT);
		assert_true(*e.hint);
	}
}

static void test_user_nonsense_is_refused(void **state)
{
	static const char *const nonsense[] = {
	    "", ":", "ann:", ":tty", "4294967295", "99999999999999999999", "ann:4294967295"};
	struct user user;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		assert_int_equal(resolve(nonsense[i], &user, &e), -EINVAL);
}

static void test_user_home_is_a_path_or_root(void **state)
{
	struct user user;
	struct err e;

	(void)state;
	assert_int_equal(resolve("rel", &user, &e), 0);
	assert_string_equal(user.home, "/");
	assert_int_equal(resolve("bell", &user, &e), 0);
	assert_string_equal(user.home, "/");
}

static void test_user_without_files_numbers_work_and_names_do_not(void **state)
{
	const struct user_files none = {0};
	struct user user;
	struct err e = {0};

	(void)state;
	assert_int_equal(user_resolve("12:34", &none, &user, &e), 0);
	assert_int_equal(user.uid, 12);
	assert_int_equal(user.gid, 34);
	assert_int_equal(user_resolve("ann", &none, &user, &e), -ENOENT);
	assert_non_null(strstr(e.what, "no /etc/passwd"));
	e = (struct err){0};
	assert_int_equal(user_resolve("12:tty", &none, &user, &e), -ENOENT);
	assert_non_null(strstr(e.what, "no /etc/group"));
}

static void test_user_too_many_groups_are_refused_not_cut(void **state)
{
	const size_t lines = USER_GROUPS_MAX + 2;
	char *text = malloc(lines * 32);
	struct user user;
	struct err e = {0};
	size_t length = 0;

	(void)state;
	for (size_t i = 0; i < lines; i++)
		length += (size_t)snprintf(text + length, 32, "g%zu:x:%zu:ann\n", i, 2000 + i);
	const struct user_files files = {passwd, text, sizeof(passwd) - 1, length};
	assert_int_equal(user_resolve("ann", &files, &user, &e), -E2BIG);
	assert_int_equal(user_resolve("ann:g1", &files, &user, &e), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_user_name_brings_group_home_and_groups),
	    cmocka_unit_test(test_user_number_is_looked_up_too),
	    cmocka_unit_test(test_user_unknown_number_is_never_in_group_zero),
	    cmocka_unit_test(test_user_group_that_is_named_is_the_only_one),
	    cmocka_unit_test(test_user_damaged_lines_are_errors_never_root),
	    cmocka_unit_test(test_user_unknown_names_are_errors_with_a_hint),
	    cmocka_unit_test(test_user_nonsense_is_refused),
	    cmocka_unit_test(test_user_home_is_a_path_or_root),
	    cmocka_unit_test(test_user_without_files_numbers_work_and_names_do_not),
	    cmocka_unit_test(test_user_too_many_groups_are_refused_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
