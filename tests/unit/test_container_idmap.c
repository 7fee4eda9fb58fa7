// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who is who: ranges of ids from /etc/subuid, names from /etc/passwd, the maps of a namespace
 * around us, and what an id inside is outside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "idmap.h"
#include "idmap_mount.h"
#include "idmap_texts.h"

static void test_a_range_is_taken_by_name_or_number(void **state)
{
	struct idmap_range range = {0};

	(void)state;
	assert_true(idmap_find_range("a:100000:65536\nroot:200000:65536\n", "root", "0",
				     IDMAP_COUNT, &range));
	assert_int_equal(range.first, 200000);
	assert_int_equal(range.count, 65536);
	assert_true(idmap_find_range("0:300000:70000", "root", "0", IDMAP_COUNT, &range));
	assert_int_equal(range.first, 300000);
	assert_false(idmap_find_range(":300000:70000", "", "1000", 1, &range));
}

static void test_a_range_that_is_small_or_holds_user_0_is_not_taken(void **state)
{
	struct idmap_range range = {.first = 7};
	const char *const bad[] = {"root:100000:1000\n", "root:0:65536\n",
				   "root:4294967000:65536\n", "root:1e5:65536\nroot:\nroot\n:::\n",
				   ""};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(idmap_find_range(bad[i], "root", "0", IDMAP_COUNT, &range));
	assert_int_equal(range.first, 7);
	assert_true(
	    idmap_find_range("root:1:9\nroot:100000:65536\n", "root", "0", IDMAP_COUNT, &range));
	assert_int_equal(range.first, 100000);
}

static void test_the_largest_of_small_ranges_is_taken(void **state)
{
	struct idmap_range range = {0};

	(void)state;
	assert_true(idmap_find_range("u:500:10\nu:900:30\nu:700:20\n", "u", "1", 1, &range));
	assert_int_equal(range.first, 900);
	assert_int_equal(range.count, 30);
}

static void test_a_range_is_found_at_the_end_of_a_large_file(void **state)
{
	char path[] = "/tmp/isolab-unit-XXXXXX", name[64];
	FILE *file = fdopen(mkstemp(path), "w");
	struct idmap_range range = {0};

	(void)state;
	assert_non_null(file);
	for (int i = 0; i < 5000; i++)
		fprintf(file, "user%d:%d:65536\n", i, 100000 + i);
	fprintf(file, "learner:x:4711:4711::/:\n"); /* as of passwd(5): no range */
	fclose(file);
	assert_true(idmap_read_range(path, "user4999", "4999", 1, &range));
	assert_int_equal(range.first, 104999);
	assert_false(idmap_read_range(path, "user49990", "1", 1, &range));
	assert_true(idmap_read_name(path, 4711, name, sizeof(name)));
	assert_string_equal(name, "learner");
	assert_false(idmap_read_range("/nonexistent", "a", "1", 1, &range));
	unlink(path);
}

static void test_a_new_range_begins_behind_all_others(void **state)
{
	(void)state;
	assert_int_equal(idmap_find_end("", 100000), 100000);
	assert_int_equal(idmap_find_end("a:100000:65536\nb:300000:10\nc:x:y\n", 100000), 300010);
	assert_int_equal(idmap_find_end("a:100:10\n", 100000), 100000);
}

static void test_a_name_is_found_by_its_number(void **state)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "cut:x\n"
				     "u:x:1000:1000::/home/u:/bin/sh\n";
	char name[8] = "";

	(void)state;
	assert_true(idmap_find_name(passwd, 1000, name, sizeof(name)));
	assert_string_equal(name, "u");
	assert_false(idmap_find_name(passwd, 1001, name, sizeof(name)));
	assert_false(idmap_find_name("averylongname:x:5:5:::\n", 5, name, sizeof(name)));
	assert_false(idmap_find_name(":x:5:5:::\n", 5, name, sizeof(name)));
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
	assert_int_equal(first, 70000 - 65536);
	assert_true(idmap_find_nested("0 0 4294967295\n", &first));
	assert_int_equal(first, IDMAP_FIRST);
	assert_false(idmap_find_nested("1 0 4294967295\n", &first));
}

static void test_the_host_root_is_never_mapped(void **state)
{
	struct idmap map;

	(void)state;
	idmap_choose(&map);
	assert_true(map.first_uid > 0 && map.first_gid > 0);
	assert_true(map.count == IDMAP_COUNT || map.count == 1);
	assert_int_equal(map.range_count, 0);
}

static void test_an_id_inside_is_found_outside(void **state)
{
	struct idmap whole = {.first_uid = 100000, .first_gid = 200000, .count = 65536};
	struct idmap parted = {.first_uid = 1000,
			       .first_gid = 1001,
			       .count = 1,
			       .range_uid = 100000,
			       .range_gid = 200000,
			       .range_count = 10};
	uint32_t outside = 0;

	(void)state;
	assert_true(idmap_find_user(&whole, 65535, &outside));
	assert_int_equal(outside, 165535);
	assert_false(idmap_find_user(&whole, 65536, &outside));
	assert_true(idmap_find_user(&parted, 0, &outside));
	assert_int_equal(outside, 1000);
	assert_true(idmap_find_group(&parted, 10, &outside));
	assert_int_equal(outside, 200009);
	assert_false(idmap_find_user(&parted, 11, &outside));
	assert_int_equal(idmap_size(&parted), 11);
}

/* Who the owner on disk is on the host, by the lines of a map; UINT32_MAX: nobody. */
static uint32_t seen_as(const char *map, uint32_t on_disk)
{
	unsigned from, to, count;
	uint32_t found = UINT32_MAX;
	int length;

	for (; sscanf(map, " %u %u %u%n", &from, &to, &count, &length) == 3; map += length)
		if (on_disk >= from && on_disk - from < count) {
			assert_int_equal(found, UINT32_MAX); /* lines must not overlap */
			found = to + (on_disk - from);
		}
	return found;
}

static void test_the_owner_of_a_volume_is_root_inside(void **state)
{
	const uint32_t owners[] = {1, 2, 1000, 65534, 65535, 65536, 1879048192, 4294967294};
	char map[IDMAP_TEXT_MAX];

	(void)state;
	idmap_describe_mount(500000, 0, map);
	assert_int_equal(seen_as(map, 0), 500000);
	assert_int_equal(seen_as(map, 65535), 565535);
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		idmap_describe_mount(500000, owners[i], map);
		assert_int_equal(seen_as(map, owners[i]), 500000);
		assert_int_equal(seen_as(map, 0), UINT32_MAX); /* never the host's root */
		for (uint32_t user = 1; user < 65536; user++)
			if (user != owners[i] && seen_as(map, user) != 500000 + user)
				fail_msg("owner %u: user %u is %u", owners[i], user,
					 seen_as(map, user));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_range_is_taken_by_name_or_number),
	    cmocka_unit_test(test_a_range_that_is_small_or_holds_user_0_is_not_taken),
	    cmocka_unit_test(test_the_largest_of_small_ranges_is_taken),
	    cmocka_unit_test(test_a_range_is_found_at_the_end_of_a_large_file),
	    cmocka_unit_test(test_a_new_range_begins_behind_all_others),
	    cmocka_unit_test(test_a_name_is_found_by_its_number),
	    cmocka_unit_test(test_a_nested_root_takes_ids_that_exist),
	    cmocka_unit_test(test_the_host_root_is_never_mapped),
	    cmocka_unit_test(test_an_id_inside_is_found_outside),
	    cmocka_unit_test(test_the_owner_of_a_volume_is_root_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
