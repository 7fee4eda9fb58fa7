/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a worker answers on its control socket, and what a bad or slow client can do to it:
 * nothing. The console and programs that are started later are asked for here, too.
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "worker_front.h"

/* ---- the socket ---- */

static void test_what_a_wall_cannot_do_is_said(void **state)
{
	static const enum wire_type types[] = {WIRE_PAUSE, WIRE_SIGNAL, WIRE_ATTACH};
	struct front *front = *state;
	auto_close int fd = -1;
	struct err e = {0};

	front_start_kind(front, "bare", "-- idle", false);
	fd = front_dial(front);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(front_request(front, fd, types[i], SIGTERM, 0), WIRE_ERROR);
		assert_int_equal(wire_error_decode(&front->message, &e), -EOPNOTSUPP);
		assert_true(strlen(e.what) > 10);
	}
	assert_int_equal(front_request(front, fd, WIRE_KILL, 0, 0), WIRE_OK);
	assert_int_equal(front_wait_end(front), 137);
}

static void test_rubbish_ends_the_connection_only(void **state)
{
	struct front *front = *state;
	auto_close int bad = -1, good = -1;

	front_start(front, "-- idle");
	bad = front_dial(front);
	good = front_dial(front);
	assert_int_equal(send(bad, "rubbish", 7, 0), 7);
	assert_int_equal(wire_receive(bad, &front->message, NULL), 1);
	assert_int_equal(front->message.header.type, WIRE_ERROR);
	assert_int_equal(front->message.header.a, EPROTO);
	assert_int_equal(wire_receive(bad, &front->message, NULL), 0);
	assert_int_equal(front_request(front, good, WIRE_PING, 0, 0), WIRE_OK);
	/* An answer is no request. */
	assert_int_equal(front_request(front, good, WIRE_EXEC_EXIT, 0, 0), WIRE_ERROR);
}

static void test_a_client_that_does_not_read_is_dropped(void **state)
{
	struct front *front = *state;
	auto_close int deaf = -1, good = -1;
	int r;

	front_start(front, "-- idle");
	deaf = front_dial(front);
	good = front_dial(front);
	do {
		front->message.header = (struct wire_header){.type = WIRE_PING};
		front->message.fd_count = 0;
		r = wire_send(deaf, &front->message, false);
	} while (r == 0);
	assert_true(r == -EPIPE || r == -ECONNRESET);
	assert_int_equal(front_request(front, good, WIRE_PING, 0, 0), WIRE_OK);
}

static void test_too_many_clients_are_turned_away(void **state)
{
	struct front *front = *state;
	int fds[24], served = 0;

	front_start(front, "-- idle");
	for (int i = 0; i < 24; i++)
		fds[i] = front_dial(front);
	for (int i = 0; i < 24; i++) {
		front->message.header = (struct wire_header){.type = WIRE_PING};
		front->message.fd_count = 0;
		if (wire_send(fds[i], &front->message, false) == 0 &&
		    wire_receive(fds[i], &front->message, NULL) == 1 &&
		    front->message.header.type == WIRE_OK) /* who is turned away is told why */
			served++;
	}
	assert_int_equal(served, 16);
	for (int i = 0; i < 24; i++)
		close(fds[i]);
}

/* ---- the console ---- */

static uint32_t input(struct front *front, int fd, const char *text, size_t length)
{
	front->message.header = (struct wire_header){.type = WIRE_INPUT,
						     .length = (uint32_t)length};
	memcpy(front->message.body, text, length);
	front->message.fd_count = 0;
	return front_ask(front, fd);
}

static void test_input_needs_attach_and_comes_back(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1;
	char text[64];
	uint64_t lost;

	front_start(front, "-- idle");
	fd = front_dial(front);
	assert_int_equal(input(front, fd, "x", 1), WIRE_ERROR);
	assert_int_equal(front->message.header.a, EPERM);
	assert_int_equal(front_request(front, fd, WIRE_ATTACH, 0, 0), WIRE_OK);
	assert_int_equal(input(front, fd, "hello", 5), WIRE_OK);
	assert_int_equal(front->message.header.a, 5);
	assert_int_equal(front_read_console(front, text, sizeof(text), &lost), 5);
	assert_memory_equal(text, "hello", 5);
	assert_int_equal(front_request(front, fd, WIRE_INPUT_END, 0, 0), WIRE_OK);
	assert_int_equal(front_wait_end(front), 4);
}

static void test_input_that_nobody_takes_is_bounded(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1;
	static char block[10000];
	uint32_t taken = 0;

	front_start(front, "-- full");
	fd = front_dial(front);
	assert_int_equal(front_request(front, fd, WIRE_ATTACH, 0, 0), WIRE_OK);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(input(front, fd, block, sizeof(block)), WIRE_OK);
		taken += front->message.header.a;
	}
	assert_in_range(taken, 1, 64 * 1024);
	assert_int_equal(front_request(front, fd, WIRE_KILL, 0, 0), WIRE_OK);
	assert_int_equal(front_wait_end(front), 137);
}

static void test_a_flood_is_told_by_few_events(void **state)
{
	struct front *front = *state;
	struct event event;
	struct stat status;
	char text[16];
	uint64_t lost;

	front_start(front, "-- flood");
	assert_int_equal(front_wait_end(front), 0);
	assert_int_equal(fstat(front->events, &status), 0);
	assert_true(status.st_size < 200 * 1024);
	assert_true(front_find_event(front, EVENT_CONSOLE, "", &event));
	assert_int_equal(event.offset + event.length, 2048 * 4096);
	assert_int_equal(front_read_console(front, text, sizeof(text), &lost), 16);
	assert_int_equal(lost, 2048 * 4096 - CONSOLE_CAPACITY);
	assert_true(front_find_event(front, EVENT_STEP, "first_output", &event));
}

static void test_output_that_the_disk_did_not_take_is_told(void **state)
{
	struct front *front = *state;
	struct event event;
	char text[16];
	uint64_t lost;

	front_start(front, "-- full-disk");
	assert_int_equal(front_wait_end(front), 0);
	assert_true(front_find_event(front, EVENT_DROPPED, "console", &event));
	assert_string_equal(event.value, "4096");
	assert_int_equal(front_read_console(front, text, sizeof(text), &lost), 4);
	assert_memory_equal(text, "kept", 4);
}

/* ---- exec ---- */

/* Sends a program with a pipe as its stdout. Returns the pipe's other end. */
static int exec(struct front *front, int fd, char *name, uint32_t *ret_type)
{
	char *argv[] = {name, NULL};
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(wire_exec_encode(&front->message,
					  &(struct wire_exec_request){.argv = argv}, NULL),
			 0);
	for (int i = 0; i < 3; i++)
		front->message.fds[i] = ends[1];
	front->message.fd_count = 3;
	*ret_type = front_ask(front, fd);
	close(ends[1]);
	return ends[0];
}

static void test_exec_gets_its_descriptors_and_tells_its_status(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1, output = -1;
	char text[16];
	uint32_t type;

	front_start(front, "-- idle");
	fd = front_dial(front);
	output = exec(front, fd, "program", &type);
	assert_int_equal(type, WIRE_OK);
	assert_int_equal(wire_receive(fd, &front->message, NULL), 1);
	assert_int_equal(front->message.header.type, WIRE_EXEC_EXIT);
	assert_int_equal(front->message.header.a, 9);
	/* End-of-file after it: nobody has kept the descriptors. */
	assert_int_equal(fd_read_full(output, text, sizeof(text)), 7);
	assert_memory_equal(text, "program", 7);
}

static void test_exec_of_nothing_says_127_and_gives_a_hint(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1, output = -1;
	struct err e = {0};
	uint32_t type;

	front_start(front, "-- idle");
	fd = front_dial(front);
	output = exec(front, fd, "missing", &type);
	assert_int_equal(type, WIRE_ERROR);
	assert_int_equal(front->message.header.a, ENOENT);
	assert_int_equal(front->message.header.b, 1);
	wire_error_decode(&front->message, &e);
	assert_true(e.hint[0]);
	/* The connection can be used again. */
	fd_close(&output);
	output = exec(front, fd, "program", &type);
	assert_int_equal(type, WIRE_OK);
}

static void test_exec_ends_with_its_connection(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1, other = -1, output = -1;
	char text[16];
	uint64_t lost;
	uint32_t type;

	front_start(front, "-- idle");
	fd = front_dial(front);
	output = exec(front, fd, "stay", &type);
	assert_int_equal(type, WIRE_OK);
	assert_int_equal(fd_read_full(output, text, 4), 4);
	fd_close(&fd);
	assert_int_equal(fd_read_full(output, text, 1), 0); /* gone */
	other = front_dial(front);
	assert_int_equal(front_request(front, other, WIRE_PING, 0, 0), WIRE_OK);
	assert_int_equal(front_read_console(front, text, sizeof(text), &lost), 3);
	assert_memory_equal(text, "HUP", 3);
}

static void test_exec_into_what_is_paused_is_refused(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1, output = -1;
	struct err e = {0};
	uint32_t type;

	front_start(front, "-- idle");
	fd = front_dial(front);
	assert_int_equal(front_request(front, fd, WIRE_PAUSE, 0, 0), WIRE_OK);
	output = exec(front, fd, "program", &type);
	assert_int_equal(type, WIRE_ERROR);
	wire_error_decode(&front->message, &e);
	assert_non_null(strstr(e.hint, "unpause"));
}

#define front_test(function) cmocka_unit_test_setup_teardown(function, front_make, front_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    front_test(test_what_a_wall_cannot_do_is_said),
	    front_test(test_rubbish_ends_the_connection_only),
	    front_test(test_a_client_that_does_not_read_is_dropped),
	    front_test(test_too_many_clients_are_turned_away),
	    front_test(test_input_needs_attach_and_comes_back),
	    front_test(test_input_that_nobody_takes_is_bounded),
	    front_test(test_a_flood_is_told_by_few_events),
	    front_test(test_output_that_the_disk_did_not_take_is_told),
	    front_test(test_exec_gets_its_descriptors_and_tells_its_status),
	    front_test(test_exec_of_nothing_says_127_and_gives_a_hint),
	    front_test(test_exec_ends_with_its_connection),
	    front_test(test_exec_into_what_is_paused_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
