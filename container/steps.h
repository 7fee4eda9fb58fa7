/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_STEPS_H
#define ISOLAB_CONTAINER_STEPS_H
/*
 * steps: how the wall is built, as a table to read (steps.c): the worker's steps, then the
 * child's. Each is one function, one step of the timeline, one line that can be read aloud, and
 * the brick whose --no-… takes it out.
 *
 * To add one: a line in the enum and in the table, at the place where it is done, and its
 * function `int NAME(struct container *c, struct err *e)`. Nothing else needs to know.
 */
#include <stdbool.h>

#include "err.h"

struct container;

enum step {
	/* the worker's, in this order */
	STEP_CHANNEL,
	STEP_CGROUP,
	STEP_OLD_CLOCK,
	STEP_LAB,
	STEP_CLONE,
	STEP_IDMAP,
	STEP_TREES,
	STEP_GO,
	STEP_CABLE,
	STEP_LISTEN,
	/* the child's, in this order */
	STEP_ATTACH,
	STEP_SESSION,
	STEP_CLOCK,
	STEP_WAIT,
	STEP_ROOT,
	STEP_IDENTITY,
	STEP_KEYRING,
	STEP_PING,
	STEP_OVERLAY,
	STEP_PROC,
	STEP_MOUNTS,
	STEP_MASKS,
	STEP_PIVOT,
	STEP_VOLUMES,
	STEP_NAMES,
	STEP_TERMINAL,
	STEP_HOSTNAME,
	STEP_NETWORK,
	STEP_JOIN,
	STEP_WORKDIR,
	STEP_BOUNDING,
	STEP_USER,
	STEP_DEATH,
	STEP_POWERS,
	STEP_EARLY_LANDLOCK,
	STEP_EARLY_SECCOMP,
	STEP_CAPS,
	STEP_NO_NEW_PRIVS,
	STEP_LANDLOCK,
	STEP_SECCOMP,
	STEP_HAND_OVER,
	STEP_EXEC,
	STEPS,
	STEP_FIRST_OF_CHILD = STEP_ATTACH
};

struct step_entry {
	const char *name;    /* on the timeline; what follows each other there may share one */
	const char *why;     /* one line to read aloud */
	const char *without; /* the same when it is done without its bricks */
	unsigned bricks;     /* enum spec_brick: done if any of them stands; 0: needs none */
	/* NULL: always; else whether this sandbox needs the step at all. */
	bool (*is_needed)(const struct container *c);
	int (*run)(struct container *c, struct err *e);
	bool is_quiet;       /* plumbing between the bricks: not on the timeline */
	bool is_for_exec;    /* a program that joins later does it, too (enter.c) */
	bool is_done_anyway; /* even without its bricks: then `without` says what is left */
};

extern const struct step_entry steps[STEPS];

/* True if the step builds what its text says. */
bool step_stands(const struct container *c, enum step step);

/* What the timeline says of it: `why`, or `without`. */
const char *step_text(const struct container *c, enum step step);

/* Does the steps from `first` up to before `end`, stamping each; stops at the first that fails. */
int steps_do(struct container *c, enum step first, enum step end, struct err *e);

#endif
