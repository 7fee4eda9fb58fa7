/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One event, one JSON line: what is written is read, the worst strings fit, and foreign lines are
 * refused or cut at a whole character.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "event.h"

static void test_line_leaves_out_what_is_empty(void **state)
{
	const struct event event = {.t_ns = 123, .kind = EVENT_READY, .sandbox = "demo"};
	auto_strbuf line = {0};

	(void)state;
	event_encode(&event, &line);
	assert_string_equal(line.data, "{\"t_ns\":123,\"sandbox\":\"demo\",\"kind\":\"ready\"}\n");
}

static void test_every_kind_has_a_name_that_leads_back(void **state)
{
	enum event_kind kind = EVENT_STEP;

	(void)state;
	for (unsigned i = 0; i < EVENT_KINDS; i++) {
		assert_int_equal(event_kind_parse(event_kind_name((enum event_kind)i), &kind), 0);
		assert_int_equal(kind, i);
	}
	assert_int_equal(event_kind_parse("kinds", &kind), -EINVAL);
	assert_string_equal(event_kind_name(EVENT_KINDS), "unknown");
}

static void test_what_is_written_is_read(void **state)
{
	struct event event = {.t_ns = 1,
			      .duration_ns = 2,
			      .offset = 3,
			      .length = 4,
			      .kind = EVENT_NOTE,
			      .sandbox = "demo",
			      .name = "limit",
			      .value = "a \"quoted\"\n\\ é",
			      .detail = "\x01"};
	struct event read;
	auto_strbuf line = {0};

	(void)state;
	event_encode(&event, &line);
	assert_int_equal(event_decode(line.data, line.length, &read, NULL), 0);
	assert_int_equal(read.t_ns, 1);
	assert_int_equal(read.duration_ns, 2);
	assert_int_equal(read.offset, 3);
	assert_int_equal(read.length, 4);
	assert_int_equal(read.kind, EVENT_NOTE);
	assert_string_equal(read.sandbox, event.sandbox);
	assert_string_equal(read.name, event.name);
	assert_string_equal(read.value, event.value);
	assert_string_equal(read.detail, event.detail);
}

static int scan(const char *line, struct event *event)
{
	return event_scan(line, strlen(line), event);
}

static void test_what_is_written_is_also_scanned(void **state)
{
	struct event event = {.t_ns = INT64_MAX,
			      .duration_ns = 2,
			      .offset = 3,
			      .length = 4,
			      .kind = EVENT_NOTE,
			      .sandbox = "outer/inner",
			      .name = "limit",
			      .value = "a \"quoted\"\n\t\\ é \x7f",
			      .detail = "\x01\x1f"};
	struct event read;
	auto_strbuf line = {0};

	(void)state;
	event_encode(&event, &line);
	assert_int_equal(scan(line.data, &read), 0);
	assert_memory_equal(&read, &event, sizeof(event));
	line.data[line.length - 1] = '\0'; /* also without its newline */
	assert_int_equal(scan(line.data, &read), 0);
	line.length = 0;
	event_encode(&(struct event){.t_ns = 1, .kind = EVENT_READY, .sandbox = "x"}, &line);
	assert_int_equal(scan(line.data, &read), 0);
	assert_int_equal(read.kind, EVENT_READY);
	assert_string_equal(read.name, "");
}

static void test_what_is_not_written_so_is_not_scanned(void **state)
{
	static const char *const bad[] = {
	    "",
	    "{",
	    "{\"t_ns\":",
	    "{\"t_ns\":}",
	    "{\"t_ns\":1,\"sandbox\":\"x",
	    "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"party\"}",
	    "{\"t_ns\":9223372036854775808,\"sandbox\":\"x\",\"kind\":\"ready\"}",
	    "{ \"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"ready\"}",
	    "{\"sandbox\":\"x\",\"t_ns\":1,\"kind\":\"ready\"}",
	    "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"ready\",\"new\":1}",
	    "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"ready\"} more",
	    "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"ready\"}\n\n",
	    "{\"t_ns\":1,\"sandbox\":\"\\u0000\",\"kind\":\"ready\"}",
	    "{\"t_ns\":1,\"sandbox\":\"\\u01\",\"kind\":\"ready\"}",
	    "{\"t_ns\":1,\"sandbox\":\"\\u\"}",
	    "{\"t_ns\":1,\"sandbox\":\"\\",
	    "{\"t_ns\":1,\"sandbox\":\"a\nb\",\"kind\":\"ready\"}",
	};
	struct event event = {.t_ns = 7};
	auto_strbuf line = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(scan(bad[i], &event), -EINVAL);
	str_add(&line, "{\"t_ns\":1,\"sandbox\":\"");
	for (int i = 0; i < EVENT_SANDBOX_MAX; i++)
		str_add(&line, "x");
	str_add(&line, "\",\"kind\":\"ready\"}");
	assert_int_equal(scan(line.data, &event), -EINVAL);
	assert_int_equal(event.t_ns, 7);
}

static void test_the_worst_strings_fit_a_line(void **state)
{
	struct event event = {.t_ns = UINT64_MAX,
			      .duration_ns = UINT64_MAX,
			      .offset = UINT64_MAX,
			      .length = UINT64_MAX,
			      .kind = EVENT_DROPPED};
	auto_strbuf line = {.limit = EVENT_LINE_MAX};

	(void)state;
	memset(event.sandbox, 1, sizeof(event.sandbox) - 1);
	memset(event.name, 1, sizeof(event.name) - 1);
	memset(event.value, 1, sizeof(event.value) - 1);
	memset(event.detail, 1, sizeof(event.detail) - 1);
	event_encode(&event, &line);
	assert_false(line.failed);
}

static int decode(const char *text, struct event *event)
{
	struct err e = {0};
	int r = event_decode(text, strlen(text), event, &e);

	assert_true(r == 0 || e.what[0]);
	return r;
}

static void test_lines_that_are_no_events_are_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "{",
	    "[]",
	    "null",
	    "{\"t_ns\":1,\"sandbox\":\"x\"}",
	    "{\"t_ns\":1,\"kind\":\"ready\"}",
	    "{\"sandbox\":\"x\",\"kind\":\"ready\"}",
	    "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"party\"}",
	    "{\"t_ns\":-1,\"sandbox\":\"x\",\"kind\":\"ready\"}",
	    "{\"t_ns\":1.5,\"sandbox\":\"x\",\"kind\":\"ready\"}",
	    "{\"t_ns\":1,\"sandbox\":7,\"kind\":\"ready\"}",
	    "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"ready\",\"name\":{}}",
	    "{\"t_ns\":1,\"t_ns\":2,\"sandbox\":\"x\",\"kind\":\"ready\"}",
	    "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"ready\"} more",
	};
	struct event event;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(decode(bad[i], &event), -EINVAL);
}

static void test_unknown_keys_are_ignored(void **state)
{
	struct event event;

	(void)state;
	assert_int_equal(decode("{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"ready\",\"new\":[1]}",
				&event),
			 0);
	assert_int_equal(event.kind, EVENT_READY);
}

static void test_long_texts_are_cut_at_a_character(void **state)
{
	auto_strbuf line = {0};
	struct event event;

	(void)state;
	str_add(&line, "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"note\",\"name\":\"");
	for (int i = 0; i < 40; i++)
		str_add(&line, "日");
	str_add(&line, "\"}");
	assert_int_equal(event_decode(line.data, line.length, &event, NULL), 0);
	assert_int_equal(strlen(event.name), 63); /* 21 whole characters */
	str_add(&line, "     ");
	line.length = 0;
	str_add(&line, "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"note\",\"name\":\"a");
	for (int i = 0; i < 40; i++)
		str_add(&line, "日");
	str_add(&line, "\"}");
	assert_int_equal(event_decode(line.data, line.length, &event, NULL), 0);
	assert_int_equal(strlen(event.name), 61); /* a and 20: no stump at the end */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_line_leaves_out_what_is_empty),
	    cmocka_unit_test(test_every_kind_has_a_name_that_leads_back),
	    cmocka_unit_test(test_what_is_written_is_read),
	    cmocka_unit_test(test_what_is_written_is_also_scanned),
	    cmocka_unit_test(test_what_is_not_written_so_is_not_scanned),
	    cmocka_unit_test(test_the_worst_strings_fit_a_line),
	    cmocka_unit_test(test_lines_that_are_no_events_are_refused),
	    cmocka_unit_test(test_unknown_keys_are_ignored),
	    cmocka_unit_test(test_long_texts_are_cut_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
