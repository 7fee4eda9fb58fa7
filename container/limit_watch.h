/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_LIMIT_WATCH_H
#define ISOLAB_CONTAINER_LIMIT_WATCH_H
/*
 * limit_watch: what a running sandbox has to do with its limits: what happens at them is told
 * when it happens, from the kernel's counters; and they can be changed.
 */
#include <stdint.h>

#include "cgroup.h"

struct worker;

struct limits {
	int alarm[CGROUP_ALARMS]; /* descriptors, -1: none */
	int timer;                /* timerfd, -1: none */
	unsigned quiet_ms;        /* how long to listen no more; 0: we listen */
	bool is_listening;
	unsigned looks_left; /* an alarm was rung, and nothing was counted yet */
	struct cgroup_counts told;
};

/* Nothing is watched yet. */
void limits_init(struct limits *limits);

/* Begins to watch, if there is an account. What cannot be watched is told at the end. */
void limits_watch(struct worker *w);

/* Tells what was not told yet. */
void limits_tell(struct worker *w);

/* Closes all. */
void limits_finish(struct worker *w);

#endif
