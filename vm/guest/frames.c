/* SPDX-License-Identifier: GPL-3.0-or-later */
/* frames: see frames.h. The search begins where the last one ended, so that a large piece of
 * memory is one run of frames. */
#include "frames.h"

#include "memlayout.h"
#include "string.h"

void frames_init(struct frames *frames, char *window, uint64_t start, uint64_t end)
{
	uint64_t all = (end - start) / PAGE_BYTES;
	uint64_t table = (all + PAGE_BYTES - 1) / PAGE_BYTES; /* one byte a frame */
	*frames = (struct frames){.window = window};
	if (table >= all)
		return;
	frames->owners = (uint8_t *)window + start;
	frames_touch(frames, start);
	frames->first = start + table * PAGE_BYTES;
	frames->count = frames->free = all - table;
}

uint64_t frames_take(struct frames *frames, uint8_t owner)
{
	if (!frames->free)
		return 0;
	uint64_t number = frames->start;
	while (frames->owners[number] != FRAME_FREE)
		number = number + 1 < frames->count ? number + 1 : 0;
	frames->owners[number] = owner;
	frames->free--;
	frames->start = number + 1 < frames->count ? number + 1 : 0;
	return frames->first + number * PAGE_BYTES;
}

/* Clears a frame, unless it is zero as it is: memory that was only reserved is read here and not
 * written, and so costs the host nothing. */
static void clear(uint64_t *words)
{
	for (unsigned i = 0; i < PAGE_BYTES / sizeof(*words); i++) {
		if (words[i]) {
			memset(words, 0, PAGE_BYTES);
			return;
		}
	}
}

static void give(struct frames *frames, uint64_t number)
{
	clear(frames_address(frames, frames->first + number * PAGE_BYTES));
	frames->owners[number] = FRAME_FREE;
	frames->free++;
	if (number < frames->start)
		frames->start = number;
}

bool frames_is_owned(const struct frames *frames, uint8_t owner, uint64_t gpa)
{
	uint64_t number = (gpa - frames->first) / PAGE_BYTES;
	return gpa >= frames->first && number < frames->count && frames->owners[number] == owner;
}

void frames_give(struct frames *frames, uint8_t owner, uint64_t gpa)
{
	if (frames_is_owned(frames, owner, gpa))
		give(frames, (gpa - frames->first) / PAGE_BYTES);
}

void frames_give_all(struct frames *frames, uint8_t owner)
{
	for (uint64_t i = 0; i < frames->count; i++) {
		if (frames->owners[i] == owner)
			give(frames, i);
	}
}

uint64_t frames_count(const struct frames *frames, uint8_t owner)
{
	uint64_t count = 0;
	for (uint64_t i = 0; i < frames->count; i++)
		count += frames->owners[i] == owner;
	return count;
}
