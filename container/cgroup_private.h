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

/* Takes away again what cgroup_make_trees() has just made; nobody has been put in yet. */
void cgroup_drop_trees(struct cgroup *cgroup, unsigned made);

/* Our directory below `parent`, made anew and opened. 0 or -errno. */
int cgroup_make_below(struct cgroup *cgroup, enum cgroup_tree tree, int parent);

/* Where a controller's files are. */
struct cgroup_place {
	int directory; /* borrowed; -1: it has none */
	bool is_unified;
	struct calls *calls;
};
struct cgroup_place cgroup_find_place(const struct cgroup *cgroup, enum cgroup_tree controller);

/* Writes a file there. 0 or -errno. */
int cgroup_write(const struct cgroup_place *place, const char *file, const char *text);

/* ---- cgroup_v2.c ---- */
/* The same as cgroup_make_trees() for v2, where `own` is the directory of our own group. */
void cgroup_make_unified(struct cgroup *cgroup, int own, unsigned wanted,
			 struct cgroup_refusals *refusals);

/* ---- cgroup_set.c, cgroup_io.c ---- */

/* Each writes one limit of `after`, or that there is none; lifts what `before` had. 0 or -errno;
 * `e` is filled where there is more to say than the errno does. */
int cgroup_set_memory(const struct cgroup_place *place, const struct sandbox_spec *before,
		      const struct sandbox_spec *after, struct err *e);
int cgroup_set_swap(const struct cgroup_place *place, const struct sandbox_spec *before,
		    const struct sandbox_spec *after, struct err *e);
int cgroup_set_cpus(const struct cgroup_place *place, const struct sandbox_spec *before,
		    const struct sandbox_spec *after, struct err *e);
int cgroup_set_cpuset(const struct cgroup_place *place, const struct sandbox_spec *before,
		      const struct sandbox_spec *after, struct err *e);
int cgroup_set_pids(const struct cgroup_place *place, const struct sandbox_spec *before,
		    const struct sandbox_spec *after, struct err *e);
int cgroup_set_io(const struct cgroup_place *place, const struct sandbox_spec *before,
		  const struct sandbox_spec *after, struct err *e);

/* What never was on this machine is an error wherever it is asked for: processors, devices. */
int cgroup_check_cpuset(const struct sandbox_spec *spec, struct err *e);
int cgroup_check_io(const struct sandbox_spec *spec, struct err *e);

/* ---- cgroup_why.c ---- */
/* Why the kernel said this error, in words; `is_unified` where the words differ. */
const char *cgroup_explain(int error, bool is_unified);

struct cgroup_excuse {
	const char *noun;
	const char *reason; /* NULL: this limit holds */
};
/* Writes "no limit on NOUN: REASON; …"; several nouns of one reason share it. */
void cgroup_write_note(const struct cgroup_excuse *excuses, size_t count, char *note, size_t size);

#endif
