/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TESTS_RACE_H
#define ISOLAB_TESTS_RACE_H
/*
 * race: contestants that take turns. They run one at a time, all of them in each round, in an order
 * that is drawn anew for every round: what drifts (clock speed, caches, the kernel's clean-up after
 * the one before) hits all alike. The first round is not counted but shown as the cold start.
 */
#include <stddef.h>
#include <stdint.h>

enum { CONTESTANTS_MAX = 24 };

struct contestant {
	const char *name;
	char **words; /* ends with NULL; borrowed */
	size_t word_count;
	uint64_t cold_ns;
	uint64_t *samples_ns;
	int failure; /* wait status, 0 = none */
};

struct race {
	struct contestant contestants[CONTESTANTS_MAX];
	size_t count, runs;
	int pause_ms; /* of idling between two launches, as a person makes */
};

/* Takes RUNS PAUSE_MS NAME WORD… [+ NAME WORD…]…; ends the program with `usage` if it cannot. */
void race_parse(struct race *race, int argc, char **argv, const char *usage);

/* Runs all rounds. `once` runs one contestant and returns how long it took; it sets `failure` when
 * that one is out, since a failure is quick. */
void race_run(struct race *race, uint64_t (*once)(struct contestant *contestant, void *arg),
	      void *arg);

/* One line for each on stdout, then frees the samples:
 *	NAME cold_ns median_ns p10_ns p90_ns min_ns      or      NAME failed STATUS */
void race_report(struct race *race);

uint64_t race_now_ns(void);

/* Ends the program with a message on stderr. (err(3) is not for those who link the engine: its
 * header has the name of <err.h>.) */
void race_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
