/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_PROGRESS_H
#define ISOLAB_PROGRESS_H
/*
 * progress: what a learner has done, a small text file (a database comes with grading):
 *
 *	LESSON TAB KEY TAB VALUE			lesson "-": about no lesson in particular
 *	-	current	01-two-walls
 *	01-two-walls	step	first-start		id of the step
 *	01-two-walls	answer.ready	120000000
 *
 * In $XDG_STATE_HOME/isolab/progress, else ~/.local/state/isolab/progress; with no home at all
 * below the run directory's neighbour /tmp/isolab-lessons-UID, which does not survive a reboot.
 * Written whole and renamed, so a crash loses the last answer at most.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum { PROGRESS_FILE_MAX = 256 * 1024, PROGRESS_KEY_MAX = 160, PROGRESS_VALUE_MAX = 256 };

struct progress;

/* Loads it; a missing file is an empty one, lines that make no sense are dropped. */
int progress_load(struct progress **ret_progress, struct err *e);
void progress_destroy(struct progress *progress);
int progress_save(const struct progress *progress, struct err *e);

/* NULL when not set. The pointer lives until the next progress_set or progress_forget. */
const char *progress_get(const struct progress *progress, const char *lesson, const char *key);
/* With a key of two parts: "answer" "." "ready". */
const char *progress_get_part(const struct progress *progress, const char *lesson, const char *key,
			      const char *part);
void progress_set(struct progress *progress, const char *lesson, const char *key,
		  const char *value);
void progress_set_part(struct progress *progress, const char *lesson, const char *key,
		       const char *part, const char *value);
/* Forgets everything about a lesson. */
void progress_forget(struct progress *progress, const char *lesson);

/* Goes up when the file was written, by whomever; 0 = there is none. Cheap. */
uint64_t progress_generation(void);

#endif
