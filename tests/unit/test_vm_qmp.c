/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What QEMU says of its machine: the things that we hear, whatever else it says, and lines that
 * have no end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qemu.h"

/* Feeds all of it; what its last line says. */
static enum qmp_word feed(struct qmp_parser *parser, const char *text)
{
	enum qmp_word word = QMP_OTHER;

	for (const char *at = text; *at; at++)
		word = qmp_feed(parser, *at);
	return word;
}

static void test_events_of_the_machine_are_heard(void **state)
{
	struct qmp_parser parser = {0};

	(void)state;
	assert_int_equal(feed(&parser, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22}}}}\r\n"),
			 QMP_GREETING);
	assert_int_equal(feed(&parser,
			      "{\"timestamp\": {\"seconds\": 1}, \"event\": \"RESUME\"}\r\n"),
			 QMP_RESUMED);
	assert_int_equal(feed(&parser, "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, "
				       "\"reason\": \"guest-shutdown\"}}\r\n"),
			 QMP_OFF);
	assert_int_equal(feed(&parser, "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, "
				       "\"reason\": \"guest-reset\"}}\r\n"),
			 QMP_RESET);
}

static void test_answers_and_a_host_s_own_end_mean_nothing(void **state)
{
	struct qmp_parser parser = {0};

	(void)state;
	assert_int_equal(feed(&parser, "{\"return\": {}}\r\n"), QMP_OTHER);
	assert_int_equal(feed(&parser, "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": false, "
				       "\"reason\": \"host-signal\"}}\r\n"),
			 QMP_OTHER);
	assert_int_equal(feed(&parser, "{\"event\": \"RESUME\"}"), QMP_OTHER);
}

static void test_line_without_end_is_passed_over(void **state)
{
	struct qmp_parser parser = {0};

	(void)state;
	for (int i = 0; i < 3 * QMP_LINE_MAX; i++)
		assert_int_equal(qmp_feed(&parser, 'x'), QMP_OTHER);
	assert_int_equal(feed(&parser, "\"event\": \"RESUME\"\n"), QMP_OTHER);
	assert_int_equal(feed(&parser, "\"event\": \"RESUME\"\n"), QMP_RESUMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_events_of_the_machine_are_heard),
	    cmocka_unit_test(test_answers_and_a_host_s_own_end_mean_nothing),
	    cmocka_unit_test(test_line_without_end_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
