/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_ACCOUNT_H
#define ISOLAB_ACCOUNT_H
/*
 * account: what the kernel has counted of a sandbox in its cgroup, and how hard the machine is
 * pressed (PSI). Read from outside when somebody asks; a sandbox without limits has no cgroup, and
 * then there is nothing but the machine's pressure.
 */
#include <stdbool.h>
#include <stdint.h>

#include "sandbox.h"

enum account_index {
	ACCOUNT_MEMORY_CURRENT,
	ACCOUNT_MEMORY_PEAK,
	ACCOUNT_MEMORY_LIMIT,
	ACCOUNT_SWAP_CURRENT,
	ACCOUNT_MEMORY_KILLS,
	ACCOUNT_PIDS_CURRENT,
	ACCOUNT_PIDS_LIMIT,
	ACCOUNT_FORKS_REFUSED,
	ACCOUNT_CPU_LIMIT,
	ACCOUNT_CPU_THROTTLED,
	ACCOUNT_CPU_THROTTLED_NS,
	ACCOUNT_IO_READ,
	ACCOUNT_IO_WRITTEN,
	ACCOUNT_FIELDS
};

/* One figure: where each world's cgroups have it. */
struct account_field {
	const char *name;                    /* in JSON */
	const char *controller[2], *file[2]; /* of v1, of v2; NULL: not there */
	const char *key[2];                  /* see account.c */
	uint64_t scale[2];                   /* what the number is multiplied with; 0: 1 */
};
extern const struct account_field account_fields[ACCOUNT_FIELDS];

enum { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO, PRESSURES };
extern const char *const pressure_names[PRESSURES];

/* Part of the time in which some process, or all at once, had to wait for it: PSI. */
struct pressure {
	bool is_known;
	double some_percent, full_percent; /* of the last 10 s */
	uint64_t some_ns, full_ns;         /* since the beginning */
};

struct account {
	bool is_there;                     /* it has a cgroup */
	bool is_unified;                   /* v2 */
	bool is_known[ACCOUNT_FIELDS + 1]; /* the last one never is */
	uint64_t value[ACCOUNT_FIELDS + 1];
	bool is_pressure_of_host; /* and not of this sandbox alone */
	struct pressure pressure[PRESSURES];
};

/* Reads it now. What is not there is not known: never an error. */
void account_read(struct sandbox *s, struct account *ret);

/* Parses the file `text` for `key`, see account.c. False: it holds no such number ("max"). For the
 * tests apart. */
bool account_parse(const char *text, const char *key, uint64_t *ret);
bool account_parse_pressure(const char *text, struct pressure *ret);

#endif
