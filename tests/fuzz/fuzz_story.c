/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A journal as hostile bytes: each line decoded and told to a story, or to that of a sandbox inside
 * it, which must keep their bounds whatever they hear.
 */
#include <stdlib.h>
#include <string.h>

#include "lab_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct story *story)
{
	if (story->timeline.count > TIMELINE_STEPS_MAX || story->sample_count > SAMPLES_KEPT)
		abort();
	for (unsigned k = 0; k < SAMPLES_KEPT; k++)
		if (!story_sample(story, k) != (k >= story->sample_count))
			abort();
}

static void tell(struct sandbox *s, const char *line, size_t length)
{
	struct event event;

	if (event_decode(line, length, &event, NULL) < 0)
		return;
	if (!sandbox_take_inner(s, &event))
		story_add(&s->story, &event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lab lab = {0};
	struct sandbox *s = sandbox_allocate(&lab, "outer");
	const char *at = (const char *)data, *end = at + size;

	if (!s)
		return 0;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		tell(s, at, (size_t)(stop - at));
		at = stop + 1;
	}
	check(&s->story);
	if (s->inner_count > SANDBOX_INNER_MAX)
		abort();
	sandbox_end_inner(s);
	for (size_t i = 0; i < s->inner_count; i++) {
		check(&s->inner[i]->story);
		if (story_is_alive(&s->inner[i]->story))
			abort();
	}
	sandbox_destroy(s);
	return 0;
}
