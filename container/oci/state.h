/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_STATE_H
#define ISOLAB_CONTAINER_OCI_STATE_H
/*
 * state: what is remembered of a container between two calls of isolab-oci.
 *
 *	ROOT/ID/		locked (flock) by whoever changes it
 *	    config.json		as it was at create: later changes in the bundle mean nothing
 *	    state.json		below; replaced as a whole
 *	    gate		a socket at which the first process waits for `start`; gone once it
 *				was let through
 *
 * ROOT is --root, else $XDG_RUNTIME_DIR/isolab-oci, for root /run/isolab-oci. The status is not
 * written anywhere: it follows from what is there.
 *
 *	creating	no pid yet, and `create` holds the lock
 *	created		the process lives, the gate is there
 *	running		the process lives, the gate is gone
 *	stopped		the process is dead, or a zombie, or `create` was killed
 *
 * A pid alone may have been given to somebody else: it counts only together with the time when the
 * process started.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum oci_status { OCI_CREATING, OCI_CREATED, OCI_RUNNING, OCI_STOPPED };
enum { OCI_ID_MAX = 255, OCI_GROUPS_MAX = 16, OCI_GROUP_PATHS_MAX = 64 };

/* The cgroups of a container, as they must be found again. */
struct oci_groups {
	char *entered[OCI_GROUPS_MAX]; /* where its processes are, one per tree */
	size_t entered_count;
	char *made[OCI_GROUP_PATHS_MAX]; /* what delete removes, in this order */
	size_t made_count;
};

struct oci_state {
	int root, directory; /* ROOT and ROOT/ID */
	bool is_locked;      /* by us */
	char id[OCI_ID_MAX + 1];
	pid_t pid; /* 0: none yet */
	uint64_t start_ticks;
	char *version, *bundle, *created;
	json_t *annotations; /* NULL: none */
	struct oci_groups groups;
};

/* An empty one, and what gives back all that it holds. */
void oci_state_init(struct oci_state *state);
void oci_state_finish(struct oci_state *state);

/* Opens the directory of all states, `option` is --root or NULL. Made if it is missing and
 * `is_made`. */
int oci_state_open_root(const char *option, bool is_made, int *ret_fd, struct err *e);

/* A new directory, locked. -EEXIST: the id is taken. */
int oci_state_make(int root, const char *id, struct oci_state *ret, struct err *e);
/* An existing one; -ENOENT: there is none. `is_locked` waits for the lock. */
int oci_state_open(int root, const char *id, bool is_locked, struct oci_state *ret, struct err *e);
/* Lets others work on it, and comes back. */
void oci_state_unlock(struct oci_state *state);
int oci_state_lock(struct oci_state *state, struct err *e);
/* Writes state.json. */
int oci_state_save(const struct oci_state *state, struct err *e);
/* Removes the directory and what is in it. */
int oci_state_remove(struct oci_state *state, struct err *e);

/* What the container is doing now, see above; and the word for it. */
enum oci_status oci_state_status(const struct oci_state *state);
const char *oci_status_name(enum oci_status status);

/* The state as the specification has it (runtime.md, "State"); the caller frees it. NULL: no
 * memory. */
char *oci_state_describe(const struct oci_state *state, enum oci_status status, size_t json_flags);

/* A descriptor of the container's first process, checked by its start time; -ESRCH: it is gone. */
int oci_state_open_process(const struct oci_state *state);

/* When a process started, in clock ticks since boot, and whether it is still one (no zombie). */
bool oci_read_start(pid_t pid, uint64_t *ret_ticks, bool *ret_is_alive);

#endif
