/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The console's ring in a file, for one writer and any number of readers who share nothing but the
 * file.
 *
 * The writer first writes the bytes, then the header with the new head. A reader reads the head,
 * the bytes, and the head once more: what the writer may have overtaken meanwhile is thrown away
 * and counted as lost. No locks, no waiting. The file is empty until the first byte: most sandboxes
 * of a bench print nothing, and a page of tmpfs costs a microsecond.
 */
#include "console.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CONSOLE_MAGIC "isolabc1"

struct header {
	char magic[8];
	uint64_t capacity;
	uint64_t head;
	char reserved[40];
};
_Static_assert(sizeof(struct header) == 64, "the ring begins at byte 64");

static off_t place_of(uint64_t position)
{
	return (off_t)(sizeof(struct header) + position % CONSOLE_CAPACITY);
}

/* 1 and the head; 0 when nothing was ever written; -errno. */
static int read_head(int fd, uint64_t *ret_head)
{
	struct header header;
	ssize_t n = pread(fd, &header, sizeof(header), 0);

	if (n < 0)
		return -errno;
	if (n == 0)
		return 0;
	if (n != sizeof(header) || memcmp(header.magic, CONSOLE_MAGIC, 8) != 0 ||
	    header.capacity != CONSOLE_CAPACITY)
		return -EBADMSG;
	*ret_head = header.head;
	return 1;
}

int console_writer_init(struct console_writer *writer, int fd, struct err *e)
{
	uint64_t head = 0;
	int r = read_head(fd, &head);

	if (r < 0)
		return err_sys(e, -r, "console");
	writer->fd = fd;
	writer->head = head;
	return 0;
}

static int write_at(int fd, const void *data, size_t length, off_t place)
{
	const char *next = data;

	while (length > 0) {
		ssize_t n = pwrite(fd, next, length, place);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		next += n;
		place += n;
		length -= (size_t)n;
	}
	return 0;
}

int console_write(struct console_writer *writer, const void *data, size_t length)
{
	struct header header = {.magic = CONSOLE_MAGIC, .capacity = CONSOLE_CAPACITY};
	uint64_t head = writer->head;
	const char *next = data;
	size_t left = length;
	int r = 0;

	if (left > CONSOLE_CAPACITY) {
		next += left - CONSOLE_CAPACITY;
		head += left - CONSOLE_CAPACITY;
		left = CONSOLE_CAPACITY;
	}
	while (r == 0 && left > 0) {
		size_t piece = CONSOLE_CAPACITY - (size_t)(head % CONSOLE_CAPACITY);

		if (piece > left)
			piece = left;
		r = write_at(writer->fd, next, piece, place_of(head));
		next += piece;
		head += piece;
		left -= piece;
	}
	if (r < 0)
		return r;
	header.head = head;
	r = write_at(writer->fd, &header, sizeof(header), 0);
	if (r == 0)
		writer->head = head;
	return r;
}

static ssize_t read_ring(int fd, uint64_t position, char *buffer, size_t size)
{
	size_t have = 0;

	while (have < size) {
		size_t piece = CONSOLE_CAPACITY - (size_t)(position % CONSOLE_CAPACITY);
		ssize_t n;

		if (piece > size - have)
			piece = size - have;
		n = pread(fd, buffer + have, piece, place_of(position));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		have += (size_t)n;
		position += (uint64_t)n;
	}
	return (ssize_t)have;
}

/* The oldest byte that is still there when `head` were written. */
static uint64_t oldest_of(uint64_t head)
{
	return head > CONSOLE_CAPACITY ? head - CONSOLE_CAPACITY : 0;
}

ssize_t console_read(struct console_reader *reader, void *buffer, size_t size, uint64_t *ret_lost)
{
	uint64_t head = 0, now = 0, position = reader->position, lost = 0, gone;
	ssize_t n;
	int r = read_head(reader->fd, &head);

	*ret_lost = 0;
	if (r < 0 || (r > 0 && head < position))
		return r < 0 ? r : -EBADMSG;
	if (oldest_of(head) > position) {
		lost = oldest_of(head) - position;
		position = oldest_of(head);
	}
	if (size > head - position)
		size = (size_t)(head - position);
	n = size ? read_ring(reader->fd, position, buffer, size) : 0;
	if (n < 0)
		return n;
	if (n > 0 && (r = read_head(reader->fd, &now)) < 0)
		return r;
	/* What the writer may have run over while we copied. */
	gone = oldest_of(now) > position ? oldest_of(now) - position : 0;
	if (gone > (uint64_t)n)
		gone = (uint64_t)n;
	memmove(buffer, (char *)buffer + gone, (size_t)n - (size_t)gone);
	reader->position = position + (uint64_t)n;
	*ret_lost = lost + gone;
	return n - (ssize_t)gone;
}
