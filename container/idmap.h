/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_IDMAP_H
#define ISOLAB_CONTAINER_IDMAP_H
/*
 * idmap: who the users of a user namespace are on the host (user_namespaces(7)).
 *
 *	inside 0 … 65535  →  outside 0x70000000 …	by root (or root's range of /etc/subuid)
 *	inside 0          →  outside 1000		by user 1000: all a user may map alone
 *
 * Host user 0 is never among them: what breaks out as "root" is nobody outside.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum { IDMAP_COUNT = 65536, IDMAP_FIRST = 0x70000000 };

struct idmap {
	uint32_t first_uid, first_gid; /* what 0 inside is outside */
	uint32_t count;                /* how many ids; 1 = only one's own */
	bool must_deny_setgroups;      /* the kernel's rule before an unprivileged gid_map */
};

/* Chooses the map for a sandbox started by this process: see above. Never fails. */
void idmap_choose(struct idmap *ret_map);

/* Finds the range of `user` (name, or number as text) with at least IDMAP_COUNT ids and without
 * id 0 in the text of /etc/subuid or /etc/subgid ("user:first:count" lines). False if there is
 * none. */
bool idmap_find_range(const char *text, const char *user, const char *number, uint32_t *ret_first);

/* Finds IDMAP_COUNT neighbouring ids without 0 that exist in a user namespace whose uid_map or
 * gid_map is `text`. False if there are none. */
bool idmap_find_nested(const char *text, uint32_t *ret_first);

/* Writes the map of the process `pid`, which sits in a new user namespace. */
int idmap_write(const struct idmap *map, pid_t pid, struct err *e);

#endif
