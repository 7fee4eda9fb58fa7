/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is read from the kernel's books: files of cgroups of both versions, and of pressure. What
 * says "no limit" is no number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account.h"

static void expect(const char *text, const char *key, uint64_t number)
{
	uint64_t found = 0;

	assert_true(account_parse(text, key, &found));
	assert_int_equal(found, number);
}

static void test_a_file_that_is_one_number_is_read(void **state)
{
	(void)state;
	expect("67108864\n", "", 67108864);
	expect("150000 100000\n", "", 150000);
	expect("0\n", "", 0);
}

static void test_no_limit_is_no_number(void **state)
{
	uint64_t found;

	(void)state;
	assert_false(account_parse("max\n", "", &found));
	assert_false(account_parse("max 100000\n", "", &found));
	assert_false(account_parse("-1\n", "", &found));
	assert_false(account_parse("9223372036854771712\n", "", &found)); /* v1's word for it */
	assert_false(account_parse("99999999999999999999999\n", "", &found));
	assert_false(account_parse("", "", &found));
}

static void test_a_count_is_found_by_its_whole_name(void **state)
{
	static const char text[] = "oom 7\noom_kill_disable 1\noom_kill 2\n";
	uint64_t found;

	(void)state;
	expect(text, "oom_kill", 2);
	expect(text, "oom", 7);
	expect("nr_periods 4\nnr_throttled 3\nthrottled_time 5\n", "nr_throttled", 3);
	assert_false(account_parse(text, "kill", &found));
	assert_false(account_parse("oom_kill \n", "oom_kill", &found));
}

static void test_devices_are_added_up(void **state)
{
	(void)state;
	expect("254:0 Read 4096\n254:0 Write 1\n254:16 Read 512\nTotal 4609\n", "Read", 4608);
	expect("254:0 rbytes=10 wbytes=20 rios=1\n8:0 rbytes=5 wbytes=6\n", "rbytes", 15);
	expect("254:0 rbytes=10 wbytes=20 rios=1\n8:0 rbytes=5 wbytes=6\n", "wbytes", 26);
}

static void test_pressure_is_read(void **state)
{
	struct pressure pressure;

	(void)state;
	assert_true(account_parse_pressure("some avg10=1.50 avg60=0.10 avg300=0.00 total=20\n"
					   "full avg10=0.25 avg60=0.00 avg300=0.00 total=3\n",
					   &pressure));
	assert_true(pressure.some_percent > 1.49 && pressure.some_percent < 1.51);
	assert_true(pressure.full_percent > 0.24 && pressure.full_percent < 0.26);
	assert_int_equal(pressure.some_ns, 20000);
	assert_int_equal(pressure.full_ns, 3000);
	assert_true(account_parse_pressure("some avg10=x total=", &pressure));
	assert_true(pressure.some_percent == 0 && pressure.some_ns == 0);
	assert_false(account_parse_pressure("none\n", &pressure));
	assert_false(pressure.is_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_file_that_is_one_number_is_read),
	    cmocka_unit_test(test_no_limit_is_no_number),
	    cmocka_unit_test(test_a_count_is_found_by_its_whole_name),
	    cmocka_unit_test(test_devices_are_added_up),
	    cmocka_unit_test(test_pressure_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
