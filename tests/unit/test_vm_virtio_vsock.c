/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The socket device on plain memory: a program of the host at the Unix socket, a driver that speaks
 * for the guest, with manners and without.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "vsock_peers.h"

/* ---- with manners ---- */

static void test_guest_reads_its_address(void **state)
{
	(void)state;
	assert_int_equal(driver_read(&driver, 0x008), 19);
	assert_int_equal(driver_read(&driver, 0x100), GUEST);
	assert_int_equal(driver_read(&driver, 0x104), 0);
}

static void test_host_connects_and_bytes_go_both_ways(void **state)
{
	uint8_t data[BUFFER_BYTES] = "";
	struct packet packet;
	uint32_t port;
	auto_close int fd = open_stream(&port);

	(void)state;
	say_data(port, "hello", 5);
	assert_string_equal(hear(fd), "hello");
	assert_int_equal(write(fd, "and back", 8), 8);
	poll_sockets();
	assert_true(get(&packet, data));
	assert_int_equal(packet.operation, VSOCK_DATA);
	assert_int_equal(packet.length, 8);
	assert_int_equal(packet.forwarded, 5);
	assert_memory_equal(data, "and back", 8);
}

static void test_first_line_may_come_in_parts_with_bytes_behind_it(void **state)
{
	uint8_t data[BUFFER_BYTES] = "";
	struct packet packet;
	auto_close int fd = call("CONN");

	(void)state;
	assert_false(get(&packet, NULL));
	assert_int_equal(write(fd, "ECT 7\nearly", 11), 11);
	poll_sockets();
	packet = expect(VSOCK_REQUEST);
	assert_int_equal(packet.target_port, 7);
	struct packet response = packet_to(packet.source_port, VSOCK_RESPONSE);
	response.source_port = 7;
	send_packet(&response, NULL, 0);
	assert_true(get(&packet, data));
	assert_memory_equal(data, "early", 5);
}

static void test_words_that_are_none_are_hung_up_on(void **state)
{
	static const char *const lines[] = {"GET / HTTP/1.1\r\n",
					    "CONNECT \n",
					    "CONNECT -1\n",
					    "CONNECT 4294967295\n",
					    "CONNECT 12x\n",
					    "CONNECT 99999999999999999999999999999999\n",
					    "\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		auto_close int fd = call(lines[i]);
		char byte;
		ssize_t n = read(fd, &byte, 1);
		assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	}
}

static void test_guest_that_listens_not_is_told_to_the_host(void **state)
{
	auto_close int fd = call("CONNECT 1234\n");
	struct packet request = expect(VSOCK_REQUEST);

	(void)state;
	say(request.source_port, VSOCK_RESET);
	assert_string_equal(hear(fd), "");
}

static void test_guest_connects_to_who_waits_for_it(void **state)
{
	auto_close int fd = call("LISTEN 80\n");

	(void)state;
	assert_string_equal(hear(fd), "-");
	say(80, VSOCK_REQUEST);
	assert_string_equal(hear(fd), "OK 1234\n");
	expect(VSOCK_RESPONSE);
	say_data(80, "hello", 5);
	assert_string_equal(hear(fd), "hello");
	/* the next one finds nobody */
	struct packet another = packet_to(80, VSOCK_REQUEST);
	another.source_port = 1235;
	send_packet(&another, NULL, 0);
	assert_int_equal(expect(VSOCK_RESET).target_port, 1235);
}

static void test_guest_s_end_comes_behind_its_bytes(void **state)
{
	uint32_t port;
	auto_close int fd = open_stream(&port);

	(void)state;
	say_data(port, "last", 4);
	say_shutdown(port, VSOCK_NO_MORE_SENT);
	assert_string_equal(hear(fd), "last");
	assert_string_equal(hear(fd), "");
	assert_int_equal(write(fd, "x", 1), 1); /* the other way goes on */
	poll_sockets();
	expect(VSOCK_DATA);
	say_shutdown(port, VSOCK_NO_MORE);
	expect(VSOCK_RESET);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
}

static void test_host_s_end_comes_behind_its_bytes(void **state)
{
	uint32_t port;
	int fd = open_stream(&port);
	struct packet packet;

	(void)state;
	assert_int_equal(write(fd, "last", 4), 4);
	shutdown(fd, SHUT_WR);
	poll_sockets();
	assert_true(get(&packet, NULL) && packet.operation == VSOCK_DATA);
	packet = expect(VSOCK_SHUTDOWN);
	assert_int_equal(packet.flags, VSOCK_NO_MORE_SENT);
	say_data(port, "answer", 6);
	assert_string_equal(hear(fd), "answer");
	close(fd);
	poll_sockets();
	packet = expect(VSOCK_SHUTDOWN);
	assert_int_equal(packet.flags, VSOCK_NO_MORE);
	say(port, VSOCK_RESET);
	/* the stream is forgotten: a later word of it is answered by a reset */
	say_data(port, "x", 1);
	expect(VSOCK_RESET);
}

/* ---- windows ---- */

static void test_guest_gets_no_more_than_it_has_room_for(void **state)
{
	uint32_t port;
	auto_close int fd = open_stream(&port);
	struct packet packet, credit = packet_to(port, VSOCK_CREDIT_UPDATE);
	static uint8_t bytes[3000];

	(void)state;
	credit.window = 1000;
	send_packet(&credit, NULL, 0);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	poll_sockets();
	assert_int_equal(expect(VSOCK_DATA).length, 1000);
	credit.forwarded = 400;
	send_packet(&credit, NULL, 0);
	assert_int_equal(expect(VSOCK_DATA).length, 400);
	credit.forwarded = 5000; /* more than it was sent */
	send_packet(&credit, NULL, 0);
	assert_false(get(&packet, NULL));
	assert_false(has_broken_rules());
}

static void test_host_that_takes_nothing_is_waited_for_and_its_window_is_all(void **state)
{
	static uint8_t piece[16384], read_back[VSOCK_WINDOW * 16];
	uint32_t port, sent = 0;
	auto_close int fd = open_stream(&port);
	struct packet packet = {0};
	size_t got = 0;

	(void)state;
	/* As much as a sender with manners may: what is in the Unix socket counts as taken. */
	uint32_t forwarded = 0;
	while (sent - forwarded + sizeof(piece) <= VSOCK_WINDOW) {
		memset(piece, (int)(sent / sizeof(piece)), sizeof(piece));
		say_data(port, piece, sizeof(piece));
		sent += sizeof(piece);
		while (get(&packet, NULL))
			forwarded = packet.forwarded;
	}
	assert_true(sent >= VSOCK_WINDOW && sent < sizeof(read_back));
	/* the host reads: credit comes, and all bytes are what they were */
	while (got < sent) {
		ssize_t n = read(fd, read_back + got, sizeof(read_back) - got);
		assert_true(n > 0 || errno == EAGAIN);
		got += n > 0 ? (size_t)n : 0;
		poll_sockets();
	}
	for (size_t i = 0; i < got; i++)
		assert_int_equal(read_back[i], (uint8_t)(i / sizeof(piece)));
	while (get(&packet, NULL))
		forwarded = packet.forwarded;
	assert_true(sent - forwarded < VSOCK_WINDOW / 2);
}

static void test_bytes_of_a_guest_that_is_gone_still_arrive(void **state)
{
	static uint8_t piece[16384], read_back[VSOCK_WINDOW * 16];
	uint32_t port, sent = 0, forwarded = 0;
	auto_close int fd = open_stream(&port);
	struct packet packet;
	size_t got = 0;
	ssize_t n;

	(void)state;
	while (sent - forwarded + sizeof(piece) <= VSOCK_WINDOW) {
		say_data(port, piece, sizeof(piece));
		sent += sizeof(piece);
		while (get(&packet, NULL))
			forwarded = packet.forwarded;
	}
	say_shutdown(port, VSOCK_NO_MORE);
	say(port, VSOCK_RESET);
	while ((n = read(fd, read_back, sizeof(read_back))) != 0) {
		got += n > 0 ? (size_t)n : 0;
		poll_sockets();
	}
	assert_int_equal(got, sent);
}

/* ---- without ---- */

static void test_more_than_the_window_ends_the_stream(void **state)
{
	static uint8_t bytes[SENT_DATA_MAX];
	uint32_t port;
	auto_close int fd = open_stream(&port);

	(void)state;
	say_data(port, bytes, sizeof(bytes));
	expect(VSOCK_RESET);
	assert_string_equal(hear(fd), "");
	assert_false(has_broken_rules());
}

static void test_packet_shorter_than_it_says_breaks_the_rules(void **state)
{
	struct packet packet = packet_to(1, VSOCK_DATA);

	(void)state;
	packet.length = 100;
	send_packet(&packet, "short", 5);
	assert_true(has_broken_rules());
}

static void test_packets_for_nobody_are_answered_by_resets_and_wait(void **state)
{
	struct packet packet = packet_to(99, VSOCK_DATA);
	uint32_t written;
	unsigned count = 0;

	(void)state;
	memory_write(&driver.memory, SENT, &packet, sizeof(packet));
	driver_descriptor(&driver, TRANSMIT, 0, SENT, sizeof(packet), 0, 0);
	/* three times as many as there are buffers for answers and memory for what is owed */
	for (int round = 0; round < 9; round++) {
		for (unsigned i = 0; i < DRIVER_QUEUE_SIZE; i++)
			driver_announce(&driver, TRANSMIT, 0);
		for (int i = 0; i < 20; i++) {
			virtio_serve(&driver.device);
			while (driver_used(&driver, TRANSMIT, &written))
				;
			if (i < 4)
				continue; /* it must not hang while nothing is taken */
			while (get(&packet, NULL))
				count += packet.operation == VSOCK_RESET;
		}
	}
	assert_int_equal(count, 9 * DRIVER_QUEUE_SIZE);
	assert_false(has_broken_rules());
}

static void test_words_out_of_place_end_only_their_stream(void **state)
{
	uint32_t port, other_port;
	auto_close int fd = open_stream(&port), other = open_stream(&other_port);
	struct packet packet = packet_to(port, VSOCK_RESPONSE); /* a second one */

	(void)state;
	send_packet(&packet, NULL, 0);
	assert_int_equal(expect(VSOCK_RESET).source_port, port);
	assert_string_equal(hear(fd), "");
	packet = packet_to(other_port, VSOCK_DATA);
	packet.source_cid = 77; /* not this guest */
	send_packet(&packet, NULL, 0);
	expect(VSOCK_RESET);
	say_data(other_port, "hello", 5);
	assert_string_equal(hear(other), "hello");
}

static void test_there_are_so_many_streams_and_no_more(void **state)
{
	int fds[VSOCK_CONNECTIONS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < VSOCK_CONNECTIONS_MAX; i++) {
		fds[i] = call("LISTEN 80\n");
		assert_string_equal(hear(fds[i]), "-");
	}
	fds[VSOCK_CONNECTIONS_MAX] = call("");
	assert_string_equal(hear(fds[VSOCK_CONNECTIONS_MAX]), "");
	close(fds[0]); /* makes room for the next */
	poll_sockets();
	auto_close int next = call("LISTEN 80\n");
	assert_string_equal(hear(next), "-");
	for (size_t i = 1; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
}

/* As the devices' thread does: it serves a device only if its bell has rung. */
static void serve_kick(void)
{
	struct pollfd kicked = {.fd = driver.device.kick_fd, .events = POLLIN};

	assert_int_equal(poll(&kicked, 1, 0), 1);
	virtio_serve(&driver.device);
}

/* Leaves the process room for so many descriptors more. Returns the limit that was. */
static struct rlimit leave_room(unsigned count)
{
	struct rlimit before, now;
	int lowest = dup(0);

	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = (struct rlimit){(rlim_t)lowest + count, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	return before;
}

static void test_who_comes_without_a_descriptor_left_is_taken_in_later(void **state)
{
	uint32_t port;
	auto_close int fd = open_stream(&port);
	const struct rlimit before = leave_room(1);
	auto_close int late = call("LISTEN 80\n");

	(void)state;
	say(80, VSOCK_REQUEST); /* nobody is there yet */
	expect(VSOCK_RESET);
	virtio_serve(&driver.device);
	say(port, VSOCK_RESET);
	serve_kick();
	assert_string_equal(hear(fd), ""); /* it has made room */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	say(80, VSOCK_REQUEST);
	assert_string_equal(hear(late), "OK 1234\n");
}

static void test_driver_that_begins_anew_finds_no_streams(void **state)
{
	uint32_t port;
	auto_close int fd = open_stream(&port);

	(void)state;
	driver_start(&driver, 0);
	virtio_serve(&driver.device);
	assert_string_equal(hear(fd), "");
}

static void test_driver_that_lets_go_ends_its_streams(void **state)
{
	uint32_t port;
	auto_close int fd = open_stream(&port), asking = call("CONN");

	(void)state;
	virtio_serve(&driver.device);
	assert_string_equal(hear(fd), "-");
	driver_write(&driver, 0x070, 0);
	serve_kick();
	assert_string_equal(hear(fd), "");
	assert_string_equal(hear(asking), "-");
}

static void test_driver_that_breaks_the_rules_ends_its_streams(void **state)
{
	struct packet packet = packet_to(1, VSOCK_DATA);
	uint32_t port;
	auto_close int fd = open_stream(&port);

	(void)state;
	packet.length = 100;
	send_packet(&packet, "short", 5);
	assert_true(has_broken_rules());
	assert_string_equal(hear(fd), "");
}

static void test_driver_with_an_impossible_queue_ends_its_streams(void **state)
{
	uint32_t port;
	auto_close int fd = open_stream(&port);

	(void)state;
	virtio_serve(&driver.device);
	driver_write(&driver, 0x030, 2);
	driver_write(&driver, 0x044, 0);
	driver_write(&driver, 0x084, 1 << 30); /* beyond the RAM */
	driver_write(&driver, 0x044, 1);
	assert_true(has_broken_rules());
	serve_kick();
	assert_string_equal(hear(fd), "");
}

static void test_without_a_driver_the_host_is_hung_up_on(void **state)
{
	(void)state;
	driver_write(&driver, 0x070, 0);
	auto_close int fd = call("CONNECT 1234\n");
	poll_sockets();
	assert_string_equal(hear(fd), "");
}

int main(void)
{
#define VSOCK(test) cmocka_unit_test_setup_teardown(test, plug_in, pull_out)
	static const struct CMUnitTest tests[] = {
	    VSOCK(test_guest_reads_its_address),
	    VSOCK(test_host_connects_and_bytes_go_both_ways),
	    VSOCK(test_first_line_may_come_in_parts_with_bytes_behind_it),
	    VSOCK(test_words_that_are_none_are_hung_up_on),
	    VSOCK(test_guest_that_listens_not_is_told_to_the_host),
	    VSOCK(test_guest_connects_to_who_waits_for_it),
	    VSOCK(test_guest_s_end_comes_behind_its_bytes),
	    VSOCK(test_host_s_end_comes_behind_its_bytes),
	    VSOCK(test_guest_gets_no_more_than_it_has_room_for),
	    VSOCK(test_host_that_takes_nothing_is_waited_for_and_its_window_is_all),
	    VSOCK(test_bytes_of_a_guest_that_is_gone_still_arrive),
	    VSOCK(test_more_than_the_window_ends_the_stream),
	    VSOCK(test_packet_shorter_than_it_says_breaks_the_rules),
	    VSOCK(test_packets_for_nobody_are_answered_by_resets_and_wait),
	    VSOCK(test_words_out_of_place_end_only_their_stream),
	    VSOCK(test_there_are_so_many_streams_and_no_more),
	    VSOCK(test_who_comes_without_a_descriptor_left_is_taken_in_later),
	    VSOCK(test_driver_that_begins_anew_finds_no_streams),
	    VSOCK(test_driver_that_lets_go_ends_its_streams),
	    VSOCK(test_driver_that_breaks_the_rules_ends_its_streams),
	    VSOCK(test_driver_with_an_impossible_queue_ends_its_streams),
	    VSOCK(test_without_a_driver_the_host_is_hung_up_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
