/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a journal that may still grow. Only whole lines count; the rest waits in the buffer for
 * its newline. A line longer than any of ours (the file is foreign bytes) is skipped without being
 * kept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "journal.h"

struct journal_reader {
	int fd;
	uint64_t skipped;
	size_t start, end; /* the unread bytes in data */
	bool is_overlong;  /* inside a line that has already been given up */
	char data[4 * EVENT_LINE_MAX];
};

int journal_reader_create(int fd, struct journal_reader **ret_reader, struct err *e)
{
	struct journal_reader *reader = malloc(sizeof(*reader));

	if (!reader) {
		fd_close(&fd);
		return err_sys(e, ENOMEM, "journal");
	}
	reader->fd = fd;
	reader->skipped = 0;
	reader->start = reader->end = 0;
	reader->is_overlong = false;
	*ret_reader = reader;
	return 0;
}

void journal_reader_destroy(struct journal_reader *reader)
{
	if (!reader)
		return;
	fd_close(&reader->fd);
	free(reader);
}

uint64_t journal_reader_skipped(const struct journal_reader *reader)
{
	return reader->skipped;
}

/* Reads on behind what is kept. Returns the number of new bytes, 0 at the end of the file for
 * now. */
static ssize_t refill(struct journal_reader *reader, struct err *e)
{
	ssize_t n;

	memmove(reader->data, reader->data + reader->start, reader->end - reader->start);
	reader->end -= reader->start;
	reader->start = 0;
	if (reader->end > EVENT_LINE_MAX) {
		reader->skipped += !reader->is_overlong;
		reader->is_overlong = true;
		reader->end = 0;
	}
	do
		n = read(reader->fd, reader->data + reader->end,
			 sizeof(reader->data) - reader->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "read the journal");
	reader->end += (size_t)n;
	return n;
}

/* The next whole line in the buffer, NULL if there is none. */
static const char *take_line(struct journal_reader *reader, size_t *ret_length)
{
	const char *line = reader->data + reader->start;
	const char *end = memchr(line, '\n', reader->end - reader->start);

	if (!end)
		return NULL;
	*ret_length = (size_t)(end - line);
	reader->start += *ret_length + 1;
	return line;
}

int journal_reader_next(struct journal_reader *reader, struct event *ret_event, struct err *e)
{
	for (;;) {
		size_t length = 0;
		const char *line = take_line(reader, &length);
		ssize_t n;

		if (!line) {
			n = refill(reader, e);
			if (n <= 0)
				return (int)n;
			continue;
		}
		if (reader->is_overlong) {
			reader->is_overlong = false;
			continue;
		}
		if (event_decode(line, length, ret_event, NULL) == 0)
			return 1;
		reader->skipped += length > 0;
	}
}
