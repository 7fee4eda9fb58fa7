/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A journal as hostile bytes: each line decoded and told to a story, which must keep its bounds
 * whatever it hears.
 */
#include <stdlib.h>
#include <string.h>

#include "story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct story story;
	const char *at = (const char *)data, *end = at + size;

	story_init(&story);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		struct event event;

		if (event_decode(at, (size_t)(stop - at), &event, NULL) == 0)
			story_add(&story, &event);
		at = stop + 1;
	}
	if (story.timeline.count > TIMELINE_STEPS_MAX || story.sample_count > SAMPLES_KEPT)
		abort();
	for (unsigned k = 0; k < SAMPLES_KEPT; k++)
		if (!story_sample(&story, k) != (k >= story.sample_count))
			abort();
	story_finish(&story);
	return 0;
}
