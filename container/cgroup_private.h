/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_CGROUP_PRIVATE_H
#define ISOLAB_CONTAINER_CGROUP_PRIVATE_H
/* What the files of cgroup share with each other only. */
#include "cgroup.h"

/* Of each controller why it cannot be had: -errno, 0 if it can. */
struct cgroup_refusals {
	int error[CGROUP_CONTROLLERS];
};

/* ---- cgroup.c ---- */
/* The name of a controller in each world: "blkio" and "io". */
const char *cgroup_v1_name(enum cgroup_tree controller);
const char *cgroup_v2_name(enum cgroup_tree controller);

/* Makes the directories that hold the controllers of `wanted` (bits). What is there already stays.
 * Returns the bits of those that were made. */
unsigned cgroup_make_trees(struct cgroup *cgroup, unsigned wanted,
			   struct cgroup_refusals *ret_refusals);

/* Our directory below `parent`, made anew and opened. 0 or -errno. */
int cgroup_make_below(struct cgroup *cgroup, enum cgroup_tree tree, int parent);

/* Where a controller's files are: a descriptor, and whether it is v2's. -1: it has none. */
int cgroup_directory(const struct cgroup *cgroup, enum cgroup_tree controller,
		     bool *ret_is_unified);

/* ---- cgroup_v2.c ---- */
/* The same as cgroup_make_trees() for v2, where `own` is the directory of our own group. */
void cgroup_make_unified(struct cgroup *cgroup, int own, unsigned wanted,
			 struct cgroup_refusals *refusals);

/* ---- cgroup_io.c ---- */
/* All devices are there and can have a limit. */
int cgroup_check_io(const struct sandbox_spec *spec, struct err *e);
/* Sets `after`'s limits, lifts those of `before` that are not among them. */
int cgroup_set_io(int directory, bool is_unified, const struct sandbox_spec *before,
		  const struct sandbox_spec *after, struct err *e);

/* ---- cgroup_why.c ---- */
/* Why the kernel said this error, in words; `is_unified` where the words differ. */
const char *cgroup_explain(int error, bool is_unified);

/* Adds "no limit on NOUN: REASON" to a note; several nouns of one reason share it. */
struct cgroup_excuse {
	const char *noun;
	const char *reason; /* NULL: this limit holds */
};
void cgroup_write_note(const struct cgroup_excuse *excuses, size_t count, char *note, size_t size);

#endif
