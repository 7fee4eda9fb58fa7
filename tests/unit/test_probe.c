/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts are read out of foreign text within bounds, and verdicts come from identity, never from
 * equal values.
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

#include "probe.h"

static const struct fact *parsed(struct facts *facts, const char *text, const char *name)
{
	facts_parse(facts, text, strlen(text));
	return &facts->fact[probe_index(name)];
}

static void test_a_fact_has_value_and_identity(void **state)
{
	struct facts facts;
	const struct fact *fact = parsed(&facts, "hostname my host\tboot uts:[1]\npid_count 3\n",
					 "hostname");

	(void)state;
	assert_string_equal(fact->value, "my host");
	assert_string_equal(fact->identity, "boot uts:[1]");
	assert_false(fact->is_absent);
	assert_string_equal(facts.fact[probe_index("pid_count")].value, "3");
}

static void test_a_reason_is_no_value(void **state)
{
	struct facts facts;
	const struct fact *fact = parsed(&facts, "mounts !permission denied\n", "mounts");

	(void)state;
	assert_true(fact->is_absent);
	assert_string_equal(fact->value, "permission denied");
	assert_string_equal(fact->identity, "");
}

static void test_foreign_lines_are_skipped_and_bounded(void **state)
{
	struct facts facts;
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "hostname ", 9);
	assert_int_equal(facts_parse(&facts, text, sizeof(text)), 1);
	assert_int_equal(strlen(facts.fact[probe_index("hostname")].value),
			 sizeof(facts.fact[0].value) - 1);
	assert_int_equal(facts_parse(&facts, "nonsense 1\n\n \nhostname\nhostname \n", 33), 0);
	assert_int_equal(facts_parse(&facts, "", 0), 0);
}

static void test_the_first_of_two_counts_and_controls_are_masked(void **state)
{
	struct facts facts;
	const struct fact *fact = parsed(&facts, "hostname a\x1b[31m\nhostname b\n", "hostname");

	(void)state;
	assert_string_equal(fact->value, "a?[31m");
}

static enum verdict judge(const char *host_text, const char *inside_text, const char *name)
{
	struct facts host, inside;

	facts_parse(&host, host_text, strlen(host_text));
	facts_parse(&inside, inside_text, strlen(inside_text));
	facts_judge(&host, &inside);
	return inside.fact[probe_index(name)].verdict;
}

static void test_equal_text_alone_is_not_shared(void **state)
{
	(void)state;
	assert_int_equal(judge("hostname vm\tA uts:[1]\n", "hostname vm\tA uts:[2]\n", "hostname"),
			 VERDICT_OWN);
	assert_int_equal(judge("hostname vm\tA uts:[1]\n", "hostname vm\tB uts:[1]\n", "hostname"),
			 VERDICT_OWN);
	assert_int_equal(judge("hostname vm\tA uts:[1]\n", "hostname vm\n", "hostname"),
			 VERDICT_UNKNOWN);
}

static void test_the_same_object_is_shared_whatever_its_text(void **state)
{
	(void)state;
	assert_int_equal(judge("pid_count 90\tA pid:[1]\n", "pid_count 91\tA pid:[1]\n",
			       "pid_count"),
			 VERDICT_SHARED);
}

static void test_hidden_needs_the_same_kernel(void **state)
{
	const char *host = "kernel_identity A\tA\nhost_dmesg readable\tA\n";

	(void)state;
	assert_int_equal(judge(host, "kernel_identity A\tA\nhost_dmesg !permission denied\n",
			       "host_dmesg"),
			 VERDICT_HIDDEN);
	assert_int_equal(judge(host, "kernel_identity B\tB\nhost_dmesg !no such file here\n",
			       "host_dmesg"),
			 VERDICT_NONE);
}

static void test_not_implemented_is_none(void **state)
{
	(void)state;
	assert_int_equal(judge("kernel_identity A\tA\nmounts 9\tA\n",
			       "kernel_identity A\tA\nmounts !not implemented by this kernel\n",
			       "mounts"),
			 VERDICT_NONE);
	assert_int_equal(judge("mounts !permission denied\n", "mounts !permission denied\n",
			       "mounts"),
			 VERDICT_NONE);
}

static void test_what_was_not_read_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(judge("hostname a\tA\n", "", "hostname"), VERDICT_UNKNOWN);
	assert_int_equal(judge("", "hostname a\tA\n", "hostname"), VERDICT_UNKNOWN);
}

static void test_all_facts_of_the_design_are_there(void **state)
{
	static const char *const names[] = {
	    "kernel_release",   "kernel_identity", "hostname",
	    "pid_count",        "pid_one",         "uid_root_maps_to",
	    "mounts",           "root_filesystem", "network_interfaces",
	    "ipc_objects",      "clock_monotonic", "clock_realtime",
	    "cpu_count_seen",   "memory_seen",     "devices",
	    "syscalls_allowed", "capabilities",    "host_dmesg",
	    "sysctl_write",     "module_load",     "hypervisor_seen",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct probe *probe = probe_find(names[i]);

		assert_non_null(probe);
		assert_true(probe->label[0] && probe->about[0] && probe->how[0] && probe->rule[0]);
	}
	assert_true(probe_count() <= PROBES_MAX);
	assert_int_equal(probe_index("nonsense"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_fact_has_value_and_identity),
	    cmocka_unit_test(test_a_reason_is_no_value),
	    cmocka_unit_test(test_foreign_lines_are_skipped_and_bounded),
	    cmocka_unit_test(test_the_first_of_two_counts_and_controls_are_masked),
	    cmocka_unit_test(test_equal_text_alone_is_not_shared),
	    cmocka_unit_test(test_the_same_object_is_shared_whatever_its_text),
	    cmocka_unit_test(test_hidden_needs_the_same_kernel),
	    cmocka_unit_test(test_not_implemented_is_none),
	    cmocka_unit_test(test_what_was_not_read_is_unknown),
	    cmocka_unit_test(test_all_facts_of_the_design_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
