/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From events to a sandbox's state, one small function per kind of event. Events are foreign bytes
 * (decoded and bounded below us): a value that makes no sense changes nothing. What surprises:
 * `request` begins a new life, because a stopped sandbox may be started again with the same
 * journal.
 */
#include "story.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

static const char *const state_names[] = {
    [SANDBOX_CREATED] = "created", [SANDBOX_STARTING] = "starting", [SANDBOX_RUNNING] = "running",
    [SANDBOX_PAUSED] = "paused",   [SANDBOX_STOPPED] = "stopped",   [SANDBOX_FAILED] = "failed",
};
enum { STATES = sizeof(state_names) / sizeof(state_names[0]) };

const char *sandbox_state_name(enum sandbox_state state)
{
	return (unsigned)state < STATES ? state_names[state] : "unknown";
}

const struct sample_field sample_fields[] = {
    {"cpu_ns", "ns", offsetof(struct sample, cpu_ns)},
    {"memory_bytes", "bytes", offsetof(struct sample, memory_bytes)},
    {"overhead_bytes", "bytes", offsetof(struct sample, overhead_bytes)},
    {"processes", "", offsetof(struct sample, processes)},
    {"exits", "", offsetof(struct sample, exits)},
    {.name = NULL},
};

static uint64_t *field_of(struct sample *sample, const struct sample_field *field)
{
	return (uint64_t *)(void *)((char *)sample + field->offset);
}

uint64_t sample_get(const struct sample *sample, const struct sample_field *field)
{
	return *(const uint64_t *)(const void *)((const char *)sample + field->offset);
}

void story_init(struct story *story)
{
	*story = (struct story){.state = SANDBOX_CREATED};
}

void story_finish(struct story *story)
{
	free(story->facts);
	free(story->samples);
	*story = (struct story){0};
}

bool story_is_alive(const struct story *story)
{
	return story->state == SANDBOX_STARTING || story->state == SANDBOX_RUNNING ||
	       story->state == SANDBOX_PAUSED;
}

/* A worker without a front writes its steps in one go, this first one behind notes that are newer:
 * those stay. */
static void on_request(struct story *story, const struct event *event)
{
	story->state = SANDBOX_STARTING;
	story->has_exit = false;
	story->ended_ns = 0;
	story->failure[0] = story->hint[0] = 0;
	if (story->note_ns < event->t_ns)
		story->note[0] = 0;
	story->is_together = strcmp(event->detail, "together") == 0;
	if (story->accel_ns < event->t_ns)
		str_copy(story->accel, sizeof(story->accel), event->value);
	free(story->facts);
	story->facts = NULL;
	story->sample_count = 0;
	story->denied_count = 0;
}

static void on_step(struct story *story, const struct event *event)
{
	if (strcmp(event->name, "request") == 0)
		on_request(story, event);
	timeline_add(&story->timeline, event);
}

static void on_ready(struct story *story, const struct event *event)
{
	if (story->state == SANDBOX_CREATED || story->state == SANDBOX_STARTING)
		story->state = SANDBOX_RUNNING;
	timeline_add(&story->timeline, event);
}

static void on_state(struct story *story, const struct event *event)
{
	for (unsigned state = 0; state < STATES; state++)
		if (strcmp(state_names[state], event->name) == 0)
			story->state = (enum sandbox_state)state;
}

static void on_exit_event(struct story *story, const struct event *event)
{
	uint64_t number;

	if (str_parse_number(event->value, 0, 255, &number) < 0)
		return;
	story->has_exit = true;
	story->ended_ns = event->t_ns;
	story->exit_status = (int)number + (strcmp(event->name, "signal") == 0 ? 128 : 0);
	if (story->state != SANDBOX_FAILED)
		story->state = SANDBOX_STOPPED;
}

static void on_fail(struct story *story, const struct event *event)
{
	str_copy(story->failure, sizeof(story->failure), event->value);
	str_copy(story->hint, sizeof(story->hint), event->detail);
	story->state = SANDBOX_FAILED;
}

static void on_fact(struct story *story, const struct event *event)
{
	int index = probe_index(event->name);
	struct fact *fact;

	if (index < 0)
		return;
	if (!story->facts)
		story->facts = calloc(1, sizeof(*story->facts));
	if (!story->facts)
		return;
	fact = &story->facts->fact[index];
	memset(fact, 0, sizeof(*fact));
	str_copy(fact->value, sizeof(fact->value), event->value);
	fact->is_absent = strcmp(event->detail, "!") == 0;
	if (!fact->is_absent)
		str_copy(fact->identity, sizeof(fact->identity), event->detail);
	story->facts_are_new = true;
	story->facts_t_ns = event->t_ns;
}

void story_encode_fact(struct event *event, const char *name, const struct fact *fact)
{
	event->kind = EVENT_FACT;
	str_copy(event->name, sizeof(event->name), name);
	str_copy(event->value, sizeof(event->value), fact->value);
	str_copy(event->detail, sizeof(event->detail), fact->is_absent ? "!" : fact->identity);
}

const struct sample *story_sample(const struct story *story, unsigned k)
{
	if (k >= story->sample_count)
		return NULL;
	return &story->samples[(story->sample_next + SAMPLES_KEPT - 1 - k) % SAMPLES_KEPT];
}

/* The newest sample if it has this stamp, else a new one that begins as a copy of the newest. */
static struct sample *sample_at(struct story *story, uint64_t t_ns)
{
	struct sample *newest = (struct sample *)story_sample(story, 0), *next;

	if (newest && newest->t_ns == t_ns)
		return newest;
	if (!story->samples)
		story->samples = calloc(SAMPLES_KEPT, sizeof(*story->samples));
	if (!story->samples)
		return NULL;
	next = &story->samples[story->sample_next];
	*next = newest ? *newest : (struct sample){0};
	next->t_ns = t_ns;
	story->sample_next = (story->sample_next + 1) % SAMPLES_KEPT;
	story->sample_count += story->sample_count < SAMPLES_KEPT;
	return next;
}

void story_add_sample(struct story *story, const struct sample *sample)
{
	struct sample *kept = sample_at(story, sample->t_ns);

	if (kept)
		*kept = *sample;
	story->generation++;
}

static void on_sample(struct story *story, const struct event *event)
{
	for (const struct sample_field *field = sample_fields; field->name; field++) {
		uint64_t number;
		struct sample *sample;

		if (strcmp(field->name, event->name) != 0 ||
		    str_parse_number(event->value, 0, INT64_MAX, &number) < 0)
			continue;
		sample = sample_at(story, event->t_ns);
		if (!sample)
			return;
		*field_of(sample, field) = number;
		sample->has_exits |= strcmp(field->name, "exits") == 0;
	}
}

static void on_dropped(struct story *story, const struct event *event)
{
	uint64_t number;

	if (str_parse_number(event->value, 0, INT64_MAX, &number) == 0)
		story->dropped += number;
}

static void on_denied(struct story *story, const char *detail)
{
	const char *name = strchr(detail, ' ');
	char number[24] = "";
	uint64_t count;
	size_t i = 0;

	if (!name || name - detail >= (ptrdiff_t)sizeof(number))
		return;
	memcpy(number, detail, (size_t)(name - detail));
	if (str_parse_number(number, 0, INT64_MAX, &count) < 0)
		return;
	while (i < story->denied_count && strcmp(story->denied[i].name, name + 1) != 0)
		i++;
	if (i == STORY_DENIED_MAX ||
	    !str_copy(story->denied[i].name, sizeof(story->denied[i].name), name + 1))
		return;
	story->denied[i].count = count;
	story->denied_count += i == story->denied_count;
}

static void on_note(struct story *story, const struct event *event)
{
	timeline_add(&story->timeline, event);
	if (strcmp(event->name, "accel") == 0) {
		story->accel_ns = event->t_ns;
		str_copy(story->accel, sizeof(story->accel), event->value);
	} else if (strcmp(event->name, "flavour") == 0)
		str_copy(story->flavour, sizeof(story->flavour), event->value);
	else if (strcmp(event->name, "denied") == 0)
		on_denied(story, event->detail);
	else if (strcmp(event->name, "kernel") != 0 && strcmp(event->name, "update") != 0) {
		story->note_ns = event->t_ns;
		str_copy(story->note, sizeof(story->note), event->value);
	}
}

void story_add(struct story *story, const struct event *event)
{
	static void (*const handlers[EVENT_KINDS])(struct story *, const struct event *) = {
	    [EVENT_STEP] = on_step, [EVENT_READY] = on_ready,     [EVENT_SAMPLE] = on_sample,
	    [EVENT_FACT] = on_fact, [EVENT_STATE] = on_state,     [EVENT_EXIT] = on_exit_event,
	    [EVENT_FAIL] = on_fail, [EVENT_DROPPED] = on_dropped, [EVENT_NOTE] = on_note,
	};

	if ((unsigned)event->kind < EVENT_KINDS && handlers[event->kind])
		handlers[event->kind](story, event);
	story->generation++;
}

void story_lose_worker(struct story *story)
{
	story->state = SANDBOX_FAILED;
	story->generation++;
	if (story->failure[0])
		return;
	str_copy(story->failure, sizeof(story->failure), "its worker ended without a word");
	str_copy(story->hint, sizeof(story->hint),
		 "it was killed or it crashed; what it printed is in 'isolab logs', 'isolab start' "
		 "begins anew");
}
