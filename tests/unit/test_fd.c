/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Descriptors close themselves and keep errno; reads and writes finish what they began. The clock,
 * too.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "fd.h"

static int make_file(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void test_auto_close_closes_and_keeps_errno(void **state)
{
	int number;

	(void)state;
	{
		auto_close int fd = make_file("");

		number = fd;
		errno = EXDEV;
	}
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fcntl(number, F_GETFD), -1);
}

static void test_move_leaves_nothing_behind(void **state)
{
	int fd = 7;

	(void)state;
	assert_int_equal(fd_move(&fd), 7);
	assert_int_equal(fd, -1);
}

static void test_read_full_reads_to_size_or_end(void **state)
{
	auto_close int fd = make_file("hello");
	char buffer[8];

	(void)state;
	assert_int_equal(fd_read_full(fd, buffer, 2), 2);
	assert_int_equal(fd_read_full(fd, buffer, sizeof(buffer)), 3);
	assert_int_equal(fd_read_full(fd, buffer, sizeof(buffer)), 0);
	assert_int_equal(fd_read_full(-1, buffer, 1), -EBADF);
}

static void test_read_full_goes_on_after_short_reads(void **state)
{
	int ends[2];
	char buffer[70000], *data = calloc(1, sizeof(buffer));

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	if (fork() == 0) {
		fd_write_all(ends[1], data, sizeof(buffer)); /* more than a pipe holds */
		_exit(0);
	}
	fd_close(&ends[1]);
	assert_int_equal(fd_read_full(ends[0], buffer, sizeof(buffer)), sizeof(buffer));
	fd_close(&ends[0]);
	free(data);
}

static void test_read_file_refuses_what_does_not_fit(void **state)
{
	char text[4096], small[4];

	(void)state;
	assert_true(fd_read_file(AT_FDCWD, "/proc/self/stat", text, sizeof(text)) > 10);
	assert_int_equal(fd_read_file(AT_FDCWD, "/proc/self/stat", small, sizeof(small)), -EFBIG);
	assert_int_equal(fd_read_file(AT_FDCWD, "/nowhere", text, sizeof(text)), -ENOENT);
	assert_int_equal(fd_write_file(AT_FDCWD, "/nowhere", "x"), -ENOENT);
}

static void test_nonblocking_is_switched_both_ways(void **state)
{
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_set_nonblocking(ends[0], true), 0);
	assert_int_equal(read(ends[0], &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fd_set_nonblocking(ends[0], false), 0);
	assert_false(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(fd_set_nonblocking(-1, true), -EBADF);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void test_clock_never_goes_back(void **state)
{
	uint64_t before = clock_now_ns(), after = clock_now_ns();

	(void)state;
	assert_true(before > 0 && after >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_auto_close_closes_and_keeps_errno),
	    cmocka_unit_test(test_move_leaves_nothing_behind),
	    cmocka_unit_test(test_read_full_reads_to_size_or_end),
	    cmocka_unit_test(test_read_full_goes_on_after_short_reads),
	    cmocka_unit_test(test_read_file_refuses_what_does_not_fit),
	    cmocka_unit_test(test_nonblocking_is_switched_both_ways),
	    cmocka_unit_test(test_clock_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
