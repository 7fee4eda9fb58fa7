/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A journal: a sandbox's directory may hold anything. What is read as an event must fit its fields,
 * and must be the same event when it is written and read again, with a JSON library or without.
 * What is taken without one as it came (a guest's lines) must be one for the library when it is
 * written again, whatever bytes were in it.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(const struct event *event)
{
	auto_strbuf line = {.limit = EVENT_LINE_MAX};
	struct event again;

	event_encode(event, &line);
	/* A text of nothing but control characters grows sixfold, and may then not fit. */
	assert(!line.failed);
	assert(event_decode(line.data, line.length, &again, NULL) == 0);
	assert(again.t_ns == event->t_ns && again.duration_ns == event->duration_ns);
	assert(again.offset == event->offset && again.length == event->length);
	assert(strcmp(again.value, event->value) == 0 && strcmp(again.name, event->name) == 0);
	struct event scanned;
	assert(event_scan(line.data, line.length, &scanned) == 0);
	assert(memcmp(&scanned, &again, sizeof(again)) == 0);
}

static void scan(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct event event;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		auto_strbuf line = {.limit = EVENT_LINE_MAX};
		if (event_scan(at, (size_t)(stop - at), &event) == 0) {
			event_encode(&event, &line);
			assert(!line.failed);
			assert(event_decode(line.data, line.length, &event, NULL) == 0);
		}
		at = stop + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_reader *reader;
	struct event event;
	int fd = memfd_create("journal", MFD_CLOEXEC);

	scan(data, size);
	if (fd < 0)
		return 0;
	if (write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0 ||
	    journal_reader_create(fd, &reader, NULL) < 0) {
		close(fd);
		return 0;
	}
	while (journal_reader_next(reader, &event, NULL) == 1)
		write_and_read(&event);
	journal_reader_destroy(reader);
	return 0;
}
