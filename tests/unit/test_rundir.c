/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The directories of sandboxes: made whole, locked by one, swept when nobody is left, and refused
 * with the exact cause where the place cannot be trusted. Every test has a runtime directory of its
 * own.
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "rundir.h"

struct place {
	char path[64];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	str_copy(place->path, sizeof(place->path), "/tmp/isolab-test-rundir-XXXXXX");
	assert_non_null(mkdtemp(place->path));
	setenv("XDG_RUNTIME_DIR", place->path, 1);
	*state = place;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

static int remove_place(void **state)
{
	struct place *place = *state;

	nftw(place->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(place);
	return 0;
}

static int create(const char *name, bool leased, bool remove, struct rundir *dir, struct err *e)
{
	struct sandbox_spec spec = {.kind = "fake", .leased = leased, .remove = remove};

	str_copy(spec.name, sizeof(spec.name), name);
	return rundir_create(&spec, dir, e);
}

static bool exists(const struct place *place, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/isolab/%s", place->path, name);
	return access(path, F_OK) == 0;
}

static int sweep(void)
{
	auto_close int base_fd = rundir_open_base(NULL);

	assert_true(base_fd >= 0);
	return rundir_sweep(base_fd, NULL);
}

/* Runs `act` in a child that is then gone, as if killed: no lock, no process left. */
static void in_a_child_that_dies(void (*act)(void))
{
	pid_t child = fork();

	if (child == 0) {
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* ---- one directory ---- */

static void test_a_new_directory_is_whole_and_locked(void **state)
{
	auto_rundir dir = RUNDIR_NONE, other = RUNDIR_NONE;
	auto_spec spec = {0};
	struct stat status;

	assert_int_equal(create("demo", false, false, &dir, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		static const char *const files[] = {"spec", "lock", "events", "console"};

		assert_int_equal(fstatat(dir.fd, files[i], &status, 0), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
	}
	assert_int_equal(fstat(dir.fd, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(rundir_open("demo", &other, NULL), 0);
	assert_true(rundir_is_locked(&other));
	assert_int_equal(rundir_lock(&other, NULL), -EBUSY);
	assert_int_equal(rundir_load_spec(&other, &spec, NULL), 0);
	assert_string_equal(spec.kind, "fake");
	assert_string_equal(spec.name, "demo");
	(void)state;
}

static void test_a_name_is_given_once(void **state)
{
	auto_rundir dir = RUNDIR_NONE, other = RUNDIR_NONE;
	auto_close int base_fd = rundir_open_base(NULL);
	struct err e = {0};

	assert_int_equal(create("demo", false, false, &dir, NULL), 0);
	assert_int_equal(create("demo", false, false, &other, &e), -EEXIST);
	assert_non_null(strstr(e.what, "'demo'"));
	assert_non_null(strstr(e.hint, "isolab rm demo"));
	assert_int_equal(create("../demo", false, false, &other, &e), -EINVAL);
	/* The loser has left nothing hidden. */
	assert_int_equal(rundir_remove(&dir, NULL), 0);
	assert_int_equal(unlinkat(base_fd, "../isolab", AT_REMOVEDIR), 0);
	(void)state;
}

static void test_the_lock_goes_with_its_last_holder(void **state)
{
	auto_rundir dir = RUNDIR_NONE, other = RUNDIR_NONE;
	int inherited;

	(void)state;
	assert_int_equal(create("demo", false, false, &dir, NULL), 0);
	inherited = dup(dir.lock_fd); /* what a worker gets */
	fd_close(&dir.lock_fd);
	assert_true(rundir_is_locked(&dir));
	fd_close(&inherited);
	assert_false(rundir_is_locked(&dir));
	assert_int_equal(rundir_open("demo", &other, NULL), 0);
	assert_int_equal(rundir_lock(&other, NULL), 0);
	assert_true(rundir_is_locked(&dir));
}

static void test_a_removed_directory_cannot_be_locked(void **state)
{
	auto_rundir dir = RUNDIR_NONE, other = RUNDIR_NONE;
	struct place *place = *state;
	auto_close int extra = -1;

	assert_int_equal(create("demo", false, false, &dir, NULL), 0);
	assert_int_equal(rundir_open("demo", &other, NULL), 0);
	extra = openat(dir.fd, "something-else", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(rundir_remove(&dir, NULL), 0);
	assert_false(exists(place, "demo"));
	rundir_finish(&dir);
	assert_int_equal(rundir_lock(&other, NULL), -ENOENT);
	assert_false(rundir_is_locked(&other));
}

static void test_a_missing_one_has_a_nearest_name(void **state)
{
	auto_rundir dir = RUNDIR_NONE, other = RUNDIR_NONE;
	struct err e = {0};

	(void)state;
	assert_int_equal(rundir_open("demo", &other, &e), -ENOENT);
	assert_non_null(strstr(e.hint, "isolab ps"));
	assert_int_equal(create("demo", false, false, &dir, NULL), 0);
	assert_int_equal(rundir_open("dmeo", &other, &e), -ENOENT);
	assert_string_equal(e.what, "no sandbox 'dmeo'");
	assert_non_null(strstr(e.hint, "'demo'"));
	assert_int_equal(rundir_open("a/b", &other, &e), -EINVAL);
}

static int add_name(void *arg, const char *name)
{
	snprintf((char *)arg + strlen(arg), 32, "%s ", name);
	return strcmp(name, "c") == 0 ? 7 : 0;
}

static void test_the_list_is_sorted_and_shows_sandboxes_only(void **state)
{
	auto_rundir a = RUNDIR_NONE, b = RUNDIR_NONE, c = RUNDIR_NONE, d = RUNDIR_NONE;
	auto_close int base_fd = rundir_open_base(NULL);
	char names[64] = "";

	(void)state;
	create("b", false, false, &b, NULL);
	create("a", false, false, &a, NULL);
	mkdirat(base_fd, ".new-1-x", 0700);
	close(openat(base_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(rundir_list(base_fd, add_name, names, NULL), 0);
	assert_string_equal(names, "a b ");
	create("c", false, false, &c, NULL);
	create("d", false, false, &d, NULL);
	names[0] = '\0';
	assert_int_equal(rundir_list(base_fd, add_name, names, NULL), 7);
	assert_string_equal(names, "a b c ");
}

/* ---- places that cannot be trusted ---- */

static void expect_no_base(int code, const char *what)
{
	struct err e = {0};
	int r = rundir_open_base(&e);

	if (r != -code || !strstr(e.what, what) || !e.hint[0])
		fail_msg("%d: '%s', hint '%s'", r, e.what, e.hint);
}

static void test_a_runtime_directory_must_be_there_and_ours(void **state)
{
	struct place *place = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/missing", place->path);
	setenv("XDG_RUNTIME_DIR", path, 1);
	expect_no_base(ENOENT, "missing");
	setenv("XDG_RUNTIME_DIR", "tmp", 1);
	expect_no_base(EINVAL, "not an absolute path");
	snprintf(path, sizeof(path), "%s/link", place->path);
	assert_int_equal(symlink(place->path, path), 0);
	setenv("XDG_RUNTIME_DIR", path, 1);
	expect_no_base(EPERM, "symbolic link");
	setenv("XDG_RUNTIME_DIR", place->path, 1);
	chmod(place->path, 0777);
	expect_no_base(EPERM, "mode 0777");
	chmod(place->path, 0700);
	assert_true(rundir_open_base(NULL) >= 0);
}

static void test_the_base_must_be_a_closed_directory(void **state)
{
	struct place *place = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/isolab", place->path);
	assert_int_equal(symlink("/tmp", path), 0);
	expect_no_base(EPERM, "symbolic link");
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	expect_no_base(EPERM, "a file");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	chmod(path, 0755);
	expect_no_base(EPERM, "look into it");
}

static void test_a_directory_of_another_user_is_refused(void **state)
{
	struct place *place = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(place->path, 12345, 12345), 0);
	expect_no_base(EPERM, "user 12345");
}

static void test_the_fallback_names_the_user(void **state)
{
	char path[128], expected[64];

	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	snprintf(expected, sizeof(expected), "/tmp/isolab-%u", (unsigned)geteuid());
	assert_string_equal(rundir_base_path(path, sizeof(path)), expected);
}

/* ---- left over ---- */

static void mark_started(const struct rundir *dir)
{
	static const char line[] =
	    "{\"t_ns\":1,\"sandbox\":\"x\",\"kind\":\"state\",\"name\":\"starting\"}\n";
	auto_close int fd = rundir_open_file(dir, "events", O_WRONLY | O_APPEND, NULL);

	fd_write_all(fd, line, strlen(line));
}

static void make_various(void)
{
	static struct rundir dirs[5];

	create("kept", false, false, &dirs[0], NULL);
	mark_started(&dirs[0]);
	create("leased", true, false, &dirs[1], NULL);
	create("rm-never-started", false, true, &dirs[2], NULL);
	create("rm-started", false, true, &dirs[3], NULL);
	mark_started(&dirs[3]);
	mkdirat(dirs[0].base_fd, ".new-999999999-x", 0700);
}

static void test_sweep_takes_what_nobody_has_and_nothing_else(void **state)
{
	struct place *place = *state;

	in_a_child_that_dies(make_various);
	assert_int_equal(sweep(), 3);
	assert_true(exists(place, "kept"));
	assert_true(exists(place, "rm-never-started"));
	assert_false(exists(place, "leased"));
	assert_false(exists(place, "rm-started"));
	assert_false(exists(place, ".new-999999999-x"));
	assert_int_equal(sweep(), 0);
}

static void test_sweep_leaves_what_is_locked_or_leased_by_the_living(void **state)
{
	struct place *place = *state;
	auto_rundir leased = RUNDIR_NONE, locked = RUNDIR_NONE;
	auto_close int base_fd = rundir_open_base(NULL);
	char mine[64];

	create("locked", false, true, &locked, NULL);
	mark_started(&locked);
	create("leased", true, false, &leased, NULL);
	fd_close(&leased.lock_fd); /* ended, but we are its front and live */
	snprintf(mine, sizeof(mine), ".new-%d-x", (int)getpid());
	mkdirat(base_fd, mine, 0700);
	assert_int_equal(sweep(), 0);
	assert_true(exists(place, "locked") && exists(place, "leased") && exists(place, mine));
}

static void test_sweep_kills_the_very_process_on_record_only(void **state)
{
	auto_rundir dir = RUNDIR_NONE, other = RUNDIR_NONE;
	pid_t child = fork();
	auto_close int fd = -1;
	char text[128];
	int status = 0;

	(void)state;
	if (child == 0)
		for (;;)
			pause();
	create("one", false, false, &dir, NULL);
	create("two", false, false, &other, NULL);
	assert_int_equal(rundir_record_process(&dir, "init", child, NULL), 0);
	/* A record of the same number at another time names nobody. */
	assert_true(fd_read_file(dir.fd, "init", text, sizeof(text)) > 0);
	*strchr(text, ' ') = '\0';
	fd = rundir_open_file(&other, "init", O_CREAT | O_WRONLY, NULL);
	dprintf(fd, "%s 1 00000000-0000-0000-0000-000000000000\n", text);
	fd_close(&other.lock_fd);
	assert_int_equal(sweep(), 0);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	fd_close(&dir.lock_fd);
	assert_int_equal(sweep(), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_cgroup_names_differ_between_bases(void **state)
{
	auto_rundir dir = RUNDIR_NONE, other = RUNDIR_NONE;
	char first[128], second[128], path[] = "/tmp/isolab-test-rundir-XXXXXX";

	(void)state;
	create("demo", false, false, &dir, NULL);
	assert_int_equal(rundir_cgroup_name(&dir, first, sizeof(first), NULL), 0);
	assert_memory_equal(first, "isolab.", 7);
	assert_string_equal(first + strlen(first) - 5, ".demo");
	assert_non_null(mkdtemp(path));
	setenv("XDG_RUNTIME_DIR", path, 1);
	create("demo", false, false, &other, NULL);
	assert_int_equal(rundir_cgroup_name(&other, second, sizeof(second), NULL), 0);
	assert_string_not_equal(first, second);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- cgroups ---- */

/* The directory of our own cgroup in some hierarchy in which we may make others, "" if there is
 * none. */
static void find_own_cgroup(char *path, size_t size)
{
	char text[4096], *rest = text, *line, probe[600];

	path[0] = '\0';
	if (fd_read_file(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char controller[64] = "", place[256];

		if (sscanf(line, "%*d:%63[a-z]:%255s", controller, place) != 2 &&
		    sscanf(line, "%*d::%255s", place) != 1)
			continue;
		snprintf(path, size, "/sys/fs/cgroup/%s%s", controller, place);
		snprintf(probe, sizeof(probe), "%.400s/isolab-test.%d", path, (int)getpid());
		if (access("/sys/fs/cgroup", F_OK) == 0 && mkdir(probe, 0700) == 0) {
			rmdir(probe);
			return;
		}
		path[0] = '\0';
	}
}

/* Makes the cgroup of `dir`; its path is put into `cgroup`. */
static void make_cgroup(const char *own, const struct rundir *dir, char *cgroup, size_t size)
{
	char name[128];

	assert_int_equal(rundir_cgroup_name(dir, name, sizeof(name), NULL), 0);
	snprintf(cgroup, size, "%s/%s", own, name);
	assert_int_equal(mkdir(cgroup, 0700), 0);
}

static void test_sweep_takes_cgroups_without_a_sandbox_and_no_others(void **state)
{
	auto_rundir gone = RUNDIR_NONE, locked = RUNDIR_NONE;
	char own[512], gone_cgroup[700], locked_cgroup[700], other[700];

	(void)state;
	find_own_cgroup(own, sizeof(own));
	if (!own[0])
		skip();
	create("gone", false, false, &gone, NULL);
	create("locked", false, false, &locked, NULL);
	make_cgroup(own, &gone, gone_cgroup, sizeof(gone_cgroup));
	make_cgroup(own, &locked, locked_cgroup, sizeof(locked_cgroup));
	snprintf(other, sizeof(other), "%.400s/isolab.%u.1.gone", own, (unsigned)geteuid());
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(rundir_remove(&gone, NULL), 0);
	assert_int_equal(sweep(), 1);
	assert_int_equal(access(gone_cgroup, F_OK), -1);
	/* Of a living sandbox, and of another base directory. */
	assert_int_equal(rmdir(locked_cgroup), 0);
	assert_int_equal(rmdir(other), 0);
}

static void test_sweep_kills_what_is_left_in_such_a_cgroup(void **state)
{
	auto_rundir dir = RUNDIR_NONE;
	char own[512], cgroup[700], procs[720], number[16];
	int status = 0;
	pid_t child;

	(void)state;
	find_own_cgroup(own, sizeof(own));
	if (!own[0])
		skip();
	create("demo", false, false, &dir, NULL);
	make_cgroup(own, &dir, cgroup, sizeof(cgroup));
	assert_int_equal(rundir_remove(&dir, NULL), 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	snprintf(number, sizeof(number), "%d", (int)child);
	assert_int_equal(fd_write_file(AT_FDCWD, procs, number), 0);
	sweep();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	sweep();
	assert_int_equal(access(cgroup, F_OK), -1);
}

#define place_test(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    place_test(test_a_new_directory_is_whole_and_locked),
	    place_test(test_a_name_is_given_once),
	    place_test(test_the_lock_goes_with_its_last_holder),
	    place_test(test_a_removed_directory_cannot_be_locked),
	    place_test(test_a_missing_one_has_a_nearest_name),
	    place_test(test_the_list_is_sorted_and_shows_sandboxes_only),
	    place_test(test_a_runtime_directory_must_be_there_and_ours),
	    place_test(test_the_base_must_be_a_closed_directory),
	    place_test(test_a_directory_of_another_user_is_refused),
	    place_test(test_the_fallback_names_the_user),
	    place_test(test_sweep_takes_what_nobody_has_and_nothing_else),
	    place_test(test_sweep_leaves_what_is_locked_or_leased_by_the_living),
	    place_test(test_sweep_kills_the_very_process_on_record_only),
	    place_test(test_cgroup_names_differ_between_bases),
	    place_test(test_sweep_takes_cgroups_without_a_sandbox_and_no_others),
	    place_test(test_sweep_kills_what_is_left_in_such_a_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
