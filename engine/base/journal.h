/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_JOURNAL_H
#define ISOLAB_JOURNAL_H
/*
 * journal: the file `events` of a sandbox, append-only JSON lines, the only truth about it.
 *
 * Writers open it O_APPEND and write one line with one write(2), so lines of several writers never
 * mix. It is bounded: past JOURNAL_SAMPLES_MAX_BYTES only samples are refused, past
 * JOURNAL_MAX_BYTES everything but STATE, EXIT, FAIL and DROPPED. What was refused is counted and
 * told by a DROPPED event once there is room or at the end. Readers follow a growing file and skip
 * (and count) a line they cannot read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "event.h"

enum {
	JOURNAL_SAMPLES_MAX_BYTES = 2 << 20,
	JOURNAL_MAX_BYTES = 4 << 20,
	JOURNAL_RESERVE_BYTES = 1 << 20 /* for STATE, EXIT, FAIL, DROPPED when all else is full */
};

struct journal_writer {
	int fd;                 /* not owned */
	uint64_t dropped;       /* events refused since the last DROPPED event */
	size_t unchecked_bytes; /* written since the size was last looked at */
	bool has_room;          /* so much that it need not be looked at each time; a new file's */
	bool is_torn;           /* a full disk has cut the last line: begin with a newline */
};

/* Appends one event. A full journal or disk is not an error of the caller: the event is counted as
 * dropped and 0 returned; only a broken descriptor is (-errno). Never blocks on a reader. */
int journal_append(struct journal_writer *writer, const struct event *event);
/* Appends `count` encoded lines (event_encode) in one write: the steps of a boot. As
 * journal_append(). */
int journal_append_lines(struct journal_writer *writer, const struct strbuf *lines, unsigned count);
/* The same for the last lines of a life (steps that were not written yet, EXIT, STATE): they get
 * in even when the journal is full. */
int journal_append_end(struct journal_writer *writer, const struct strbuf *lines);
/* Writes the DROPPED event if anything was. */
int journal_flush(struct journal_writer *writer, const char *sandbox);

struct journal_reader; /* opaque */

/* Reads from `fd` (owned by the reader from now on, also on failure) from its beginning. */
int journal_reader_create(int fd, struct journal_reader **ret_reader, struct err *e);
void journal_reader_destroy(struct journal_reader *reader);
/* 1 and an event; 0 when there is no complete line now (try again after the file grew); -errno. */
int journal_reader_next(struct journal_reader *reader, struct event *ret_event, struct err *e);
/* Lines that were not readable so far. */
uint64_t journal_reader_skipped(const struct journal_reader *reader);

#endif
