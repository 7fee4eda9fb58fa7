/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Predicates of lessons: what the grammar takes and refuses, and what they say about a lab that is
 * nothing but hand-written journals: no worker, no wall.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "check.h"
#include "console.h"
#include "fd.h"
#include "journal.h"
#include "lessons.h"
#include "rundir.h"

static void assert_refused(const char *line, const char *part)
{
	struct check check;
	struct err e = {0};

	assert_true(check_parse(line, &check, &e) < 0);
	if (!strstr(e.what, part))
		fail_msg("'%s': '%s' has no '%s'", line, e.what, part);
}

static void test_the_grammar_takes_what_it_documents(void **state)
{
	static const char *const lines[] = {
	    "container.state is running : \"why\"",
	    "lab.count >= 2 : \"why\"",
	    "vm.boot < 500ms : \"why\"",
	    "demo-vm.step.kvm_vm exists : \"why\"",
	    "vm.fact.kernel_identity is own : \"why\"",
	    "vm.value.hostname contains \"demo\" : \"why\"",
	    "vm.memory >= 16M : \"why\"",
	    "demo.exit = 0",
	    "container.console contains \"pid 1\" : \"why : not\"",
	    "!sh exit 0",
	};
	struct check check;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (check_parse(lines[i], &check, NULL) < 0)
			fail_msg("refused: %s", lines[i]);
	assert_true(check.is_script);
	check_parse(lines[8], &check, NULL);
	assert_string_equal(check.text, "pid 1");
	assert_string_equal(check.why, "why : not");
	check_parse(lines[2], &check, NULL);
	assert_int_equal(check.number, 500000000);
}

static void test_the_grammar_refuses_what_cannot_be_meant(void **state)
{
	(void)state;
	assert_refused("container", "WHO.field");
	assert_refused("container.colour is red", "no such field");
	assert_refused("container.state", "relation is missing");
	assert_refused("container.state is", "value is missing");
	assert_refused("container.state is asleep", "not a value");
	assert_refused("container.state < running", "does not fit");
	assert_refused("vm.boot is 5ms", "does not fit");
	assert_refused("vm.boot < 5", "not a value");
	assert_refused("vm.boot < 5parsec", "not a value");
	assert_refused("vm.fact is own", "which one");
	assert_refused("vm.fact.colour is own", "no such fact");
	assert_refused("vm.count.x = 1", "no parts");
	assert_refused("vm.count near 1", "no such relation");
	assert_refused("vm.count = 1 because", "after the value");
	assert_refused("vm.count = 1 : \"open", "after the value");
	assert_refused("vm.count = 1 : \"why\" more", "after the value");
}

/* ---- a lab of journals ---- */

static void add_event(int fd, const char *sandbox, enum event_kind kind, const char *name,
		      const char *value, uint64_t t_ns)
{
	struct journal_writer writer = {.fd = fd};
	struct event event = {.kind = kind, .t_ns = t_ns, .duration_ns = 1000};

	snprintf(event.sandbox, sizeof(event.sandbox), "%s", sandbox);
	snprintf(event.name, sizeof(event.name), "%s", name);
	snprintf(event.value, sizeof(event.value), "%s", value);
	assert_int_equal(journal_append(&writer, &event), 0);
}

static void make_sandbox(const char *kind, const char *name, uint64_t boot_ns, const char *text)
{
	auto_spec spec = {0};
	auto_rundir dir = RUNDIR_NONE;
	auto_close int events = -1, console = -1;
	struct console_writer writer;
	struct err e = {0};

	snprintf(spec.kind, sizeof(spec.kind), "%s", kind);
	snprintf(spec.name, sizeof(spec.name), "%s", name);
	if (spec_parse_options(&spec, 0, NULL, &e) < 0 || rundir_create(&spec, &dir, &e) < 0)
		fail_msg("%s", e.what);
	events = rundir_open_file(&dir, "events", O_WRONLY | O_APPEND, &e);
	console = rundir_open_file(&dir, "console", O_RDWR, &e);
	assert_true(events >= 0 && console >= 0);
	add_event(events, name, EVENT_STEP, "request", "-", 1000);
	add_event(events, name, EVENT_STEP, "clone", "", 2000);
	add_event(events, name, EVENT_READY, "", "", 1000 + boot_ns);
	add_event(events, name, EVENT_EXIT, "status", "3", 9000000000);
	add_event(events, name, EVENT_STATE, "stopped", "", 9000000000);
	assert_int_equal(console_writer_init(&writer, console, NULL), 0);
	assert_int_equal(console_write(&writer, text, strlen(text)), 0);
}

struct fixture {
	char folder[32];
	struct lab *lab;
};

static int make_lab(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct lab_options options = {0};
	struct err e = {0};

	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/isolab-test-XXXXXX");
	if (!mkdtemp(fixture->folder) || setenv("XDG_RUNTIME_DIR", fixture->folder, 1) < 0)
		return -1;
	make_sandbox("container", "demo-container", 3000000, "pid 1, parent 0\n");
	make_sandbox("process", "demo-process", 1000000, "pid 4711\n");
	*state = fixture;
	if (lab_create(&options, &fixture->lab, &e) < 0)
		fail_msg("%s", e.what);
	return lab_dispatch(fixture->lab, &e);
}

static int remove_lab(void **state)
{
	struct fixture *fixture = *state;
	char base[64];
	int r;

	while (lab_count(fixture->lab))
		if (sandbox_remove(lab_at(fixture->lab, 0), true, NULL) < 0 ||
		    lab_dispatch(fixture->lab, NULL) < 0)
			return -1;
	lab_destroy(fixture->lab);
	snprintf(base, sizeof(base), "%s/isolab", fixture->folder);
	rmdir(base);
	r = rmdir(fixture->folder);
	free(fixture);
	return r;
}

static void assert_result(void **state, const char *line, enum check_result expected)
{
	struct fixture *fixture = *state;
	char reason[512] = "";
	struct check check;
	struct err e = {0};

	if (check_parse(line, &check, &e) < 0)
		fail_msg("%s: %s", line, e.what);
	if (check_evaluate(&check, fixture->lab, reason, sizeof(reason)) != expected)
		fail_msg("%s: %s", line, reason);
	if (expected == CHECK_FAILED && !check.is_script)
		assert_string_equal(reason, check.why);
}

static void test_predicates_read_the_journal(void **state)
{
	assert_result(state, "lab.count = 2", CHECK_PASSED);
	assert_result(state, "container.count = 1", CHECK_PASSED);
	assert_result(state, "container.count exists", CHECK_PASSED);
	assert_result(state, "container.state is stopped", CHECK_PASSED);
	assert_result(state, "demo-process.state is-not running", CHECK_PASSED);
	assert_result(state, "container.boot < 4ms", CHECK_PASSED);
	assert_result(state, "process.boot <= 1ms", CHECK_PASSED);
	assert_result(state, "container.step.clone exists", CHECK_PASSED);
	assert_result(state, "container.exit = 3", CHECK_PASSED);
	assert_result(state, "container.console contains \"pid 1,\"", CHECK_PASSED);
}

static void test_what_is_not_there_fails_with_its_reason(void **state)
{
	assert_result(state, "vm.count exists : \"no vm\"", CHECK_FAILED);
	assert_result(state, "vm.state is running : \"no vm\"", CHECK_FAILED);
	assert_result(state, "container.state is running : \"not running\"", CHECK_FAILED);
	assert_result(state, "container.boot < 2ms : \"slow\"", CHECK_FAILED);
	assert_result(state, "container.step.pivot exists : \"no step\"", CHECK_FAILED);
	assert_result(state, "container.fact.hostname is own : \"not read\"", CHECK_FAILED);
	assert_result(state, "container.memory > 1 : \"no sample\"", CHECK_FAILED);
	assert_result(state, "process.console contains \"pid 1,\" : \"no\"", CHECK_FAILED);
}

static void test_measuring_takes_the_first_that_has_it(void **state)
{
	struct fixture *fixture = *state;
	struct check_subject subject;
	struct check_value value;

	assert_int_equal(check_parse_subject("container.boot", &subject, NULL), 0);
	assert_int_equal(check_measure(&subject, fixture->lab, &value), 0);
	assert_int_equal(value.number, 3000000);
	assert_int_equal(check_parse_subject("vm.boot", &subject, NULL), 0);
	assert_true(check_measure(&subject, fixture->lab, &value) < 0);
}

static void test_scripts_pass_fail_or_are_the_lessons_fault(void **state)
{
	assert_result(state, "!sh true", CHECK_PASSED);
	assert_result(state, "!sh echo no; exit 1", CHECK_FAILED);
	assert_result(state, "!sh echo look here; exit 2", CHECK_FAILED);
	assert_result(state, "!sh exit 1", CHECK_BROKEN);
	assert_result(state, "!sh exit 7", CHECK_BROKEN);
	assert_result(state, "!sh kill -9 $$", CHECK_BROKEN);
	assert_result(state, "!sh yes | head -c 100000; exit 1", CHECK_FAILED);
}

static void note_candidate(void *arg, const char *candidate)
{
	strncat(arg, candidate, 60);
	strncat(arg, " ", 2);
}

static void test_the_prompt_completes_the_parts_of_lesson(void **state)
{
	static const struct command *const *const lists[] = {lessons_commands, NULL};
	const struct command_table table = {.lists = lists};
	char found[512] = "";
	size_t start;

	(void)state;
	command_complete(&table, NULL, "lesson s", 8, &start, note_candidate, found);
	assert_string_equal(found, "show start solution ");
	assert_int_equal(start, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_grammar_takes_what_it_documents),
	    cmocka_unit_test(test_the_grammar_refuses_what_cannot_be_meant),
	    cmocka_unit_test(test_predicates_read_the_journal),
	    cmocka_unit_test(test_what_is_not_there_fails_with_its_reason),
	    cmocka_unit_test(test_measuring_takes_the_first_that_has_it),
	    cmocka_unit_test(test_the_prompt_completes_the_parts_of_lesson),
	    cmocka_unit_test(test_scripts_pass_fail_or_are_the_lessons_fault),
	};

	return cmocka_run_group_tests(tests, make_lab, remove_lab);
}
