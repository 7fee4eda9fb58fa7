/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lab with real workers of kind `process`, which every machine can run: what is started is
 * seen, by this lab and by another one, is sampled, tells facts, and is gone with its lease. Waits
 * are for events, never for time.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab.h"

enum { PATIENCE_MS = 20000 };

static const char directory_template[] = "/tmp/isolab-lab-XXXXXX";
struct fixture {
	char directory[sizeof(directory_template)];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[512];

	snprintf(path, sizeof(path), "%s/isolab-container", getenv("ISOLAB_BUILD"));
	if (access(path, X_OK) < 0)
		exit(77);
	str_copy(f->directory, sizeof(f->directory), directory_template);
	assert_non_null(mkdtemp(f->directory));
	setenv("XDG_RUNTIME_DIR", f->directory, 1);
	*state = f;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	int r = nftw(f->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

	free(f);
	return r;
}

static struct lab *make_lab(bool lease, bool sample)
{
	struct lab_options options = {.lease = lease,
				      .sample = sample,
				      .programs_path = getenv("ISOLAB_BUILD")};
	struct err error = {0};
	struct lab *lab = NULL;

	if (lab_create(&options, &lab, &error) < 0)
		fail_msg("%s", error.what);
	return lab;
}

static struct sandbox *start(struct lab *lab, const char *name, const char *command)
{
	char *words[] = {(char *)"--", (char *)"isolab-work", (char *)command};
	auto_spec spec = {.interactive = true, .tty = true};
	struct err error = {0};
	struct sandbox *s = NULL;

	str_copy(spec.kind, sizeof(spec.kind), "process");
	str_copy(spec.name, sizeof(spec.name), name);
	if (spec_parse_options(&spec, command ? 3 : 2, words, &error) < 0 ||
	    lab_make(lab, &spec, &s, &error) < 0 || sandbox_start(s, &error) < 0)
		fail_msg("%s", error.what);
	return s;
}

static bool is_running(struct lab *lab, void *arg)
{
	const struct sandbox *s = lab_find(lab, arg);

	return s && sandbox_state(s) == SANDBOX_RUNNING;
}

static bool is_over(struct lab *lab, void *arg)
{
	const struct sandbox *s = lab_find(lab, arg);

	return !s || !sandbox_is_alive(s);
}

static bool is_listed(struct lab *lab, void *arg)
{
	return lab_find(lab, arg) != NULL;
}

static bool is_unlisted(struct lab *lab, void *arg)
{
	return lab_find(lab, arg) == NULL;
}

static bool has_facts(struct lab *lab, void *arg)
{
	const struct sandbox *s = lab_find(lab, arg);

	return s && sandbox_facts(s) && !sandbox_is_reading_facts(s);
}

static bool has_two_samples(struct lab *lab, void *arg)
{
	const struct sandbox *s = lab_find(lab, arg);

	return s && sandbox_sample(s, 1);
}

static void expect(struct lab *lab, bool (*is_done)(struct lab *, void *), const char *name)
{
	assert_int_equal(lab_wait(lab, is_done, (void *)name, PATIENCE_MS, NULL), 0);
}

static void test_what_is_started_is_seen_by_another_lab(void **state)
{
	struct lab *ours = make_lab(true, false), *theirs = make_lab(false, false);
	struct sandbox *s;

	(void)state;
	lab_fd(theirs); /* watches from now on */
	start(ours, "seen", NULL);
	expect(theirs, is_listed, "seen");
	expect(theirs, is_running, "seen");
	expect(ours, is_running, "seen");
	s = lab_find(theirs, "seen");
	assert_true(timeline_total_ns(sandbox_timeline(s)) > 0);
	assert_int_equal(sandbox_pid(s), sandbox_pid(lab_find(ours, "seen")));
	assert_int_equal(sandbox_kill(s, NULL), 0);
	expect(ours, is_over, "seen");
	expect(theirs, is_over, "seen");
	lab_destroy(theirs);
	lab_destroy(ours);
}

static void test_a_lease_ends_with_its_lab(void **state)
{
	struct lab *ours = make_lab(true, false), *theirs;

	(void)state;
	start(ours, "leased", NULL);
	expect(ours, is_running, "leased");
	lab_destroy(ours);
	theirs = make_lab(false, false);
	assert_null(lab_find(theirs, "leased"));
	assert_int_equal(lab_count(theirs), 0);
	lab_destroy(theirs);
}

static void test_without_a_lease_it_outlives_its_lab(void **state)
{
	struct lab *first = make_lab(false, false), *second;
	struct sandbox *s;

	(void)state;
	start(first, "free", NULL);
	lab_destroy(first);
	second = make_lab(false, false);
	expect(second, is_running, "free");
	s = lab_find(second, "free");
	assert_int_equal(sandbox_remove(s, false, NULL), -EBUSY);
	assert_int_equal(sandbox_remove(s, true, NULL), 0);
	expect(second, is_unlisted, "free");
	lab_destroy(second);
}

static void test_the_status_outlives_the_directory_while_held(void **state)
{
	struct lab *lab = make_lab(true, false);
	struct sandbox *s = start(lab, "held", "false");
	int status;

	(void)state;
	sandbox_hold(s);
	expect(lab, is_over, "held");
	assert_int_equal(sandbox_remove(s, true, NULL), 0);
	expect(lab, is_unlisted, "held");
	assert_true(sandbox_is_gone(s));
	assert_true(sandbox_exit_status(s, &status));
	sandbox_release(s);
	lab_destroy(lab);
}

static void test_facts_of_a_process_are_the_hosts(void **state)
{
	struct lab *lab = make_lab(true, false);
	struct sandbox *s = start(lab, "facts", NULL);
	const struct facts *facts;

	(void)state;
	expect(lab, is_running, "facts");
	assert_int_equal(sandbox_read_facts(s, NULL), 0);
	assert_int_equal(sandbox_read_facts(s, NULL), 0); /* under way already */
	expect(lab, has_facts, "facts");
	facts = sandbox_facts(s);
	assert_int_equal(facts->fact[probe_index("kernel_release")].verdict, VERDICT_SHARED);
	assert_int_equal(facts->fact[probe_index("hostname")].verdict, VERDICT_SHARED);
	assert_int_equal(facts->fact[probe_index("root_filesystem")].verdict, VERDICT_SHARED);
	lab_destroy(lab);
}

static void test_samples_come_by_themselves(void **state)
{
	struct lab *lab = make_lab(true, true);
	struct sandbox *s = start(lab, "sampled", "spin");
	const struct sample *now, *before;

	(void)state;
	expect(lab, has_two_samples, "sampled");
	now = sandbox_sample(s, 0);
	before = sandbox_sample(s, 1);
	assert_true(now->t_ns > before->t_ns);
	assert_true(now->cpu_ns > before->cpu_ns); /* it burns */
	assert_true(now->processes >= 2);
	lab_destroy(lab);
}

static void test_a_killed_worker_is_a_failure(void **state)
{
	struct lab *lab = make_lab(true, false);
	struct sandbox *s = start(lab, "killed", NULL);

	(void)state;
	expect(lab, is_running, "killed");
	assert_int_equal(kill(sandbox_pid(s), SIGKILL), 0);
	expect(lab, is_over, "killed");
	assert_int_equal(sandbox_state(s), SANDBOX_FAILED);
	assert_true(sandbox_failure(s)[0] && sandbox_failure_hint(s)[0]);
	lab_destroy(lab);
}

static void test_input_reaches_the_program_and_its_answer_the_console(void **state)
{
	struct lab *lab = make_lab(true, false);
	struct sandbox *s = start(lab, "talks", NULL);
	char text[4096];
	uint64_t position = 0, lost;
	ssize_t n;

	(void)state;
	expect(lab, is_running, "talks");
	assert_int_equal(sandbox_input(s, "exit 7\n", 7, NULL), 7);
	expect(lab, is_over, "talks");
	n = sandbox_console_read(s, &position, text, sizeof(text) - 1, &lost);
	assert_true(n > 0);
	text[n] = 0;
	assert_non_null(strstr(text, "exit 7"));
	assert_true(sandbox_input(s, "x", 1, NULL) < 0);
	lab_destroy(lab);
}

static void test_names_are_sorted_by_group_then_by_wall(void **state)
{
	static const char *const order[] = {"a", "b-process", "b-container", "b-vm", "c"};
	static const char *const made[] = {"b-vm", "c", "b-container", "a", "b-process"};
	struct lab *lab = make_lab(true, false);
	struct sandbox *group[8];

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		auto_spec spec = {.kind = "process"};
		struct sandbox *s;

		str_copy(spec.name, sizeof(spec.name), made[i]);
		assert_int_equal(lab_make(lab, &spec, &s, NULL), 0);
	}
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(sandbox_name(lab_at(lab, i)), order[i]);
	assert_int_equal(lab_find_group(lab, "b", group, 8, NULL), 3);
	assert_string_equal(sandbox_name(group[2]), "b-vm");
	assert_int_equal(lab_find_group(lab, "d", group, 8, NULL), -ENOENT);
	lab_destroy(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_started_is_seen_by_another_lab),
	    cmocka_unit_test(test_a_lease_ends_with_its_lab),
	    cmocka_unit_test(test_without_a_lease_it_outlives_its_lab),
	    cmocka_unit_test(test_the_status_outlives_the_directory_while_held),
	    cmocka_unit_test(test_facts_of_a_process_are_the_hosts),
	    cmocka_unit_test(test_samples_come_by_themselves),
	    cmocka_unit_test(test_a_killed_worker_is_a_failure),
	    cmocka_unit_test(test_input_reaches_the_program_and_its_answer_the_console),
	    cmocka_unit_test(test_names_are_sorted_by_group_then_by_wall),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
