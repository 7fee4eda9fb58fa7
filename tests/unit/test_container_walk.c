// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Paths inside a container, by openat2 and by hand: both must come to the same file, and never
 * leave the root, whatever links, ".." and missing directories there are.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "walk.h"

/*
 *	TOP/secret		what must never be reached
 *	TOP/root/a/b/file
 *	TOP/root/etc/conf → /a/b/file		up → ../../..	out → /../../secret
 *	TOP/root/loop → loop	new → /run/made/here	dir → a/b	gone → /gone/deep
 */
struct place {
	char top[64];
	int root;
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->top, sizeof(place->top), "/tmp/isolab-unit-XXXXXX");
	assert_non_null(mkdtemp(place->top));
	int top = open(place->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *const directories[] = {"root", "root/a", "root/a/b", "root/etc"};
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		assert_int_equal(mkdirat(top, directories[i], 0755), 0);
	const char *const files[] = {"secret", "root/a/b/file"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_int_equal(mknodat(top, files[i], S_IFREG | 0644, 0), 0);
	const char *const links[][2] = {
	    {"/a/b/file", "root/etc/conf"},    {"../../..", "root/etc/up"},
	    {"/../../secret", "root/etc/out"}, {"loop", "root/loop"},
	    {"/run/made/here", "root/new"},    {"a/b", "root/dir"},
	    {"/proc/self/root", "root/magic"},
	};
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		assert_int_equal(symlinkat(links[i][0], top, links[i][1]), 0);
	place->root = openat(top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->root >= 0);
	close(top);
	*state = place;
	return 0;
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *where)
{
	(void)found, (void)type, (void)where;
	return remove(path);
}

static int remove_place(void **state)
{
	struct place *place = *state;

	close(place->root);
	nftw(place->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(place);
	return 0;
}

static int (*const walkers[])(int root, const char *path, enum walk_make make, int *ret_fd,
			      struct err *e) = {walk_open, walk_by_hand};

/* Both come to what is `same` below the root; NULL: neither comes to anything. */
static void check_walk(const struct place *place, const char *path, const char *same)
{
	for (int i = 0; i < 2; i++) {
		struct stat wanted, found;
		struct err error = {0};
		auto_close int fd = -1;
		int r = walkers[i](place->root, path, WALK_ONLY, &fd, &error);
		if (!same) {
			assert_true(r < 0 && fd == -1 && *error.what);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", path, error.what);
		assert_int_equal(fstatat(place->root, same, &wanted, AT_EMPTY_PATH), 0);
		assert_int_equal(fstat(fd, &found), 0);
		assert_int_equal(found.st_ino, wanted.st_ino);
	}
}

static void test_links_lead_to_what_they_mean_inside(void **state)
{
	check_walk(*state, "/a/b/file", "a/b/file");
	check_walk(*state, "etc/conf", "a/b/file");
	check_walk(*state, "/dir/file", "a/b/file");
	check_walk(*state, "//a/./b/../b//file", "a/b/file");
	check_walk(*state, "/dir", "a/b");
	check_walk(*state, "/dir/", "a/b");
	check_walk(*state, "/", "");
}

static void test_no_link_and_no_dots_lead_out(void **state)
{
	check_walk(*state, "/../../../..", "");
	check_walk(*state, "/etc/up", "");
	check_walk(*state, "/etc/up/a/b/file", "a/b/file");
	check_walk(*state, "/etc/out", NULL);
	check_walk(*state, "/../secret", NULL);
	check_walk(*state, "/loop", NULL);
	check_walk(*state, "/loop/x", NULL);
	check_walk(*state, "/magic/tmp", NULL);
}

static void test_what_is_no_directory_is_no_way(void **state)
{
	check_walk(*state, "/a/b/file/x", NULL);
	check_walk(*state, "/a/b/file/..", NULL);
	check_walk(*state, "/a/nowhere", NULL);
	check_walk(*state, "", "");
}

static void test_missing_directories_are_made_inside(void **state)
{
	const struct place *place = *state;
	struct err error = {0};
	struct stat found;
	int fd = -1;

	assert_int_equal(walk_open(place->root, "/x/y/z", WALK_DIRECTORY, &fd, &error), 0);
	fd_close(&fd);
	assert_int_equal(fstatat(place->root, "x/y/z", &found, 0), 0);
	assert_true(S_ISDIR(found.st_mode));
	assert_int_equal(walk_open(place->root, "/new", WALK_FILE, &fd, &error), 0);
	fd_close(&fd);
	assert_int_equal(fstatat(place->root, "run/made/here", &found, 0), 0);
	assert_true(S_ISREG(found.st_mode));
	/* made inside, though the link means the file outside */
	assert_int_equal(walk_open(place->root, "/etc/out", WALK_FILE, &fd, &error), 0);
	fd_close(&fd);
	assert_int_equal(fstatat(place->root, "secret", &found, 0), 0);
	assert_int_equal(walk_open(place->root, "/q/../w", WALK_DIRECTORY, &fd, &error), 0);
	fd_close(&fd);
	assert_int_equal(fstatat(place->root, "w", &found, 0), 0);
}

static void test_long_and_deep_paths_end_well(void **state)
{
	const struct place *place = *state;
	char path[WALK_PATH_MAX + 16];
	struct err error = {0};
	int fd = -1;

	memset(path, 'n', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(walk_open(place->root, path, WALK_DIRECTORY, &fd, &error), -ENAMETOOLONG);
	path[WALK_PATH_MAX - 1] = '\0';
	assert_int_equal(walk_open(place->root, path, WALK_DIRECTORY, &fd, &error), -ENAMETOOLONG);
	for (size_t i = 0; i < WALK_PATH_MAX - 1; i++)
		path[i] = i % 2 ? 'd' : '/';
	assert_int_equal(walk_by_hand(place->root, path, WALK_DIRECTORY, &fd, &error),
			 -ENAMETOOLONG);
	path[2 * (WALK_DEPTH_MAX - 1)] = '\0';
	assert_int_equal(walk_by_hand(place->root, path, WALK_DIRECTORY, &fd, &error), 0);
	fd_close(&fd);
	assert_int_equal(walk_open(place->root, path, WALK_ONLY, &fd, &error), 0);
	fd_close(&fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_links_lead_to_what_they_mean_inside),
	    cmocka_unit_test(test_no_link_and_no_dots_lead_out),
	    cmocka_unit_test(test_what_is_no_directory_is_no_way),
	    cmocka_unit_test(test_missing_directories_are_made_inside),
	    cmocka_unit_test(test_long_and_deep_paths_end_well),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
