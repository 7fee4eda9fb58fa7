/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which disks with a distribution are found,
 * in which order, and which one `--kernel distro` is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disks.h"
#include "str.h"

/* A cache with the directory that disks are in. */
static int make_cache(void **state)
{
	static char cache[] = "/tmp/isolab-disks-XXXXXX";
	char path[PATH_MAX];

	str_copy(cache, sizeof(cache), "/tmp/isolab-disks-XXXXXX");
	if (!mkdtemp(cache) || setenv("XDG_CACHE_HOME", cache, 1) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/isolab", cache);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/isolab/distro", cache);
	*state = cache;
	return mkdir(path, 0700);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)type, (void)place;
	return remove(path);
}

static int remove_cache(void **state)
{
	return nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void put_disk(const char *cache, const char *name, int64_t made_s, off_t size_bytes)
{
	const struct timespec times[2] = {{.tv_sec = made_s}, {.tv_sec = made_s}};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/isolab/distro/%s", cache, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size_bytes), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void add_disk(void *arg, const struct disk_entry *disk)
{
	if (strcmp(disk->origin, "yours") == 0)
		str_addf(arg, "%s %llu %llu ", disk->name, (unsigned long long)disk->size_bytes,
			 (unsigned long long)disk->stored_bytes);
}

static void test_the_disk_that_was_made_last_comes_first(void **state)
{
	auto_strbuf found = {0};
	char path[PATH_MAX], wanted[PATH_MAX];

	put_disk(*state, "debian-trixie.img", 1000, 4096);
	put_disk(*state, "debian-bookworm.img", 2000, 8192);
	disks_for_each(add_disk, &found);
	assert_string_equal(found.data, "debian-bookworm 8192 0 debian-trixie 4096 0 ");
	assert_int_equal(disks_choose(path, sizeof(path), NULL), 0);
	snprintf(wanted, sizeof(wanted), "%s/isolab/distro/debian-bookworm.img",
		 (const char *)*state);
	assert_string_equal(path, wanted);
}

static void test_what_is_no_disk_is_passed_over(void **state)
{
	char path[PATH_MAX];
	auto_strbuf found = {0};

	put_disk(*state, "debian-bookworm.img.part", 1000, 1);
	put_disk(*state, ".lock", 1000, 1);
	snprintf(path, sizeof(path), "%s/isolab/distro/directory.img", (const char *)*state);
	assert_int_equal(mkdir(path, 0700), 0);
	disks_for_each(add_disk, &found);
	assert_int_equal(found.length, 0);
}

static void test_no_disk_is_an_error_that_says_how_to_get_one(void **state)
{
	char path[PATH_MAX];
	struct err error = {0};

	(void)state;
	if (access("/var/cache/isolab/distro", F_OK) == 0)
		skip(); /* this machine has one for everybody */
	assert_int_equal(disks_choose(path, sizeof(path), &error), -ENOENT);
	assert_non_null(strstr(error.hint, "isolab image build-distro"));
}

static void test_who_names_his_cache_gets_it(void **state)
{
	char path[PATH_MAX], wanted[PATH_MAX];

	assert_int_equal(disks_cache(path, sizeof(path), NULL), 0);
	snprintf(wanted, sizeof(wanted), "%s/isolab/distro", (const char *)*state);
	assert_string_equal(path, wanted);
}

#define test_with_cache(test) cmocka_unit_test_setup_teardown(test, make_cache, remove_cache)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    test_with_cache(test_the_disk_that_was_made_last_comes_first),
	    test_with_cache(test_what_is_no_disk_is_passed_over),
	    test_with_cache(test_no_disk_is_an_error_that_says_how_to_get_one),
	    test_with_cache(test_who_names_his_cache_gets_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
