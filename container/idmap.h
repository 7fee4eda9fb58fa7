/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_IDMAP_H
#define ISOLAB_CONTAINER_IDMAP_H
/*
 * idmap: who the users of a user namespace are on the host (user_namespaces(7)).
 *
 *	inside 0 … 65535  →  outside 0x70000000 …	by root (or root's range of /etc/subuid)
 *	inside 0          →  outside 1000		by user 1000: all a user may map alone
 *	inside 1 … 65535  →  outside 100000 …		and this, through newuidmap(1), where
 *							/etc/subuid grants user 1000 a range
 *
 * Host user 0 is never among them: what breaks out as "root" is nobody outside.
 *
 * The range of an ordinary user costs two programs that are executed, as much time as the whole
 * rest of a start. So it is asked for only where somebody but root can be inside (idmap_add_range()
 * is called for --user, for a foreign --image, and where capabilities to change the user are left).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum { IDMAP_COUNT = 65536, IDMAP_FIRST = 0x70000000, IDMAP_LACK_MAX = 192 };

struct calls;

struct idmap {
	uint32_t first_uid, first_gid; /* what 0 inside is outside */
	uint32_t count;                /* how many ids from there on; 1 = only one's own */
	/* What 1, 2, … are outside if count is 1: an ordinary user's range; 0 = there is none. */
	uint32_t range_uid, range_gid, range_count;
	bool must_deny_setgroups;  /* the kernel's rule before an unprivileged gid_map */
	struct calls *calls;       /* borrowed: who writes down what was done, or NULL */
	char lack[IDMAP_LACK_MAX]; /* why a range that was asked for is not there, or "" */
};

/* Chooses the map for a sandbox started by this process: see above. Never fails. */
void idmap_choose(struct idmap *ret_map);

/* Adds the caller's range of subordinate ids to a map of its own id only; without one, map->lack
 * says what to do about it. See subuid(5), newuidmap(1). */
void idmap_add_range(struct idmap *map);

/* How many ids there are inside, from 0 on. */
uint32_t idmap_size(const struct idmap *map);

/* What the user or group `inside` is outside. False: it is not mapped. */
bool idmap_find_user(const struct idmap *map, uint32_t inside, uint32_t *ret_outside);
bool idmap_find_group(const struct idmap *map, uint32_t inside, uint32_t *ret_outside);

/* Writes the map of the process `pid`, which sits in a new user namespace. If newuidmap(1) refuses
 * a range, the map shrinks to the own id and map->lack says why. */
int idmap_write(struct idmap *map, pid_t pid, struct err *e);

/* The same without newuidmap(1), for a caller whose capabilities allow all of it. */
int idmap_write_directly(const struct idmap *map, pid_t pid, struct err *e);

/* Has newuidmap(1) and newgidmap(1) write the maps of `pid`. -errno: at least one could not, and
 * `lack` says why; what one has written stays (ret_has_users, ret_has_groups). idmap_helpers.c */
int idmap_write_by_helpers(const struct idmap *map, pid_t pid, bool *ret_has_users,
			   bool *ret_has_groups, char lack[IDMAP_LACK_MAX]);

#endif
