/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TIMELINE_H
#define ISOLAB_TIMELINE_H
/* timeline: the boot of one sandbox, step by step, and how it was stopped, as its journal tells it.
 * Only what was stamped. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

enum {
	TIMELINE_STEPS_MAX = 64,
	TIMELINE_LIFE_MAX = 8,
	TIMELINE_DENIED_MAX = 4, /* of these: sorts of refused calls */
	TIMELINE_END_MAX = 4
};

struct timeline_step {
	char name[EVENT_NAME_MAX];
	char why[EVENT_DETAIL_MAX];
	uint64_t start_ns, duration_ns; /* absolute stamps; relative to `request_ns` for showing */
};

struct timeline {
	uint64_t request_ns, ready_ns, first_output_ns; /* 0 = not stamped */
	struct timeline_step steps[TIMELINE_STEPS_MAX]; /* of the boot, */
	size_t count;
	/* of its life, the newest: what happened at its limits, …; `why` is the text */
	struct timeline_step life[TIMELINE_LIFE_MAX];
	size_t life_count;
	struct timeline_step end[TIMELINE_END_MAX]; /* of the end: those called stop_… */
	size_t end_count;
};

/* Takes in one event (others than STEP, READY and NOTE are ignored). A new `request` starts the
 * timeline anew. */
void timeline_add(struct timeline *timeline, const struct event *event);
/* request → ready, 0 if one is missing. */
uint64_t timeline_total_ns(const struct timeline *timeline);
/* One line for a step's name in plain words, e.g. "pivot" → "make the image the root"; NULL if
 * unknown. */
const char *timeline_step_about(const char *name);

#endif
