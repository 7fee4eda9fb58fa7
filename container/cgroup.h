/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_CGROUP_H
#define ISOLAB_CONTAINER_CGROUP_H
/*
 * cgroup: the kernel's account of a sandbox, and its limits. Made only when a limit is asked
 * for: a namespace hides, a cgroup counts and limits.
 *
 *	v1	/sys/fs/cgroup/memory/OURS/isolab.UID.BASE.NAME, …/pids/…: a tree per controller
 *	v2	one tree: below the nearest ancestor of ours that hands the controllers down
 *	hybrid	each controller where it lives
 *
 * OURS is what /proc/self/cgroup says; on v1 nothing beside or above it is touched.
 *
 *	cgroup.c	making, entering, freezing, removing: the trees
 *	cgroup_v2.c	which ancestor hands the controllers down
 *	cgroup_limits.c	the table of limits, set together
 *	cgroup_set.c	each of them: which file, which number
 *	cgroup_io.c	the same for block devices
 *	cgroup_why.c	why a limit cannot be had, and how to get it
 *	cgroup_events.c	what happened at the limits
 *
 * How a process comes in: on v2 it is born there (clone3 with CLONE_INTO_CGROUP). On v1 it puts
 * *itself* in, by writing "0" to the file `tasks`. To write its number to cgroup.procs would
 * have the kernel wait until nobody forks (threadgroup lock: 7 to 14 ms after an idle moment);
 * a thread that moves itself cannot fork meanwhile, so there is nothing to wait for.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "spec.h"

enum cgroup_tree {
	/* The controllers. On v1 each is a tree, on v2 a word in cgroup.subtree_control. */
	CGROUP_MEMORY,
	CGROUP_CPU,
	CGROUP_CPUSET,
	CGROUP_PIDS,
	CGROUP_IO,
	CGROUP_CONTROLLERS,
	/* Made when something is to be frozen: v1's own tree, or a group without controllers. */
	CGROUP_FREEZER = CGROUP_CONTROLLERS,
	CGROUP_UNIFIED, /* v2 */
	CGROUP_TREES
};

enum { CGROUP_NAME_MAX = 128, CGROUP_NOTE_MAX = 640 };

struct calls;

struct cgroup {
	char name[CGROUP_NAME_MAX];   /* isolab.UID.BASE.NAME, see rundir_cgroup_name() */
	int parent_fd[CGROUP_TREES];  /* directory it was made in, -1: not made there */
	int fd[CGROUP_TREES];         /* itself */
	struct calls *calls;          /* for `explain`; NULL: nobody wants to know */
	unsigned unified_controllers; /* of CGROUP_UNIFIED: 1 << CGROUP_MEMORY, … */
	bool
	    is_affinity_only; /* no cpuset to be had: the processes bind themselves to processors */
};

/* Prepares an empty one: nothing is made, the name is still to be set. */
void cgroup_init(struct cgroup *cgroup);

/* True if the spec asks for a limit that needs one. */
bool cgroup_is_asked(const struct sandbox_spec *spec);

/* Makes it and sets the limits. A limit that this machine cannot hold is left out, and `note` says
 * which, why, and how to get it ("" otherwise): that is no error. An error is what no machine could
 * do: a processor or a device that is not there. */
int cgroup_make(struct cgroup *cgroup, const struct sandbox_spec *spec, char *note,
		size_t note_size, struct err *e);

/* Changes the limits of a running sandbox from those of `before` to those of `after`, all or none;
 * makes what is still missing: then *ret_has_grown, and its processes must be put in by
 * cgroup_attach(). */
int cgroup_update(struct cgroup *cgroup, const struct sandbox_spec *before,
		  const struct sandbox_spec *after, bool *ret_has_grown, struct err *e);

/* True once an account was made (a freezer alone is none). */
bool cgroup_is_made(const struct cgroup *cgroup);

/* v2: the descriptor for clone3(CLONE_INTO_CGROUP), else -1. */
int cgroup_clone_fd(const struct cgroup *cgroup);

/* True if a process must put itself in by cgroup_enter(). */
bool cgroup_needs_enter(const struct cgroup *cgroup);

/* Puts this process, which has one thread, into all trees but v2's. The limits hold it when this
 * returns. The descriptors must still be open. */
int cgroup_enter(const struct cgroup *cgroup, const struct sandbox_spec *spec, struct err *e);

/* Puts another process into all trees: milliseconds. -ESRCH: it has ended. */
int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct err *e);

/* Prepares freezing: a limited group of v2 needs nothing more. -ENOTSUP: cannot be had here. */
int cgroup_make_freezer(struct cgroup *cgroup, struct err *e);
/* v1: puts a process where it freezes with the others; v2: nothing to do. */
int cgroup_freezer_add(const struct cgroup *cgroup, pid_t pid);
/* Freezes or thaws all in it. */
int cgroup_freeze(const struct cgroup *cgroup, bool on, struct err *e);

/* Kills all in it at once (v2, Linux 5.14). False: it cannot. */
bool cgroup_kill(const struct cgroup *cgroup);

/* Removes what was made. It must be empty of processes. */
void cgroup_finish(struct cgroup *cgroup);

/* ---- what happened at the limits: cgroup_events.c ---- */

struct cgroup_counts {
	uint64_t memory_kills;  /* processes killed for memory */
	uint64_t forks_refused; /* at the limit of processes */
};
void cgroup_read_counts(const struct cgroup *cgroup, struct cgroup_counts *ret);

/* Opens a descriptor that becomes ready when the count may have gone up: POLLPRI or POLLIN.
 * cgroup_hush() makes it quiet again. -1: there is none, or nothing to count. */
enum cgroup_alarm { CGROUP_ALARM_MEMORY, CGROUP_ALARM_PIDS, CGROUP_ALARMS };
int cgroup_open_alarm(const struct cgroup *cgroup, enum cgroup_alarm alarm);
void cgroup_hush(int alarm_fd);

/* ---- why a limit cannot be had: cgroup_why.c ---- */

/* What to do to get limits here, for this user: one line. */
const char *cgroup_way_to_get(void);

#endif
