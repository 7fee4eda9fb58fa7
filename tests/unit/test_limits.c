/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Limits as words: lists of processors, what fits together, how they are changed, saved and taken
 * away.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpus.h"
#include "spec.h"

enum { WORDS_MAX = 16 };

/* Cuts `line` at its blanks and calls spec_update_limits(). */
static int update(struct sandbox_spec *spec, const char *line, struct err *e)
{
	char *copy = strdup(line), *rest = copy, *words[WORDS_MAX];
	int count = 0, r;

	while (count < WORDS_MAX && rest && *line)
		words[count++] = strsep(&rest, " ");
	if (!spec->kind[0])
		str_copy(spec->kind, sizeof(spec->kind), "container");
	r = spec_update_limits(spec, count, words, e);
	free(copy);
	return r;
}

static bool is_refused(const char *before, const char *line, const char *what)
{
	auto_spec spec = {0};
	struct err e = {0};

	assert_int_equal(update(&spec, before, NULL), 0);
	return update(&spec, line, &e) == -EINVAL && strstr(e.what, what) && e.hint[0];
}

static void test_a_list_of_processors_is_read(void **state)
{
	struct cpus set, all;

	(void)state;
	assert_int_equal(cpus_parse("0-2,5\n", &set), 0);
	assert_int_equal(set.bits[0], 0x27);
	assert_int_equal(cpus_parse("8191", &set), 0);
	assert_int_equal(cpus_parse("", &set), 0);
	assert_int_equal(cpus_parse("0-1", &all), 0);
	assert_true(cpus_are_within(&set, &all));
	assert_int_equal(cpus_parse("0,2", &set), 0);
	assert_false(cpus_are_within(&set, &all));
}

static void test_what_is_no_list_of_processors_is_refused(void **state)
{
	static const char *const lists[] = {"a", "-1", "1-",    "3-1",  "1,,2", "1,",
					    ",", "1 ", "0-1-2", "\n\n", "0x1"};
	struct cpus set;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_int_equal(cpus_parse(lists[i], &set), -EINVAL);
	assert_int_equal(cpus_parse("8192", &set), -ERANGE);
	assert_int_equal(cpus_parse("99999999999999999999", &set), -ERANGE);
}

static void test_a_limit_is_changed_and_taken_away(void **state)
{
	auto_spec spec = {0};

	(void)state;
	assert_int_equal(update(&spec, "--memory 64M --cpus=1.5 --pids 9 --cpuset-cpus 0", NULL),
			 0);
	assert_int_equal(update(&spec, "-m 32M --cpus max", NULL), 0);
	assert_int_equal(spec.memory_bytes, 32 << 20);
	assert_int_equal(spec.cpu_millis, 0);
	assert_int_equal(spec.pids_max, 9);
	assert_string_equal(spec.cpuset, "0");
	assert_int_equal(update(&spec, "--memory=max --pids max --cpuset-cpus max", NULL), 0);
	assert_int_equal(spec.memory_bytes + spec.pids_max, 0);
	assert_null(spec.cpuset);
}

static void test_of_two_limits_on_a_device_the_last_counts(void **state)
{
	auto_spec spec = {0};

	(void)state;
	assert_int_equal(update(&spec,
				"--device-read-bps /dev/a:1M --device-read-bps /dev/b:2M "
				"--device-write-bps /dev/a:3M",
				NULL),
			 0);
	assert_int_equal(update(&spec, "--device-read-bps /dev/a:5", NULL), 0);
	assert_string_equal(spec.io_limits[0], "rbps /dev/b:2097152");
	assert_string_equal(spec.io_limits[1], "wbps /dev/a:3145728");
	assert_string_equal(spec.io_limits[2], "rbps /dev/a:5");
	assert_int_equal(update(&spec, "--device-write-bps /dev/a:max", NULL), 0);
	assert_string_equal(spec.io_limits[1], "rbps /dev/a:5");
	assert_null(spec.io_limits[2]);
}

static void test_only_limits_are_changed(void **state)
{
	(void)state;
	assert_true(is_refused("", "--env A=1", "cannot be changed"));
	assert_true(is_refused("", "--no-seccomp", "cannot be changed"));
	assert_true(is_refused("", "-it", "cannot be changed"));
	assert_true(is_refused("", "demo", "no limit"));
	assert_true(is_refused("", "--", "no limit"));
	assert_true(is_refused("", "--memroy 1M", "unknown option"));
	assert_true(is_refused("", "--memory", "needs a value"));
	assert_true(is_refused("", "--memory -1", "not a size"));
}

static void test_a_change_that_is_refused_changes_nothing(void **state)
{
	auto_spec spec = {0};

	(void)state;
	assert_int_equal(update(&spec, "--memory 64M --memory-swap 64M", NULL), 0);
	assert_int_equal(update(&spec, "--pids 5 --memory 128M", NULL), -EINVAL);
	assert_int_equal(spec.memory_bytes, 64 << 20);
	assert_int_equal(spec.pids_max, 0);
}

static void test_limits_that_do_not_fit_together_are_refused(void **state)
{
	(void)state;
	assert_true(is_refused("", "--memory-swap 64M", "without --memory"));
	assert_true(is_refused("", "--memory 64M --memory-swap 32M", "less than --memory"));
	assert_true(
	    is_refused("--memory 64M --memory-swap 64M", "--memory max", "without --memory"));
	assert_false(is_refused("", "--memory-swap -1", ""));
}

static void test_without_an_account_nothing_is_limited(void **state)
{
	static const char *const lines[] = {"--memory 64M", "--cpus 1", "--cpuset-cpus 0",
					    "--pids 5", "--device-read-bps /dev/a:1M"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		auto_spec spec = {.removed_bricks = SPEC_CGROUP};
		struct err e = {0};

		assert_int_equal(update(&spec, lines[i], &e), -EINVAL);
		assert_non_null(strstr(e.what, "--no-cgroup"));
	}
}

static void test_limits_come_back_from_the_file(void **state)
{
	auto_spec spec = {0}, again = {0};
	auto_strbuf words = {0};

	(void)state;
	assert_int_equal(update(&spec,
				"--memory 64M --memory-swap -1 --cpus 0.25 --cpuset-cpus 0-1 "
				"--device-write-iops /dev/a:7",
				NULL),
			 0);
	spec_encode(&spec, &words);
	assert_int_equal(spec_decode(&again, words.data, words.length, NULL), 0);
	assert_true(again.memory_swap_bytes == SPEC_SWAP_UNLIMITED);
	assert_int_equal(again.cpu_millis, 250);
	assert_string_equal(again.cpuset, "0-1");
	assert_string_equal(again.io_limits[0], "wiops /dev/a:7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_list_of_processors_is_read),
	    cmocka_unit_test(test_what_is_no_list_of_processors_is_refused),
	    cmocka_unit_test(test_a_limit_is_changed_and_taken_away),
	    cmocka_unit_test(test_of_two_limits_on_a_device_the_last_counts),
	    cmocka_unit_test(test_only_limits_are_changed),
	    cmocka_unit_test(test_a_change_that_is_refused_changes_nothing),
	    cmocka_unit_test(test_limits_that_do_not_fit_together_are_refused),
	    cmocka_unit_test(test_without_an_account_nothing_is_limited),
	    cmocka_unit_test(test_limits_come_back_from_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
