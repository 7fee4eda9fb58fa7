/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_STORY_H
#define ISOLAB_STORY_H
/*
 * story: what a journal has told about its sandbox so far. Fed event by event, from a live sandbox
 * or from a recording alike; it asks nobody else. What the journal cannot tell, that a worker has
 * vanished, comes in by story_lose_worker().
 *
 * In the journal a FACT's `detail` is its identity, or "!" when the value is the reason why there
 * is none. A `request` step's `value` is the acceleration, its `detail` "together" when several
 * were started at the same time. NOTEs "accel" and "flavour" of the worker know better. The
 * `detail` of a NOTE "denied" is how often its wall has refused a sort of calls: "3 mount".
 */
#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "probe.h"
#include "sandbox.h"
#include "timeline.h"

enum { STORY_DENIED_MAX = 16 };

struct story {
	enum sandbox_state state;
	bool has_exit;
	int exit_status; /* as a shell has it */
	uint64_t ended_ns;
	char failure[EVENT_VALUE_MAX], hint[EVENT_DETAIL_MAX];
	char note[EVENT_VALUE_MAX];
	uint64_t note_ns, accel_ns;                  /* when they were told */
	struct denied_sort denied[STORY_DENIED_MAX]; /* further sorts are in the journal only */
	size_t denied_count;
	char accel[16];
	char flavour[16]; /* of a machine that is another one than was asked for */
	bool is_together;
	struct timeline timeline;
	struct facts *facts;    /* owned; NULL before the first one */
	bool facts_are_new;     /* verdicts are still to be found */
	uint64_t facts_t_ns;    /* of the first fact of the last reading */
	struct sample *samples; /* owned ring of SAMPLES_KEPT, NULL before the first one */
	unsigned sample_count, sample_next;
	uint64_t dropped; /* events and bytes that the journal says were lost */
	uint64_t generation;
};

/* init leaves nothing to free yet; finish frees. */
void story_init(struct story *story);
void story_finish(struct story *story);
void story_add(struct story *story, const struct event *event);
/* Adds or completes a sample. One with the stamp of the newest replaces it. */
void story_add_sample(struct story *story, const struct sample *sample);
const struct sample *story_sample(const struct story *story, unsigned k);
/* The journal says it lives, but its worker holds no lock any more. */
void story_lose_worker(struct story *story);
/* True while there should be a worker. */
bool story_is_alive(const struct story *story);

/* A fact as the event that story_add() understands; *event keeps its sandbox and stamp. */
void story_encode_fact(struct event *event, const char *name, const struct fact *fact);

/* The resources of a sample by the names of DESIGN. `get` gives the field. */
struct sample_field {
	const char *name, *unit;
	size_t offset;
};
extern const struct sample_field sample_fields[]; /* ends with name == NULL */
/* The value of one field. */
uint64_t sample_get(const struct sample *sample, const struct sample_field *field);

#endif
