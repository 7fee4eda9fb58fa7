/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The console's ring: no byte is read twice or in the wrong place, and losses are told.
 * The file is a memfd; what a reader may meet there (foreign bytes) is written into it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "console.h"
#include "fd.h"

struct ring {
	int fd;
	struct console_writer writer;
	struct console_reader reader;
	uint64_t lost;
	char buffer[2 * CONSOLE_CAPACITY];
};

static struct ring *make_ring(void)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	assert_non_null(ring);
	ring->fd = memfd_create("console", MFD_CLOEXEC);
	assert_true(ring->fd >= 0);
	assert_int_equal(console_writer_init(&ring->writer, ring->fd, NULL), 0);
	ring->reader.fd = ring->fd;
	return ring;
}

static void free_ring(struct ring *ring)
{
	fd_close(&ring->fd);
	free(ring);
}

static ssize_t read_all(struct ring *ring)
{
	return console_read(&ring->reader, ring->buffer, sizeof(ring->buffer), &ring->lost);
}

static void test_a_new_console_is_empty(void **state)
{
	struct ring *ring = make_ring();

	(void)state;
	assert_int_equal(read_all(ring), 0);
	assert_int_equal(ring->lost, 0);
	free_ring(ring);
}

static void test_what_is_written_is_read_once(void **state)
{
	struct ring *ring = make_ring();

	(void)state;
	assert_int_equal(console_write(&ring->writer, "hello", 5), 0);
	assert_int_equal(read_all(ring), 5);
	assert_memory_equal(ring->buffer, "hello", 5);
	assert_int_equal(read_all(ring), 0);
	assert_int_equal(console_write(&ring->writer, "!", 1), 0);
	assert_int_equal(console_read(&ring->reader, ring->buffer, 10, &ring->lost), 1);
	free_ring(ring);
}

/* Byte number n of the stream. */
static char byte_of(uint64_t n)
{
	return (char)(n % 251);
}

static void write_stream(struct ring *ring, size_t length)
{
	char *data = malloc(length);

	assert_non_null(data);
	for (size_t i = 0; i < length; i++)
		data[i] = byte_of(ring->writer.head + i);
	assert_int_equal(console_write(&ring->writer, data, length), 0);
	free(data);
}

static void test_bytes_keep_their_place_over_the_end_of_the_ring(void **state)
{
	struct ring *ring = make_ring();
	uint64_t position = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		ssize_t n;

		write_stream(ring, 30011);
		n = read_all(ring);
		assert_int_equal(n, 30011);
		for (ssize_t k = 0; k < n; k++)
			assert_int_equal(ring->buffer[k], byte_of(position++));
	}
	free_ring(ring);
}

static void test_a_slow_reader_learns_what_it_lost(void **state)
{
	struct ring *ring = make_ring();
	ssize_t n;

	(void)state;
	write_stream(ring, CONSOLE_CAPACITY);
	write_stream(ring, 1000);
	n = read_all(ring);
	assert_int_equal(ring->lost, 1000);
	assert_int_equal(n, CONSOLE_CAPACITY);
	assert_int_equal(ring->buffer[0], byte_of(1000));
	free_ring(ring);
}

static void test_one_write_larger_than_the_ring_keeps_its_end(void **state)
{
	struct ring *ring = make_ring();

	(void)state;
	write_stream(ring, CONSOLE_CAPACITY + 12345);
	assert_int_equal(read_all(ring), CONSOLE_CAPACITY);
	assert_int_equal(ring->lost, 12345);
	assert_int_equal(ring->buffer[0], byte_of(12345));
	free_ring(ring);
}

static void test_a_console_that_is_written_again_goes_on(void **state)
{
	struct ring *ring = make_ring();

	(void)state;
	console_write(&ring->writer, "one", 3);
	assert_int_equal(console_writer_init(&ring->writer, ring->fd, NULL), 0);
	assert_int_equal(ring->writer.head, 3);
	console_write(&ring->writer, "two", 3);
	assert_int_equal(read_all(ring), 6);
	assert_memory_equal(ring->buffer, "onetwo", 6);
	free_ring(ring);
}

static void test_foreign_bytes_are_no_console(void **state)
{
	struct ring *ring = make_ring();
	static const uint64_t absurd = UINT64_MAX;

	(void)state;
	assert_int_equal(pwrite(ring->fd, "short", 5, 0), 5);
	assert_int_equal(read_all(ring), -EBADMSG);
	assert_int_equal(console_writer_init(&ring->writer, ring->fd, NULL), -EBADMSG);
	ring->writer.head = 0;
	console_write(&ring->writer, "x", 1);
	/* A head that no file of this length can have. */
	assert_int_equal(pwrite(ring->fd, &absurd, 8, 16), 8);
	assert_int_equal(read_all(ring), -EBADMSG);
	/* A capacity that is not ours. */
	ring->writer.head = 0;
	console_write(&ring->writer, "x", 1);
	assert_int_equal(pwrite(ring->fd, &absurd, 8, 8), 8);
	assert_int_equal(read_all(ring), -EBADMSG);
	free_ring(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_new_console_is_empty),
	    cmocka_unit_test(test_what_is_written_is_read_once),
	    cmocka_unit_test(test_bytes_keep_their_place_over_the_end_of_the_ring),
	    cmocka_unit_test(test_a_slow_reader_learns_what_it_lost),
	    cmocka_unit_test(test_one_write_larger_than_the_ring_keeps_its_end),
	    cmocka_unit_test(test_a_console_that_is_written_again_goes_on),
	    cmocka_unit_test(test_foreign_bytes_are_no_console),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
