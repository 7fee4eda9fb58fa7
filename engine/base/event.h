/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_EVENT_H
#define ISOLAB_EVENT_H
/*
 * event: one thing that happened to one sandbox, and its JSON line in the journal.
 *
 *	{"t_ns":123,"sandbox":"demo","kind":"step","name":"mounts","duration_ns":45}
 *
 * Keys that are empty or 0 are left out, except t_ns, sandbox and kind. Encoding needs libc only
 * (the workers do it); decoding uses a JSON library and lives in a file of its own, so that workers
 * do not link it.
 *
 * Walls in walls: what a sandbox inside this one has told, as far as it was mirrored, stands in
 * the journal with "OUTER/INNER" as its sandbox and its stamps on the host's clock. The first of
 * them is a STATE "created", whose value is its kind.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

/* The line's limit leaves room for the worst case, in which every byte of every string becomes
 * six. */
enum {
	EVENT_NAME_MAX = 64,
	EVENT_SANDBOX_MAX = 2 * EVENT_NAME_MAX, /* "OUTER/INNER" */
	EVENT_VALUE_MAX = 1024,
	EVENT_DETAIL_MAX = 512,
	EVENT_LINE_MAX = 12 * 1024
};

enum event_kind {
	/* name: boot step of DESIGN; t_ns its start, duration_ns; detail: why, in one line */
	EVENT_STEP,
	EVENT_READY, /* accepts exec and attach; t_ns is the end of the boot */
	/* offset, length of what the console ring got since the last one; at most every 20 ms */
	EVENT_CONSOLE,
	/* name: resource (memory_bytes, cpu_ns …); value: decimal number. Written by the engine */
	EVENT_SAMPLE,
	EVENT_FACT,    /* name: probe; value as read inside. Written by the engine */
	EVENT_STATE,   /* name: created starting running paused stopped failed */
	EVENT_EXIT,    /* name: "status" or "signal"; value: number */
	EVENT_FAIL,    /* name: errno's name or a step; value: what; detail: hint */
	EVENT_DROPPED, /* name: "events" or "console"; value: how many (events, bytes) were lost */
	EVENT_NOTE,    /* name: topic ("limit", "stop" …); value: an honest word to the learner */
	EVENT_KINDS
};

struct event {
	uint64_t t_ns;           /* host's CLOCK_MONOTONIC */
	uint64_t duration_ns;    /* STEP */
	uint64_t offset, length; /* CONSOLE */
	enum event_kind kind;
	char sandbox[EVENT_SANDBOX_MAX];
	char name[EVENT_NAME_MAX];
	char value[EVENT_VALUE_MAX];
	char detail[EVENT_DETAIL_MAX];
};

/* "step" … "note", and back (-EINVAL: no such kind). */
const char *event_kind_name(enum event_kind kind);
int event_kind_parse(const char *name, enum event_kind *ret_kind);
/* Whether a wall around it is told such an event: not what comes all the time, nor what was
 * lost. */
bool event_kind_is_mirrored(enum event_kind kind);

/* Appends the JSON line, with its newline, to `line`. */
void event_encode(const struct event *event, struct strbuf *line);

/* Parses one line (with or without newline). Unknown keys are ignored, too long strings are cut.
 * -EINVAL with a reason otherwise. In event_decode.c. */
int event_decode(const char *line, size_t length, struct event *ret_event, struct err *e);

/* The same without a JSON library, for who cannot have one: takes only what event_encode() writes,
 * nothing cut; all else is -EINVAL. In event_scan.c. */
int event_scan(const char *line, size_t length, struct event *ret_event);

#endif
