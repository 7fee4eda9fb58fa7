/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_RUNDIR_PRIVATE_H
#define ISOLAB_RUNDIR_PRIVATE_H
/* What the files of rundir share with each other only. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rundir.h"

/* A directory that is being made or removed: ".new-PID-STAMP". */
#define RUNDIR_HIDDEN_PREFIX ".new-"
void rundir_hidden_name(const struct rundir *dir, char *buffer, size_t size);

/* Makes a directory of such a name below dir->base_fd, with its lock held. */
int rundir_make_hidden(struct rundir *dir, char *hidden, size_t size, struct err *e);

/* Opens the directory `entry` below base_fd, hidden or not, without its lock. */
int rundir_open_entry(int base_fd, const char *entry, struct rundir *ret_dir, struct err *e);
/* Hands on r; a full or read-only file system gets its hint. */
int rundir_hint_full(struct err *e, int r);
/* Takes the lock once, without patience. -EBUSY, -ENOENT (no lock file, or removed meanwhile). */
int rundir_try_lock(struct rundir *dir);
/* rundir_remove() for a directory whose entry is called `entry`. */
int rundir_remove_entry(struct rundir *dir, const char *entry, struct err *e);

/* Kills what carries this sandbox's mark. Returns how many processes. */
int rundir_kill_marked(const struct rundir *dir);

/* Kills what is left of our cgroups in this base directory (rundir_cgroups.c). Returns how many
 * were removed. */
int rundir_sweep_cgroups(int base_fd);

#endif
