/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_MEMBERS_H
#define ISOLAB_CONTAINER_MEMBERS_H
/*
 * members: which processes of the host belong to this sandbox: all descendants of its worker.
 * An orphan does not get lost: inside a pid namespace process 1 adopts it, without one the
 * worker does (PR_SET_CHILD_SUBREAPER).
 */
#include <stddef.h>
#include <sys/types.h>

enum { MEMBERS_MAX = 8192 };

/* Fills `pids` with up to `max` descendants of this process, parents first. Returns the count. */
size_t members_find(pid_t *pids, size_t max);

/* Calls `act` once for each descendant, newborn ones too, until a look finds no new one. Stops at
 * its first error but -ESRCH (it has ended). -EAGAIN: they fork faster than we look. */
int members_for_each(int (*act)(void *arg, pid_t pid), void *arg);

/* Sends SIGKILL to all descendants and waits for them, until none is left. */
void members_kill_all(void);

/* Reaps adopted orphans that have ended, up to the first child that `is_ours` knows (its end is
 * somebody's business). */
void members_reap(int (*is_ours)(void *arg, pid_t pid), void *arg);

#endif
