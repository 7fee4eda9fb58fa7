/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_COMPARE_H
#define ISOLAB_COMPARE_H
/* compare: what the comparison has found out, between the part that makes and measures and the
 * part that shows. */
#include "cmd.h"

enum { COMPARED_MAX = 16, WORK_RESULTS_MAX = 8 };

/* One line of `isolab-work compare`: so many units took so long. */
struct work_result {
	char name[16], unit[16]; /* "loop", "turn" */
	uint64_t count, total_ns;
};

struct compared {
	struct sandbox *s; /* held; NULL when the wall was skipped */
	const struct backend *backend;
	char title[EVENT_SANDBOX_MAX]; /* of its column */
	bool is_cold;                  /* the first start of all */
	struct work_result work[WORK_RESULTS_MAX];
	size_t work_count;
	struct err skipped; /* why there is none */
};

struct comparison {
	struct compared items[COMPARED_MAX];
	size_t count;
	bool is_made; /* we made them */
};

/* Makes one of each kind, one after the other, runs the same program in each, measures, removes.
 * What this machine cannot do is skipped with its reason. 0, -EINTR, or -errno when nothing at all
 * could be made. */
int compare_make(struct lab *lab, struct comparison *comparison, struct err *e);
/* Takes the named ones as they are and reads the facts of those that run. */
int compare_take(struct lab *lab, char **names, int count, struct comparison *comparison,
		 struct err *e);
void compare_finish(struct comparison *comparison);

/* Takes in the lines that isolab-work has printed (foreign bytes). Returns how many results
 * there are now. */
size_t compare_parse_work(struct compared *item, const char *text, size_t length);
/* Nanoseconds per unit, three digits: "0.264 ns", "2.00 ns". `size` ≥ 24. Returns `buffer`. */
char *compare_format_each(char *buffer, size_t size, const struct work_result *work);

#endif
