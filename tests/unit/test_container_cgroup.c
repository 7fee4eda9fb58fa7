// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is read from texts of the machine: our own cgroup from two files of /proc, ranges of ids
 * from /etc/subuid and from the maps of a namespace around us.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cgroup_path.h"
#include "idmap.h"

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

static void test_a_range_is_taken_by_name_or_number(void **state)
{
	uint32_t first = 0;

	(void)state;
	assert_true(idmap_find_range("a:100000:65536\nroot:200000:65536\n", "root", "0", &first));
	assert_int_equal(first, 200000);
	assert_true(idmap_find_range("0:300000:70000", "root", "0", &first));
	assert_int_equal(first, 300000);
}

static void test_a_range_that_is_small_or_holds_user_0_is_not_taken(void **state)
{
	uint32_t first = 7;

	(void)state;
	assert_false(idmap_find_range("root:100000:1000\n", "root", "0", &first));
	assert_false(idmap_find_range("root:0:65536\n", "root", "0", &first));
	assert_false(idmap_find_range("root:4294967000:65536\n", "root", "0", &first));
	assert_false(idmap_find_range("root:1e5:65536\nroot:\nroot\n:::\n", "root", "0", &first));
	assert_false(idmap_find_range("", "root", "0", &first));
	assert_int_equal(first, 7);
	assert_true(idmap_find_range("root:1:9\nroot:100000:65536\n", "root", "0", &first));
	assert_int_equal(first, 100000);
}

static void test_a_nested_root_takes_ids_that_exist(void **state)
{
	uint32_t first = 7;

	(void)state;
	assert_false(idmap_find_nested("         0       1000          1\n", &first));
	assert_false(idmap_find_nested("0 0 65536\n", &first));
	assert_false(idmap_find_nested("garbage", &first));
	assert_int_equal(first, 7);
	assert_true(idmap_find_nested("0 1000 1\n1 100000 65536\n", &first));
	assert_int_equal(first, 1);
	assert_true(idmap_find_nested("0 0 70000\n", &first));
	assert_int_equal(first, 1);
}

static void test_the_host_root_is_never_mapped(void **state)
{
	struct idmap map;

	(void)state;
	idmap_choose(&map);
	assert_true(map.first_uid > 0 && map.first_gid > 0);
	assert_true(map.count == IDMAP_COUNT || map.count == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_v1_path_joins_mount_and_membership),
	    cmocka_unit_test(test_a_mount_of_a_part_takes_its_root_off),
	    cmocka_unit_test(test_v2_is_the_line_without_controllers),
	    cmocka_unit_test(test_what_is_not_there_is_not_found),
	    cmocka_unit_test(test_a_range_is_taken_by_name_or_number),
	    cmocka_unit_test(test_a_range_that_is_small_or_holds_user_0_is_not_taken),
	    cmocka_unit_test(test_a_nested_root_takes_ids_that_exist),
	    cmocka_unit_test(test_the_host_root_is_never_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
