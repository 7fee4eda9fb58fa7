// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What config.json becomes: words of mounts, limits of both worlds of cgroups, numbers at their
 * ends. Wrong ones are tried by tests/system/oci_hostile.py, hostile ones by the fuzzer.
 */
#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "config.h"

static int parse(struct oci_config *config, struct err *e, const char *members)
{
	char text[2048];

	snprintf(text, sizeof(text), "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"}%s}",
		 members);
	return oci_config_parse(config, text, strlen(text), e);
}

static void read_right(struct oci_config *config, const char *members)
{
	struct err e = {0};

	if (parse(config, &e, members) < 0)
		fail_msg("%s", e.what);
}

static void expect_fault(const char *members, const char *what)
{
	struct oci_config config;
	struct err e = {0};

	int r = parse(&config, &e, members);
	assert_int_equal(r, -EINVAL);
	assert_int_equal(e.code, EINVAL);
	assert_string_equal(e.what, what);
}

static const struct oci_setting *find(const struct oci_config *config, const char *path,
				      const char *v2_file)
{
	for (size_t i = 0; i < config->resources.count; i++) {
		const struct oci_setting *setting = &config->resources.settings[i];
		if (strcmp(setting->path, path) == 0 &&
		    (!v2_file || (setting->v2_file && strcmp(setting->v2_file, v2_file) == 0)))
			return setting;
	}
	fail_msg("no setting for %s", path);
	return NULL;
}

static void test_least_config_is_empty(void **state)
{
	struct oci_config config;

	(void)state;
	read_right(&config, "");
	assert_false(config.process.is_set);
	assert_int_equal(config.namespaces, 0);
	assert_int_equal(config.mount_count, 0);
	assert_string_equal(config.hostname, "");
	oci_config_finish(&config);
}

static void test_mount_words_become_attributes(void **state)
{
	struct oci_config config;

	(void)state;
	read_right(&config, ",\"mounts\":[{\"destination\":\"/x\",\"source\":\"/y\",\"options\":["
			    "\"rbind\",\"ro\",\"rnosuid\",\"noatime\",\"rslave\",\"size=1\"]}]");
	const struct oci_mount *m = &config.mounts[0];
	assert_true(m->is_bind && m->is_recursive && m->is_propagation_recursive);
	assert_int_equal(m->set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	assert_int_equal(m->clear, MOUNT_ATTR__ATIME); /* the kernel wants all of them cleared */
	assert_int_equal(m->recursive_set, MOUNT_ATTR_NOSUID);
	assert_int_equal(m->propagation, MS_SLAVE);
	assert_int_equal(m->options.count, 1);
	assert_string_equal(m->options.items[0], "size=1");
	oci_config_finish(&config);
}

static void test_last_of_opposite_words_counts(void **state)
{
	struct oci_config config;

	(void)state;
	read_right(&config, ",\"mounts\":[{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":["
			    "\"ro\",\"noexec\",\"rw\",\"exec\",\"ro\"]}]");
	assert_int_equal(config.mounts[0].set, MOUNT_ATTR_RDONLY);
	assert_int_equal(config.mounts[0].clear, MOUNT_ATTR_NOEXEC);
	oci_config_finish(&config);
}

static void test_limits_are_said_for_both_worlds(void **state)
{
	struct oci_config config;

	(void)state;
	read_right(&config, ",\"linux\":{\"resources\":{\"memory\":{\"limit\":100,\"swap\":150},"
			    "\"cpu\":{\"shares\":1024,\"quota\":5000,\"period\":10000},"
			    "\"pids\":{\"limit\":-1},\"blockIO\":{\"throttleReadBpsDevice\":"
			    "[{\"major\":8,\"minor\":1,\"rate\":7}]}}}");
	assert_string_equal(find(&config, "memory.swap", NULL)->v1_text, "150");
	assert_string_equal(find(&config, "memory.swap", NULL)->v2_text, "50");
	assert_string_equal(find(&config, "cpu.shares", NULL)->v2_text, "39");
	assert_string_equal(find(&config, "cpu.quota", "cpu.max")->v2_text, "5000 10000");
	assert_string_equal(find(&config, "pids.limit", NULL)->v1_text, "max");
	assert_string_equal(find(&config, "blockIO", NULL)->v1_text, "8:1 7");
	assert_string_equal(find(&config, "blockIO", NULL)->v2_text, "8:1 rbps=7");
	oci_config_finish(&config);
}

static void test_no_limit_is_the_greatest_number(void **state)
{
	struct oci_config config;

	(void)state;
	read_right(&config,
		   ",\"process\":{\"args\":[\"a\"],\"cwd\":\"/\",\"rlimits\":["
		   "{\"type\":\"RLIMIT_CORE\",\"hard\":18446744073709551615,\"soft\":0}]}");
	assert_true(config.process.rlimits[0].hard == UINT64_MAX);
	assert_int_equal(config.process.rlimits[0].soft, 0);
	oci_config_finish(&config);
}

static void test_sysctl_dots_and_slashes_change_places(void **state)
{
	struct oci_config config;

	(void)state;
	read_right(&config, ",\"linux\":{\"namespaces\":[{\"type\":\"network\"}],\"sysctl\":"
			    "{\"net.ipv4.conf.eth0/1.x\":\"1\"}}");
	assert_string_equal(config.sysctls[0].path, "net/ipv4/conf/eth0.1/x");
	oci_config_finish(&config);
}

static void test_fault_names_its_place(void **state)
{
	(void)state;
	expect_fault(",\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":7}]}",
		     "config.json: linux.namespaces[1].type: it must be a string");
	expect_fault(",\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}",
		     "config.json: hooks.poststop[0].path: 'x' must be an absolute path");
}

static void test_first_fault_is_the_one_that_is_told(void **state)
{
	(void)state;
	expect_fault(",\"process\":[],\"mounts\":7,\"linux\":\"x\"",
		     "config.json: process: it must be an object");
}

static void test_filter_is_compiled(void **state)
{
	struct oci_config config;

	(void)state;
	read_right(&config, ",\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
			    "\"syscalls\":[{\"names\":[\"mkdir\",\"nosuch\"],\"action\":"
			    "\"SCMP_ACT_ERRNO\",\"errnoRet\":5}]}}");
	assert_true(config.seccomp.length > 3);
	oci_config_finish(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_least_config_is_empty),
	    cmocka_unit_test(test_mount_words_become_attributes),
	    cmocka_unit_test(test_last_of_opposite_words_counts),
	    cmocka_unit_test(test_limits_are_said_for_both_worlds),
	    cmocka_unit_test(test_no_limit_is_the_greatest_number),
	    cmocka_unit_test(test_sysctl_dots_and_slashes_change_places),
	    cmocka_unit_test(test_fault_names_its_place),
	    cmocka_unit_test(test_first_fault_is_the_one_that_is_told),
	    cmocka_unit_test(test_filter_is_compiled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
