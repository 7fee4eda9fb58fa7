/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NOTIFY_H
#define ISOLAB_CONTAINER_NOTIFY_H
/*
 * notify: the worker hears of each system call that the filter refuses, counts it, and says the
 * error that the table has for it. The answer is never anything but an error: no call is let
 * through, changed or made in another's place (no CONTINUE, no SECCOMP_IOCTL_NOTIF_ADDFD), so
 * nothing that a program writes into its memory meanwhile can matter.
 *
 * The journal has a NOTE "denied" for the first call of each sort at once, for its number a second
 * later (while calls go on: two, four … a minute later), and at the end. `explain --surface` has
 * it live.
 *
 * A flood of refused calls slows down who makes it and nobody else: the worker answers so many in
 * a tenth of a second and lets the rest wait for the next. If the worker dies the kernel answers
 * ENOSYS in its place.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "seccomp_table.h"

struct worker;

enum {
	NOTIFY_SORTS_MAX = 64,     /* further ones are counted as one */
	NOTIFY_VALUES_MAX = 8,     /* of one rule: what is inside chooses them */
	NOTIFY_LISTENERS_MAX = 20, /* of the first program and what exec has added */
	NOTIFY_BATCH = 32,         /* in one turn of the worker's loop */
	NOTIFY_WINDOW_NS = 100 * 1000 * 1000,
	NOTIFY_PER_WINDOW = 2000,
	NOTIFY_CALM_NS = 500 * 1000 *
			 1000, /* no refused call for so long: begin with a second again */
	NOTIFY_TELL_MAX_S = 64,
};

/* Refused calls of one sort: a call, for a rule also the argument it looked at. */
struct denied {
	const struct seccomp_call *call; /* NULL: all sorts past NOTIFY_SORTS_MAX */
	bool has_value;
	uint32_t value;
	uint64_t count, told;
};

struct notify; /* opaque */

/* Worker: hears `listener` from now on and owns it. *notify is made with the first one, and may be
 * NULL before. Where there is no room left it is closed: the kernel then answers ENOSYS. */
void notify_add(struct notify **notify, struct worker *w, int listener);
/* False: another program would have to do without. NULL is fine. */
bool notify_has_room(const struct notify *notify);

/* Journals the numbers that were not told yet. Before the end. NULL is fine. */
void notify_tell(struct notify *notify);
/* Closes all. NULL is fine. */
void notify_destroy(struct notify *notify);

/* What was refused so far, the first sort first. */
const struct denied *notify_denied(const struct notify *notify, size_t *ret_count);

/* "mount", "socket AF_PACKET", "ioctl 0x5412": as the journal names the sort. Returns `buffer`. */
const char *denied_name(const struct denied *denied, char *buffer, size_t size);

#endif
