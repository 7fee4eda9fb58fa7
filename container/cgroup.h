/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_CGROUP_H
#define ISOLAB_CONTAINER_CGROUP_H
/*
 * cgroup: the kernel's account of a sandbox, and its limits. Made only when a limit is asked
 * for: a namespace hides, a cgroup counts, and putting a process into one costs milliseconds
 * (v1).
 *
 *	v1	/sys/fs/cgroup/memory/OURS/isolab.UID.BASE.NAME, …/pids/…: a tree per controller
 *	v2	one tree: below the nearest ancestor of ours that hands the controllers down
 *	hybrid	each controller where it lives
 *
 * OURS is what /proc/self/cgroup says; on v1 nothing beside or above it is touched.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum cgroup_tree {
	CGROUP_MEMORY,  /* v1 */
	CGROUP_PIDS,    /* v1 */
	CGROUP_FREEZER, /* made when something is to be frozen */
	CGROUP_UNIFIED, /* v2 */
	CGROUP_TREES
};

enum { CGROUP_NAME_MAX = 128 };

struct cgroup {
	char name[CGROUP_NAME_MAX];  /* isolab.UID.BASE.NAME, see rundir_cgroup_name() */
	int parent_fd[CGROUP_TREES]; /* directory it was made in, -1: not made there */
	int fd[CGROUP_TREES];        /* itself */
};

/* Prepares an empty one: nothing is made, the name is still to be set. */
void cgroup_init(struct cgroup *cgroup);

/* Makes it and sets the limits (0: none). A limit that this machine cannot hold is left out and
 * `note` says which and why ("" otherwise): that is no error. */
void cgroup_make(struct cgroup *cgroup, uint64_t memory_bytes, uint64_t pids_max, char *note,
		 size_t note_size);

/* True once anything was made. */
bool cgroup_is_made(const struct cgroup *cgroup);

/* v2: the descriptor for clone3(CLONE_INTO_CGROUP), else -1. */
int cgroup_clone_fd(const struct cgroup *cgroup);

/* True if a process must still be put in by cgroup_attach() (v1). */
bool cgroup_needs_attach(const struct cgroup *cgroup);

/* Puts a process into all trees (v1: milliseconds). It is held by the limits when this returns. */
int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct err *e);

/* Prepares freezing: a limited group of v2 needs nothing more. -ENOTSUP: cannot be had
 * here. */
int cgroup_make_freezer(struct cgroup *cgroup, struct err *e);
/* v1: puts a process where it freezes with the others; v2: nothing to do. */
int cgroup_freezer_add(const struct cgroup *cgroup, pid_t pid);
/* Freezes or thaws all in it. */
int cgroup_freeze(const struct cgroup *cgroup, bool on, struct err *e);

/* How often a limit was hit: processes killed for memory, forks refused. 0 if unknown. */
uint64_t cgroup_memory_kills(const struct cgroup *cgroup);
uint64_t cgroup_forks_refused(const struct cgroup *cgroup);

/* Removes what was made. It must be empty of processes. */
void cgroup_finish(struct cgroup *cgroup);

#endif
