// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is read from texts of the machine: our own cgroup from two files of /proc, whose names
 * others may have chosen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cgroup_path.h"

static const char hybrid_membership[] = "9:name=systemd:/\n"
					"8:pids:/a\n"
					"4:memory:/api/42\n"
					"1:cpu,cpuacct:/\n"
					"0::/\n";
static const char hybrid_mounts[] =
    "30 20 0:26 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "31 20 0:27 / /sys/fs/cgroup/memory rw,relatime shared:4 - cgroup cgroup rw,memory\n"
    "32 20 0:28 /a /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "33 20 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static void test_v1_path_joins_mount_and_membership(void **state)
{
	char path[256];

	(void)state;
	assert_true(
	    cgroup_find_path(hybrid_membership, hybrid_mounts, "memory", path, sizeof(path)));
	assert_string_equal(path, "/sys/fs/cgroup/memory/api/42");
	assert_true(
	    cgroup_find_path(hybrid_membership, hybrid_mounts, "cpuacct", path, sizeof(path)));
	assert_string_equal(path, "/sys/fs/cgroup/cpu");
}

static void test_a_mount_of_a_part_takes_its_root_off(void **state)
{
	char path[256];

	(void)state;
	assert_true(cgroup_find_path(hybrid_membership, hybrid_mounts, "pids", path, sizeof(path)));
	assert_string_equal(path, "/sys/fs/cgroup/pids");
	/* "/ab" is not below a mount of "/a" */
	assert_false(cgroup_find_path("8:pids:/ab\n", hybrid_mounts, "pids", path, sizeof(path)));
}

static void test_v2_is_the_line_without_controllers(void **state)
{
	char path[256];

	(void)state;
	assert_true(cgroup_find_path(hybrid_membership, hybrid_mounts, NULL, path, sizeof(path)));
	assert_string_equal(path, "/sys/fs/cgroup/unified");
	assert_true(cgroup_find_path("0::/user.slice/x.scope\n",
				     "25 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", NULL,
				     path, sizeof(path)));
	assert_string_equal(path, "/sys/fs/cgroup/user.slice/x.scope");
}

static void test_what_is_not_there_is_not_found(void **state)
{
	char path[256], tiny[8];

	(void)state;
	assert_false(
	    cgroup_find_path(hybrid_membership, hybrid_mounts, "freezer", path, sizeof(path)));
	assert_false(cgroup_find_path("0::/../outside\n", hybrid_mounts, NULL, path, sizeof(path)));
	assert_false(cgroup_find_path("", "", "memory", path, sizeof(path)));
	assert_false(cgroup_find_path("garbage", "more - garbage\n1 2 3 4 5 6 -\n", "memory", path,
				      sizeof(path)));
	assert_false(
	    cgroup_find_path(hybrid_membership, hybrid_mounts, "memory", tiny, sizeof(tiny)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_v1_path_joins_mount_and_membership),
	    cmocka_unit_test(test_a_mount_of_a_part_takes_its_root_off),
	    cmocka_unit_test(test_v2_is_the_line_without_controllers),
	    cmocka_unit_test(test_what_is_not_there_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
