/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_FRAMES_H
#define ISOLAB_TINY_FRAMES_H
/*
 * frames: free memory, in frames of one page. Each frame has an owner, one byte in a table: nobody,
 * or the number of a task. So all that a task ever got can be found and freed at its end.
 *
 * Free frames are zero: the monitor hands memory over so, and a frame that is given back is cleared
 * then.
 */
#include <stdbool.h>
#include <stdint.h>

enum { FRAME_FREE = 0, FRAME_OF_TASK = 1 /* + the task's channel */ };

struct frames {
	char *window;   /* gpa 0 as we see it */
	uint64_t first; /* gpa of the first frame */
	uint64_t count;
	uint64_t free;  /* how many nobody owns */
	uint64_t start; /* where to look first */
	uint8_t *owners;
};

/* Takes over the RAM from `start` to `end` (whole pages), which is zero; the table of owners is
 * put at its start. */
void frames_init(struct frames *frames, char *window, uint64_t start, uint64_t end);
/* A frame of zeros for `owner`: its gpa, or 0 when there is none left. */
uint64_t frames_take(struct frames *frames, uint8_t owner);
bool frames_is_owned(const struct frames *frames, uint8_t owner, uint64_t gpa);
/* Gives back a frame of `owner`; any other gpa is left alone. */
void frames_give(struct frames *frames, uint8_t owner, uint64_t gpa);
/* Gives back all that `owner` has. */
void frames_give_all(struct frames *frames, uint8_t owner);
/* How many frames `owner` has. */
uint64_t frames_count(const struct frames *frames, uint8_t owner);

/* Writes to a frame before it is first read. The host gives a page at once then; after a read it
 * would have to exchange its page of zeros for a real one, at the price of a second fault. */
static inline void frames_touch(const struct frames *frames, uint64_t gpa)
{
	*(volatile uint8_t *)(frames->window + gpa) = 0;
}

static inline void *frames_address(const struct frames *frames, uint64_t gpa)
{
	return frames->window + gpa;
}

#endif
