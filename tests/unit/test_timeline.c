/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The boot of a sandbox out of the events of its journal, in whatever order they were written: a
 * worker writes its steps in one go after the fact.
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

#include "timeline.h"

static struct event step(const char *name, uint64_t t_ns, uint64_t duration_ns)
{
	struct event event = {.kind = EVENT_STEP, .t_ns = t_ns, .duration_ns = duration_ns};

	snprintf(event.name, sizeof(event.name), "%s", name);
	return event;
}

static void add(struct timeline *timeline, struct event event)
{
	timeline_add(timeline, &event);
}

static void test_what_happened_at_a_limit_is_told_and_the_newest_is_kept(void **state)
{
	struct timeline timeline = {0};
	struct event note = {.kind = EVENT_NOTE, .t_ns = 150, .name = "limit", .value = "at start"};

	(void)state;
	add(&timeline, step("request", 100, 0));
	add(&timeline, note); /* of the boot */
	add(&timeline, (struct event){.kind = EVENT_READY, .t_ns = 200});
	add(&timeline, (struct event){.kind = EVENT_NOTE, .t_ns = 210, .name = "accel"});
	assert_int_equal(timeline.life_count, 0);
	for (unsigned i = 0; i < 2 * TIMELINE_LIFE_MAX; i++) {
		note.t_ns = 300 + i;
		snprintf(note.value, sizeof(note.value), "%u", i);
		add(&timeline, note);
	}
	assert_int_equal(timeline.life_count, TIMELINE_LIFE_MAX);
	assert_string_equal(timeline.life[TIMELINE_LIFE_MAX - 1].why, "15");
	assert_int_equal(timeline.life[0].start_ns, 308);
	add(&timeline, step("request", 900, 0));
	assert_int_equal(timeline.life_count, 0);
}

static void test_refused_calls_are_one_line_for_each_sort_and_push_out_nothing(void **state)
{
	struct timeline timeline = {0};
	struct event note = {.kind = EVENT_NOTE, .t_ns = 300, .name = "denied"};

	(void)state;
	add(&timeline, step("request", 100, 0));
	add(&timeline, (struct event){.kind = EVENT_READY, .t_ns = 200});
	add(&timeline, (struct event){.kind = EVENT_NOTE, .t_ns = 250, .name = "limit"});
	for (unsigned i = 0; i < 20; i++) {
		snprintf(note.value, sizeof(note.value), "socket 0x%x was refused (why)", i % 10);
		add(&timeline, note);
	}
	assert_int_equal(timeline.life_count, 1 + TIMELINE_DENIED_MAX);
	assert_string_equal(timeline.life[0].name, "limit");
	snprintf(note.value, sizeof(note.value), "socket 0x1 was refused 7 times (why)");
	add(&timeline, note);
	assert_int_equal(timeline.life_count, 1 + TIMELINE_DENIED_MAX);
	assert_string_equal(timeline.life[2].why, note.value);
	snprintf(note.value, sizeof(note.value), "what nobody of ours writes");
	add(&timeline, note);
	assert_int_equal(timeline.life_count, 1 + TIMELINE_DENIED_MAX);
}

static void test_steps_are_sorted_by_their_start(void **state)
{
	struct timeline timeline = {0};

	(void)state;
	add(&timeline, step("request", 100, 0));
	add(&timeline, step("exec", 300, 5));
	add(&timeline, step("worker", 150, 50));
	add(&timeline, (struct event){.kind = EVENT_READY, .t_ns = 310});
	assert_int_equal(timeline.count, 4);
	assert_string_equal(timeline.steps[0].name, "request");
	assert_string_equal(timeline.steps[1].name, "worker");
	assert_string_equal(timeline.steps[2].name, "exec");
	assert_string_equal(timeline.steps[3].name, "ready");
	assert_int_equal(timeline_total_ns(&timeline), 210);
}

static void test_a_new_request_begins_anew(void **state)
{
	struct timeline timeline = {0};

	(void)state;
	add(&timeline, step("request", 100, 0));
	add(&timeline, (struct event){.kind = EVENT_READY, .t_ns = 310});
	add(&timeline, step("request", 1000, 0));
	assert_int_equal(timeline.count, 1);
	assert_int_equal(timeline.request_ns, 1000);
	assert_int_equal(timeline_total_ns(&timeline), 0);
}

static void test_without_ready_there_is_no_total(void **state)
{
	struct timeline timeline = {0};

	(void)state;
	add(&timeline, step("worker", 5, 0));
	assert_int_equal(timeline_total_ns(&timeline), 0);
	add(&timeline, (struct event){.kind = EVENT_READY, .t_ns = 3});
	assert_int_equal(timeline_total_ns(&timeline), 0);
}

static void test_other_events_and_too_many_steps_change_nothing(void **state)
{
	struct timeline timeline = {0};

	(void)state;
	add(&timeline, (struct event){.kind = EVENT_NOTE, .name = "request"});
	assert_int_equal(timeline.count, 0);
	for (uint64_t i = 0; i < 2 * TIMELINE_STEPS_MAX; i++)
		add(&timeline, step("flood", i, 0));
	assert_int_equal(timeline.count, TIMELINE_STEPS_MAX);
}

static void test_steps_of_the_design_have_words(void **state)
{
	static const char *const names[] = {
	    "request",      "worker",   "clone", "cgroup",     "idmap",        "mounts",
	    "pivot",        "network",  "caps",  "seccomp",    "kvm_open",     "kvm_vm",
	    "kvm_memory",   "kvm_vcpu", "load",  "devicetree", "enter",        "kernel_entry",
	    "kernel_ready", "init",     "exec",  "ready",      "first_output",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(timeline_step_about(names[i]));
	assert_null(timeline_step_about("nonsense"));
}

static void test_the_end_is_no_part_of_the_boot(void **state)
{
	struct timeline timeline = {0};

	(void)state;
	add(&timeline, step("request", 100, 0));
	add(&timeline, (struct event){.kind = EVENT_READY, .t_ns = 310});
	add(&timeline, step("stop_signal", 1000, 0));
	add(&timeline, step("stop_kill", 9000, 10));
	add(&timeline, step("stop_wait", 1001, 7999));
	assert_int_equal(timeline.count, 2);
	assert_int_equal(timeline.end_count, 3);
	assert_string_equal(timeline.end[0].name, "stop_signal");
	assert_string_equal(timeline.end[1].name, "stop_wait");
	assert_int_equal(timeline.end[1].duration_ns, 7999);
	assert_string_equal(timeline.end[2].name, "stop_kill");
	add(&timeline, step("request", 20000, 0));
	assert_int_equal(timeline.end_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_happened_at_a_limit_is_told_and_the_newest_is_kept),
	    cmocka_unit_test(test_refused_calls_are_one_line_for_each_sort_and_push_out_nothing),
	    cmocka_unit_test(test_steps_are_sorted_by_their_start),
	    cmocka_unit_test(test_a_new_request_begins_anew),
	    cmocka_unit_test(test_without_ready_there_is_no_total),
	    cmocka_unit_test(test_other_events_and_too_many_steps_change_nothing),
	    cmocka_unit_test(test_steps_of_the_design_have_words),
	    cmocka_unit_test(test_the_end_is_no_part_of_the_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
