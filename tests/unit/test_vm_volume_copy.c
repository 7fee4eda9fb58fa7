/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Directories and files of the host as an image: measured, made by mke2fs, and read back by debugfs
 * of the same package.
 */
#include <errno.h>
#include <fcntl.h>
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "volume_copy.h"

static const char pattern[] = "/tmp/isolab-test-copied-XXXXXX";
static char copied[sizeof(pattern)];

static void write_file(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* copied/sub/file, which says "told\n", and copied/large, 5 GiB of hole if asked for. */
static void make_files(bool has_large)
{
	char path[64];

	memcpy(copied, pattern, sizeof(pattern));
	assert_non_null(mkdtemp(copied));
	snprintf(path, sizeof(path), "%s/sub", copied);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/sub/file", copied);
	write_file(path, "told\n");
	snprintf(path, sizeof(path), "%s/large", copied);
	if (!has_large)
		return;
	write_file(path, "");
	assert_int_equal(truncate(path, (off_t)5 << 30), 0);
}

static int remove_files(void **state)
{
	static const char *const names[] = {"large", "sub/file", "sub", "."};
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", copied, names[i]);
		remove(path);
	}
	return rmdir(copied);
}

#define DEBUGFS "/usr/sbin/debugfs"

/* What debugfs reads out of an image. */
static const char *read_image(int image, const char *order)
{
	static char text[4096];
	char path[32];
	int ends[2];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fcntl(image, F_DUPFD, 3));
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
		execl(DEBUGFS, "debugfs", "-R", order, path, NULL);
		_exit(127);
	}
	close(ends[1]);
	close((int)strtol(strrchr(path, '/') + 1, NULL, 10));
	ssize_t n = fd_read_full(ends[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return text;
}

/* Both come with e2fsprogs. */
static bool has_tools(void)
{
	return access(DEBUGFS, X_OK) == 0;
}

/* False: no user namespaces here. */
static bool copy(const char *source, bool is_file, int *ret_image)
{
	struct err e = {0};
	int r = volume_copy_make(source, is_file, ret_image, &e);

	if (r == -EPERM || r == -EACCES)
		return false;
	if (r < 0)
		fail_msg("%s", e.what);
	return true;
}

static void test_directory_is_measured_with_all_that_is_in_it(void **state)
{
	struct volume_size size;
	struct err e = {0};

	(void)state;
	make_files(false);
	assert_int_equal(volume_copy_measure(copied, &size, NULL), 0);
	assert_int_equal(size.entries, 3);
	assert_int_equal(size.bytes, 3 * 4096);
	remove_files(NULL);
	make_files(true);
	assert_int_equal(volume_copy_measure(copied, &size, &e), -EFBIG);
	assert_non_null(strstr(e.what, "more than 4 GiB"));
	assert_non_null(strstr(e.hint, "virtiofsd"));
	assert_int_equal(volume_copy_measure("/nowhere", &size, &e), -ENOENT);
}

static void test_copy_holds_the_directory_and_nothing_else(void **state)
{
	auto_close int image = -1;
	struct stat status;

	(void)state;
	make_files(false);
	if (!has_tools() || !copy(copied, false, &image))
		skip();
	assert_string_equal(read_image(image, "cat /volume/sub/file"), "told\n");
	assert_null(strstr(read_image(image, "ls /"), "sub"));
	/* as large as a terabyte's part, as small as its files */
	assert_int_equal(fstat(image, &status), 0);
	assert_true(status.st_size > 256 << 20 && status.st_blocks * 512 < 32 << 20);
}

static void test_copy_of_a_file_holds_it_without_its_neighbours(void **state)
{
	auto_close int image = -1;
	char path[64];

	(void)state;
	make_files(false);
	snprintf(path, sizeof(path), "%s/sub/file", copied);
	if (!has_tools() || !copy(path, true, &image))
		skip();
	assert_string_equal(read_image(image, "cat /volume"), "told\n");
	assert_null(strstr(read_image(image, "ls /"), "file"));
}

static void test_copy_ends_when_a_worker_is_to_end(void **state)
{
	const struct timespec at_once = {0};
	auto_close int image = -1;
	sigset_t set;

	(void)state;
	make_files(false);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGTERM);
	int r = has_tools() ? volume_copy_make(copied, false, &image, NULL) : -EPERM;
	assert_int_equal(sigtimedwait(&set, NULL, &at_once), SIGTERM); /* still there */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	if (r == -EPERM || r == -EACCES)
		skip();
	assert_int_equal(r, -EINTR);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define COPY(test) cmocka_unit_test_teardown(test, remove_files)
	    COPY(test_directory_is_measured_with_all_that_is_in_it),
	    COPY(test_copy_holds_the_directory_and_nothing_else),
	    COPY(test_copy_of_a_file_holds_it_without_its_neighbours),
	    COPY(test_copy_ends_when_a_worker_is_to_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
