/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages with descriptors: what is sent arrives, closed on exec; what there is no room for is
 * lost, told, and left open by nobody; an end is an end, not a signal.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "packet.h"

struct line {
	int ends[2];
};

static struct line make_line(int type)
{
	struct line line;

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, line.ends), 0);
	return line;
}

static void finish_line(struct line *line)
{
	fd_close(&line->ends[0]);
	fd_close(&line->ends[1]);
}

static size_t count_open(void)
{
	DIR *stream = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(stream))
		count++;
	closedir(stream);
	return count;
}

static void test_bytes_and_descriptors_arrive_together(void **state)
{
	__attribute__((cleanup(finish_line))) struct line line = make_line(SOCK_SEQPACKET);
	char to[8] = "";
	const struct iovec from[] = {{(char *)"he", 2}, {(char *)"llo", 3}};
	const struct iovec into = {to, sizeof(to)};
	int fds[3] = {-1, -1, -1};
	size_t count = 3;
	bool is_cut = true;

	(void)state;
	assert_int_equal(packet_send(line.ends[0], from, 2, line.ends, 2, 0), 5);
	assert_int_equal(packet_receive(line.ends[1], &into, 1, fds, &count, 0, &is_cut), 5);
	assert_string_equal(to, "hello");
	assert_int_equal(count, 2);
	assert_false(is_cut);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		fd_close(&fds[i]);
	}
	assert_int_equal(fds[2], -1);
	count = 3; /* and without any */
	assert_int_equal(packet_send(line.ends[0], from, 1, NULL, 0, 0), 2);
	assert_int_equal(packet_receive(line.ends[1], &into, 1, fds, &count, 0, NULL), 2);
	assert_int_equal(count, 0);
}

static void test_what_has_no_room_is_told_and_left_open_by_nobody(void **state)
{
	__attribute__((cleanup(finish_line))) struct line line = make_line(SOCK_SEQPACKET);
	const struct iovec from = {(char *)"abc", 3};
	char to[3];
	const struct iovec into = {to, sizeof(to)}, narrow = {to, 1};
	int many[PACKET_FDS_MAX], fds[PACKET_FDS_MAX];
	size_t before = count_open();
	bool is_cut = false;

	(void)state;
	for (size_t i = 0; i < PACKET_FDS_MAX; i++)
		many[i] = line.ends[0];
	for (size_t room = 1; room < PACKET_FDS_MAX; room += 7) {
		size_t count = room;
		assert_int_equal(packet_send(line.ends[0], &from, 1, many, room + 1, 0), 3);
		assert_int_equal(packet_receive(line.ends[1], &into, 1, fds, &count, 0, &is_cut),
				 3);
		assert_true(is_cut);
		assert_int_equal(count, room);
		for (size_t i = 0; i < count; i++)
			fd_close(&fds[i]);
	}
	assert_int_equal(count_open(), before);
	size_t count = 1;
	assert_int_equal(packet_send(line.ends[0], &from, 1, NULL, 0, 0), 3);
	assert_int_equal(packet_receive(line.ends[1], &narrow, 1, fds, &count, 0, &is_cut), 1);
	assert_true(is_cut);
}

static void test_an_end_is_no_signal(void **state)
{
	__attribute__((cleanup(finish_line))) struct line line = make_line(SOCK_STREAM);
	char byte = 0;
	const struct iovec data = {&byte, 1};
	size_t count = 1;
	int fd;

	(void)state;
	assert_int_equal(packet_receive(line.ends[0], &data, 1, &fd, &count, MSG_DONTWAIT, NULL),
			 -EAGAIN);
	assert_int_equal(count, 0);
	fd_close(&line.ends[1]);
	assert_int_equal(packet_send(line.ends[0], &data, 1, NULL, 0, 0), -EPIPE);
	count = 1;
	assert_int_equal(packet_receive(line.ends[0], &data, 1, &fd, &count, 0, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes_and_descriptors_arrive_together),
	    cmocka_unit_test(test_what_has_no_room_is_told_and_left_open_by_nobody),
	    cmocka_unit_test(test_an_end_is_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
