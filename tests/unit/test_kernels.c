/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which kernels are found, in which order,
 * and which one `--kernel linux` is.
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

#include "kernels.h"
#include "str.h"

static void test_versions_are_ordered_by_their_numbers(void **state)
{
	(void)state;
	assert_true(kernels_compare("6.9.0", "6.10.0") < 0);
	assert_true(kernels_compare("6.1.0-56-cloud", "6.1.0-9-cloud") > 0);
	assert_true(kernels_compare("6.1", "6.1.1") < 0);
	assert_true(kernels_compare("6.1-amd64", "6.1-cloud") < 0);
	assert_int_equal(kernels_compare("6.1.0", "6.1.0"), 0);
	assert_true(kernels_compare("", "1") < 0);
}

static void put_kernel(const char *cache, const char *version)
{
	char path[PATH_MAX];
	static const char *const parts[] = {"isolab", "isolab/kernels", NULL};

	for (const char *const *part = parts; *part; part++) {
		snprintf(path, sizeof(path), "%s/%s", cache, *part);
		mkdir(path, 0700);
	}
	snprintf(path, sizeof(path), "%s/isolab/kernels/p-%s", cache, version);
	assert_int_equal(mkdir(path, 0700), 0);
	str_copy(path + strlen(path), sizeof(path) - strlen(path), "/boot");
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/isolab/kernels/p-%s/boot/vmlinuz-%s", cache, version,
		 version);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)type, (void)place;
	return remove(path);
}

static void add_version(void *arg, const struct kernel_entry *kernel)
{
	struct strbuf *versions = arg;

	if (strcmp(kernel->origin, "fetched") == 0)
		str_addf(versions, "%s ", kernel->version);
}

static void test_newest_fetched_kernel_is_taken(void **state)
{
	char cache[] = "/tmp/isolab-kernels-XXXXXX", path[PATH_MAX], wanted[PATH_MAX];
	auto_strbuf versions = {0};

	(void)state;
	assert_non_null(mkdtemp(cache));
	setenv("XDG_CACHE_HOME", cache, 1);
	put_kernel(cache, "6.9.1-cloud");
	put_kernel(cache, "6.12.3-cloud");
	put_kernel(cache, "5.19.0-cloud");
	kernels_for_each(add_version, &versions);
	assert_string_equal(versions.data, "6.12.3-cloud 6.9.1-cloud 5.19.0-cloud ");
	assert_int_equal(kernels_choose(path, sizeof(path), NULL), 0);
	snprintf(wanted, sizeof(wanted), "%s/isolab/kernels/p-6.12.3-cloud/boot/vmlinuz-%s", cache,
		 "6.12.3-cloud");
	assert_string_equal(path, wanted);
	assert_int_equal(nftw(cache, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void test_without_a_home_there_is_no_cache(void **state)
{
	struct err error = {0};
	char path[PATH_MAX];

	(void)state;
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	assert_int_equal(kernels_cache_of("kernels", path, sizeof(path), &error), -ENOENT);
	assert_true(error.hint[0]);
	setenv("HOME", "/home/me", 1);
	assert_int_equal(kernels_cache_of("kernels", path, sizeof(path), NULL), 0);
	assert_string_equal(path, "/home/me/.cache/isolab/kernels");
	assert_int_equal(kernels_cache_of("kernels", path, 10, NULL), -ENAMETOOLONG);
	/* what root fetches is everybody's */
	assert_int_equal(kernels_cache(path, sizeof(path), NULL), 0);
	assert_string_equal(path, geteuid() == 0 ? "/var/cache/isolab/kernels"
						 : "/home/me/.cache/isolab/kernels");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_versions_are_ordered_by_their_numbers),
	    cmocka_unit_test(test_newest_fetched_kernel_is_taken),
	    cmocka_unit_test(test_without_a_home_there_is_no_cache),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
