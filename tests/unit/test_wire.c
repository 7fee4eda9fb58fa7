/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages of the control socket: they arrive whole and with their descriptors, and what is
 * malformed is refused without a descriptor left open.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "wire.h"

struct line {
	int ends[2];
	struct wire_message out, in;
};

static int open_line(void **state)
{
	struct line *line = calloc(1, sizeof(*line));

	assert_non_null(line);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line->ends), 0);
	*state = line;
	return 0;
}

static int close_line(void **state)
{
	struct line *line = *state;

	fd_close(&line->ends[0]);
	fd_close(&line->ends[1]);
	free(line);
	return 0;
}

static int count_descriptors(void)
{
	DIR *stream = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(stream);
	while (readdir(stream))
		count++;
	closedir(stream);
	return count;
}

static void test_a_message_arrives_as_it_was_sent(void **state)
{
	struct line *line = *state;

	line->out.header = (struct wire_header){.type = WIRE_INPUT, .a = 7, .b = 8, .length = 5};
	memcpy(line->out.body, "hello", 5);
	assert_int_equal(wire_send(line->ends[0], &line->out, false), 0);
	assert_int_equal(wire_receive(line->ends[1], &line->in, NULL), 1);
	assert_int_equal(line->in.header.type, WIRE_INPUT);
	assert_int_equal(line->in.header.a, 7);
	assert_int_equal(line->in.header.b, 8);
	assert_string_equal(line->in.body, "hello");
}

static void test_the_largest_body_fits(void **state)
{
	struct line *line = *state;

	line->out.header = (struct wire_header){.type = WIRE_INPUT, .length = WIRE_BODY_MAX};
	memset(line->out.body, 'x', WIRE_BODY_MAX);
	assert_int_equal(wire_send(line->ends[0], &line->out, false), 0);
	assert_int_equal(wire_receive(line->ends[1], &line->in, NULL), 1);
	assert_int_equal(strlen(line->in.body), WIRE_BODY_MAX);
	line->out.header.length++;
	assert_int_equal(wire_send(line->ends[0], &line->out, false), -EMSGSIZE);
}

static void test_descriptors_travel_and_are_cloexec(void **state)
{
	struct line *line = *state;
	struct stat mine, theirs;
	int before = count_descriptors();

	line->out.header = (struct wire_header){.type = WIRE_EXEC};
	line->out.fd_count = 4;
	for (int i = 0; i < 4; i++)
		line->out.fds[i] = line->ends[0];
	assert_int_equal(wire_send(line->ends[0], &line->out, false), 0);
	assert_int_equal(wire_receive(line->ends[1], &line->in, NULL), 1);
	assert_int_equal(line->in.fd_count, 4);
	assert_true(fcntl(line->in.fds[3], F_GETFD) & FD_CLOEXEC);
	fstat(line->ends[0], &mine);
	fstat(line->in.fds[3], &theirs);
	assert_true(mine.st_ino == theirs.st_ino);
	wire_close_fds(&line->in);
	assert_int_equal(count_descriptors(), before);
}

static void test_the_end_of_a_connection_is_zero(void **state)
{
	struct line *line = *state;

	fd_close(&line->ends[0]);
	assert_int_equal(wire_receive(line->ends[1], &line->in, NULL), 0);
}

static void test_nobody_waits_who_does_not_want_to(void **state)
{
	struct line *line = *state;
	int r;

	fd_set_nonblocking(line->ends[1], true);
	assert_int_equal(wire_receive(line->ends[1], &line->in, NULL), -EAGAIN);
	line->out.header = (struct wire_header){.type = WIRE_INPUT, .length = WIRE_BODY_MAX};
	do
		r = wire_send(line->ends[0], &line->out, true);
	while (r == 0);
	assert_int_equal(r, -EAGAIN);
	fd_close(&line->ends[1]);
	r = wire_send(line->ends[0], &line->out, true);
	assert_true(r == -EPIPE || r == -ECONNRESET);
}

static void expect_protocol_error(struct line *line, const void *packet, size_t length)
{
	struct err e = {0};

	assert_int_equal(send(line->ends[0], packet, length, 0), length);
	assert_int_equal(wire_receive(line->ends[1], &line->in, &e), -EPROTO);
	assert_true(e.what[0]);
}

static void test_malformed_packets_are_refused(void **state)
{
	struct line *line = *state;
	const struct wire_header good = {.magic = WIRE_MAGIC, .type = WIRE_PING};
	struct wire_header bad;

	expect_protocol_error(line, "x", 1);
	bad = good;
	bad.magic++;
	expect_protocol_error(line, &bad, sizeof(bad));
	bad = good;
	bad.length = 1; /* says more than there is */
	expect_protocol_error(line, &bad, sizeof(bad));
	bad = good;
	bad.length = UINT32_MAX;
	expect_protocol_error(line, &bad, sizeof(bad));
	bad = good;
	bad.type = 40;
	expect_protocol_error(line, &bad, sizeof(bad));
	expect_protocol_error(line, &good, sizeof(good) - 1);
	assert_int_equal(wire_check(&good, sizeof(good), NULL), 0);
}

static void test_descriptors_of_a_bad_packet_are_closed(void **state)
{
	struct line *line = *state;
	int before = count_descriptors();
	union {
		char bytes[CMSG_SPACE(6 * sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec part = {"rubbish", 7};
	struct msghdr packet = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control)};
	int fds[6];

	for (int i = 0; i < 6; i++)
		fds[i] = line->ends[0];
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
	assert_int_equal(sendmsg(line->ends[0], &packet, 0), 7);
	assert_int_equal(wire_receive(line->ends[1], &line->in, NULL), -EPROTO);
	assert_int_equal(count_descriptors(), before);
}

static void test_exec_words_arrive(void **state)
{
	struct line *line = *state;
	char *argv[] = {"sh", "-c", "", NULL}, *env[] = {"A=1", NULL};
	struct wire_exec exec;

	const struct wire_exec_request request = {
	    .workdir = "/tmp", .user = "ann:tty", .argv = argv, .env = env, .flags = WIRE_EXEC_TTY};

	assert_int_equal(wire_exec_encode(&line->out, &request, NULL), 0);
	assert_int_equal(wire_send(line->ends[0], &line->out, false), 0);
	assert_int_equal(wire_receive(line->ends[1], &line->in, NULL), 1);
	assert_int_equal(line->in.header.flags, WIRE_EXEC_TTY);
	assert_int_equal(wire_exec_decode(&line->in, &exec, NULL), 0);
	assert_string_equal(exec.workdir, "/tmp");
	assert_string_equal(exec.user, "ann:tty");
	assert_string_equal(exec.argv[1], "-c");
	assert_string_equal(exec.argv[2], "");
	assert_null(exec.argv[3]);
	assert_string_equal(exec.env[0], "A=1");
	assert_null(exec.env[1]);
}

static void test_exec_refuses_too_many_words(void **state)
{
	struct line *line = *state;
	char *many[WIRE_ARGV_MAX + 2] = {NULL}, *env[] = {"A=1", NULL};
	struct err e = {0};

	for (int i = 0; i <= WIRE_ARGV_MAX; i++)
		many[i] = "x";
	struct wire_exec_request request = {.argv = many};
	assert_int_equal(wire_exec_encode(&line->out, &request, &e), -E2BIG);
	assert_true(*e.hint);
	many[WIRE_ARGV_MAX] = NULL;
	assert_int_equal(wire_exec_encode(&line->out, &request, &e), 0);
	request.env = env;
	assert_int_equal(wire_exec_encode(&line->out, &request, &e), -E2BIG);
}

static void expect_bad_exec(struct line *line, const char *body, uint32_t length, uint32_t argc,
			    uint32_t count)
{
	struct wire_exec exec;

	line->in.header =
	    (struct wire_header){.type = WIRE_EXEC, .a = argc, .b = count, .length = length};
	memcpy(line->in.body, body, length);
	line->in.body[length] = '\0';
	assert_int_equal(wire_exec_decode(&line->in, &exec, NULL), -EPROTO);
}

static void test_exec_bodies_that_do_not_fit_are_refused(void **state)
{
	struct line *line = *state;

	expect_bad_exec(line, "", 0, 1, 0);
	expect_bad_exec(line, "\0", 1, 1, 0);                /* a directory only */
	expect_bad_exec(line, "\0\0sh\0", 5, 0, 0);          /* no command */
	expect_bad_exec(line, "\0\0sh\0", 5, 2, 0);          /* a word too few */
	expect_bad_exec(line, "\0\0sh\0x\0", 7, 1, 0);       /* a word too many */
	expect_bad_exec(line, "\0\0sh", 4, 1, 0);            /* no end */
	expect_bad_exec(line, "\0\0sh\0", 5, UINT32_MAX, 2); /* counts that wrap around */
	expect_bad_exec(line, "\0\0sh\0", 5, 1, UINT32_MAX);
}

static void test_errors_travel_with_their_hint(void **state)
{
	struct line *line = *state;
	struct err sent = {0}, received = {0};

	err_hint(&sent, err_set(&sent, ESRCH, "gone"), "look elsewhere");
	wire_answer_error(&line->out, &sent);
	assert_int_equal(wire_error_decode(&line->out, &received), -ESRCH);
	assert_string_equal(received.what, "gone");
	assert_string_equal(received.hint, "look elsewhere");
	/* A body of rubbish still makes an error. */
	line->out.header.length = 2;
	line->out.header.a = 0;
	assert_int_equal(wire_error_decode(&line->out, &received), -EPROTO);
	assert_true(received.what[0]);
}

static void test_a_long_path_is_no_obstacle(void **state)
{
	struct line *line = *state;
	char path[300] = "/tmp/isolab-test-wire-XXXXXX", name[201];
	int base_fd, dir_fd, listening, fd, accepted;

	assert_non_null(mkdtemp(path));
	base_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memset(name, 'd', 200);
	name[200] = '\0';
	assert_int_equal(mkdirat(base_fd, name, 0700), 0);
	dir_fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(wire_connect(dir_fd, NULL), -ENOENT);
	listening = wire_listen(dir_fd, false, NULL);
	assert_true(listening >= 0);
	fd = wire_connect(dir_fd, NULL);
	assert_true(fd >= 0);
	accepted = accept(listening, NULL, NULL);
	wire_answer_ok(&line->out, 3);
	assert_int_equal(wire_send(accepted, &line->out, false), 0);
	assert_int_equal(wire_receive(fd, &line->in, NULL), 1);
	assert_int_equal(line->in.header.a, 3);
	close(listening);
	assert_int_equal(wire_connect(dir_fd, NULL), -ECONNREFUSED);
	/* What a killed worker left behind does not hinder the next. */
	listening = wire_listen(dir_fd, false, NULL);
	assert_true(listening >= 0);
	close(listening);
	close(fd);
	close(accepted);
	unlinkat(dir_fd, "sock", 0);
	unlinkat(base_fd, name, AT_REMOVEDIR);
	close(dir_fd);
	close(base_fd);
	rmdir(path);
}

#define line_test(function) cmocka_unit_test_setup_teardown(function, open_line, close_line)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    line_test(test_a_message_arrives_as_it_was_sent),
	    line_test(test_the_largest_body_fits),
	    line_test(test_descriptors_travel_and_are_cloexec),
	    line_test(test_the_end_of_a_connection_is_zero),
	    line_test(test_nobody_waits_who_does_not_want_to),
	    line_test(test_malformed_packets_are_refused),
	    line_test(test_descriptors_of_a_bad_packet_are_closed),
	    line_test(test_exec_words_arrive),
	    line_test(test_exec_refuses_too_many_words),
	    line_test(test_exec_bodies_that_do_not_fit_are_refused),
	    line_test(test_errors_travel_with_their_hint),
	    line_test(test_a_long_path_is_no_obstacle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
