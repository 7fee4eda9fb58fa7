/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing the journal: one event, one line, one write(2) at the end of the file (O_APPEND, see
 * open(2): the move to the end and the write are one step, so lines of several writers never mix).
 *
 * Nothing here can hold up a sandbox: a full journal and a full disk only raise a count. A line
 * that a full disk has cut in the middle is closed by a newline before the next one; readers skip
 * the stump.
 */
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

/* How large the file may be for an event of this kind to be still taken. */
static off_t limit_of(enum event_kind kind)
{
	switch (kind) {
	case EVENT_SAMPLE:
		return JOURNAL_SAMPLES_MAX_BYTES;
	case EVENT_STATE:
	case EVENT_EXIT:
	case EVENT_FAIL:
	case EVENT_DROPPED:
		return JOURNAL_MAX_BYTES + JOURNAL_RESERVE_BYTES;
	default:
		return JOURNAL_MAX_BYTES;
	}
}

/* 1: written, 0: no room, -errno: the descriptor is no journal. */
static int write_lines(struct journal_writer *writer, const char *text, size_t length)
{
	ssize_t n;

	if (writer->is_torn && write(writer->fd, "\n", 1) != 1)
		return 0;
	writer->is_torn = false;
	do
		n = write(writer->fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)length)
		return 1;
	if (n >= 0) {
		writer->is_torn = n > 0;
		return 0;
	}
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EAGAIN ? 0 : -errno;
}

/* As long as there is much room the size is looked at only now and then: a boot's few lines shall
 * not pay for it. */
enum { UNCHECKED_MAX_BYTES = 16 * 1024 };

static int append(struct journal_writer *writer, const char *text, size_t length, off_t limit)
{
	struct stat status;

	if (!writer->has_room || writer->unchecked_bytes + length > UNCHECKED_MAX_BYTES) {
		if (fstat(writer->fd, &status) < 0)
			return -errno;
		writer->unchecked_bytes = 0;
		writer->has_room = status.st_size <
				   JOURNAL_SAMPLES_MAX_BYTES - 4 * UNCHECKED_MAX_BYTES;
		if (status.st_size + (off_t)length > limit)
			return 0;
	}
	writer->unchecked_bytes += length;
	return write_lines(writer, text, length);
}

int journal_append(struct journal_writer *writer, const struct event *event)
{
	auto_strbuf line = {.limit = EVENT_LINE_MAX};
	int r = 0;

	if (writer->dropped > 0 && event->kind != EVENT_DROPPED)
		journal_flush(writer, event->sandbox);
	event_encode(event, &line);
	if (!line.failed)
		r = append(writer, line.data, line.length, limit_of(event->kind));
	if (r == 0)
		writer->dropped++;
	return r < 0 ? r : 0;
}

int journal_append_lines(struct journal_writer *writer, const struct strbuf *lines, unsigned count)
{
	int r = 0;

	if (lines->length == 0)
		return 0;
	if (!lines->failed)
		r = append(writer, lines->data, lines->length, JOURNAL_MAX_BYTES);
	if (r == 0)
		writer->dropped += count;
	return r < 0 ? r : 0;
}

int journal_append_end(struct journal_writer *writer, const struct strbuf *lines)
{
	int r = 0;

	if (!lines->failed)
		r = append(writer, lines->data, lines->length,
			   JOURNAL_MAX_BYTES + JOURNAL_RESERVE_BYTES);
	return r < 0 ? r : 0;
}

int journal_flush(struct journal_writer *writer, const char *sandbox)
{
	struct event event = {.kind = EVENT_DROPPED, .name = "events"};
	uint64_t dropped = writer->dropped;
	auto_strbuf line = {.limit = EVENT_LINE_MAX};
	int r;

	if (dropped == 0)
		return 0;
	event.t_ns = clock_now_ns();
	str_copy(event.sandbox, sizeof(event.sandbox), sandbox);
	snprintf(event.value, sizeof(event.value), "%llu", (unsigned long long)dropped);
	event_encode(&event, &line);
	if (line.failed)
		return 0;
	r = append(writer, line.data, line.length, JOURNAL_MAX_BYTES + JOURNAL_RESERVE_BYTES);
	if (r > 0)
		writer->dropped -= dropped;
	return r < 0 ? r : 0;
}
