/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_MEASURE_H
#define ISOLAB_MEASURE_H
/* measure: what a prediction is held against: n starts of one kind, one after the other, in a lab
 * of their own. */
#include <stdint.h>

#include "check.h"
#include "command.h"
#include "err.h"

enum { MEASURE_RUNS_MAX = 50 };

struct measurement {
	uint64_t value;    /* median, or the one value */
	uint64_t p10, p90; /* 0 when runs is 1 */
	unsigned runs;
	char accel[16]; /* "kvm", "kvm-pvm" …; "-" */
};

/* Starts `kind` runs+1 times (the first, cold one does not count) with the default command, removes
 * each before the next. `field`: CHECK_BOOT or CHECK_OUTPUT. On failure nothing is left either. */
int measure_starts(const struct command_table *table, const char *kind, enum check_field field,
		   unsigned runs, struct measurement *ret, struct err *e);

#endif
