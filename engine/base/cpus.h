/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CPUS_H
#define ISOLAB_CPUS_H
/*
 * cpus: sets of processors as the kernel writes them, "0-1,3" (cpuset(7), "List format").
 */
#include <stdbool.h>
#include <stddef.h>

enum { CPUS_MAX = 8192, CPUS_WORD_BITS = 8 * sizeof(unsigned long) };

struct cpus {
	unsigned long bits[CPUS_MAX / CPUS_WORD_BITS]; /* as sched_setaffinity(2) takes it */
};

/* Reads a list, which may end with a newline; an empty one is an empty set. -EINVAL: it is none;
 * -ERANGE: a number of CPUS_MAX or more. */
int cpus_parse(const char *text, struct cpus *ret_set);

/* True if every processor of `set` is one of `all`. */
bool cpus_are_within(const struct cpus *set, const struct cpus *all);

#endif
