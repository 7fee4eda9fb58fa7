/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a journal tells about its sandbox: state, end, failure, samples, facts. Events are foreign:
 * nonsense changes nothing.
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

#include "story.h"
#include "str.h"

static void tell(struct story *story, enum event_kind kind, const char *name, const char *value,
		 const char *detail, uint64_t t_ns)
{
	struct event event = {.kind = kind, .t_ns = t_ns};

	str_copy(event.name, sizeof(event.name), name);
	str_copy(event.value, sizeof(event.value), value);
	str_copy(event.detail, sizeof(event.detail), detail);
	story_add(story, &event);
}

static void test_a_life_from_request_to_exit(void **state)
{
	struct story story;

	(void)state;
	story_init(&story);
	assert_int_equal(story.state, SANDBOX_CREATED);
	assert_false(story_is_alive(&story));
	tell(&story, EVENT_STEP, "request", "kvm", "together", 10);
	assert_int_equal(story.state, SANDBOX_STARTING);
	assert_string_equal(story.accel, "kvm");
	assert_true(story.is_together);
	tell(&story, EVENT_READY, "", "", "", 20);
	assert_int_equal(story.state, SANDBOX_RUNNING);
	tell(&story, EVENT_STATE, "paused", "", "", 30);
	assert_int_equal(story.state, SANDBOX_PAUSED);
	assert_true(story_is_alive(&story));
	tell(&story, EVENT_EXIT, "status", "7", "", 40);
	assert_int_equal(story.state, SANDBOX_STOPPED);
	assert_int_equal(story.exit_status, 7);
	assert_int_equal(story.ended_ns, 40);
	story_finish(&story);
}

static void test_a_signal_is_a_status_as_a_shell_has_it(void **state)
{
	struct story story;

	(void)state;
	story_init(&story);
	tell(&story, EVENT_EXIT, "signal", "9", "", 1);
	assert_true(story.has_exit);
	assert_int_equal(story.exit_status, 137);
	story_finish(&story);
}

static void test_a_failure_stays_a_failure_when_the_exit_follows(void **state)
{
	struct story story;

	(void)state;
	story_init(&story);
	tell(&story, EVENT_FAIL, "ENOENT", "no such command", "type it right", 1);
	tell(&story, EVENT_EXIT, "status", "127", "", 2);
	assert_int_equal(story.state, SANDBOX_FAILED);
	assert_int_equal(story.exit_status, 127);
	assert_string_equal(story.failure, "no such command");
	assert_string_equal(story.hint, "type it right");
	story_finish(&story);
}

static void test_a_vanished_worker_is_a_failure_with_a_hint(void **state)
{
	struct story story;

	(void)state;
	story_init(&story);
	tell(&story, EVENT_STEP, "request", "", "", 1);
	story_lose_worker(&story);
	assert_int_equal(story.state, SANDBOX_FAILED);
	assert_true(story.failure[0] && story.hint[0]);
	story_finish(&story);
}

static void test_a_second_start_forgets_the_first_end(void **state)
{
	struct story story;

	(void)state;
	story_init(&story);
	tell(&story, EVENT_FAIL, "x", "broken", "mend", 1);
	tell(&story, EVENT_EXIT, "status", "1", "", 2);
	tell(&story, EVENT_FACT, "hostname", "a", "A", 3);
	tell(&story, EVENT_STEP, "request", "", "", 4);
	assert_int_equal(story.state, SANDBOX_STARTING);
	assert_false(story.has_exit);
	assert_string_equal(story.failure, "");
	assert_null(story.facts);
	story_finish(&story);
}

static void test_a_request_that_is_written_late_forgets_nothing_newer(void **state)
{
	struct story story;

	(void)state;
	story_init(&story);
	tell(&story, EVENT_NOTE, "accel", "kvm", "", 2);
	tell(&story, EVENT_NOTE, "x", "the first start's", "", 3);
	tell(&story, EVENT_NOTE, "accel", "tcg", "", 12);
	tell(&story, EVENT_NOTE, "x", "emulated", "", 13);
	tell(&story, EVENT_STEP, "request", "", "", 10);
	assert_string_equal(story.accel, "tcg");
	assert_string_equal(story.note, "emulated");
	tell(&story, EVENT_STEP, "request", "none", "", 20);
	assert_string_equal(story.accel, "none");
	assert_string_equal(story.note, "");
	story_finish(&story);
}

static void test_nonsense_changes_nothing(void **state)
{
	struct story story;

	(void)state;
	story_init(&story);
	tell(&story, EVENT_STATE, "flying", "", "", 1);
	tell(&story, EVENT_EXIT, "status", "many", "", 1);
	tell(&story, EVENT_EXIT, "status", "99999", "", 1);
	tell(&story, EVENT_SAMPLE, "memory_bytes", "-1", "", 1);
	tell(&story, EVENT_SAMPLE, "nonsense", "1", "", 1);
	tell(&story, EVENT_FACT, "nonsense", "1", "", 1);
	story_add(&story, &(struct event){.kind = EVENT_KINDS});
	assert_int_equal(story.state, SANDBOX_CREATED);
	assert_false(story.has_exit);
	assert_null(story_sample(&story, 0));
	assert_null(story.facts);
	story_finish(&story);
}

static void test_fields_of_one_stamp_are_one_sample(void **state)
{
	struct story story;

	(void)state;
	story_init(&story);
	tell(&story, EVENT_SAMPLE, "memory_bytes", "4096", "", 10);
	tell(&story, EVENT_SAMPLE, "cpu_ns", "7", "", 10);
	tell(&story, EVENT_SAMPLE, "cpu_ns", "9", "", 20);
	assert_int_equal(story_sample(&story, 0)->cpu_ns, 9);
	assert_int_equal(story_sample(&story, 0)->memory_bytes, 4096); /* unchanged, so not told */
	assert_int_equal(story_sample(&story, 1)->cpu_ns, 7);
	assert_null(story_sample(&story, 2));
	assert_false(story_sample(&story, 0)->has_exits);
	tell(&story, EVENT_SAMPLE, "exits", "0", "", 20);
	assert_true(story_sample(&story, 0)->has_exits);
	story_finish(&story);
}

static void test_only_the_newest_samples_are_kept(void **state)
{
	struct story story;

	(void)state;
	story_init(&story);
	for (uint64_t t = 1; t <= 3 * SAMPLES_KEPT; t++)
		story_add_sample(&story, &(struct sample){.t_ns = t, .cpu_ns = t});
	assert_int_equal(story_sample(&story, 0)->cpu_ns, 3 * SAMPLES_KEPT);
	assert_int_equal(story_sample(&story, SAMPLES_KEPT - 1)->cpu_ns, 2 * SAMPLES_KEPT + 1);
	assert_null(story_sample(&story, SAMPLES_KEPT));
	story_finish(&story);
}

static void test_a_fact_comes_back_as_it_was_encoded(void **state)
{
	struct fact facts[] = {{.value = "a", .identity = "A"},
			       {.value = "permission denied", .is_absent = true}};
	struct story story;

	(void)state;
	story_init(&story);
	for (int i = 0; i < 2; i++) {
		struct event event = {.t_ns = 1};
		const struct fact *back;

		story_encode_fact(&event, "hostname", &facts[i]);
		story_add(&story, &event);
		back = &story.facts->fact[probe_index("hostname")];
		assert_string_equal(back->value, facts[i].value);
		assert_string_equal(back->identity, facts[i].identity);
		assert_int_equal(back->is_absent, facts[i].is_absent);
	}
	story_finish(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_life_from_request_to_exit),
	    cmocka_unit_test(test_a_signal_is_a_status_as_a_shell_has_it),
	    cmocka_unit_test(test_a_failure_stays_a_failure_when_the_exit_follows),
	    cmocka_unit_test(test_a_vanished_worker_is_a_failure_with_a_hint),
	    cmocka_unit_test(test_a_second_start_forgets_the_first_end),
	    cmocka_unit_test(test_a_request_that_is_written_late_forgets_nothing_newer),
	    cmocka_unit_test(test_nonsense_changes_nothing),
	    cmocka_unit_test(test_fields_of_one_stamp_are_one_sample),
	    cmocka_unit_test(test_only_the_newest_samples_are_kept),
	    cmocka_unit_test(test_a_fact_comes_back_as_it_was_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
