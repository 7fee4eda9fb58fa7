/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CGROUP_PATH_H
#define ISOLAB_CGROUP_PATH_H
/*
 * cgroup_path: where a process's cgroup lies in the file tree. Needed by whoever makes cgroups
 * (container), reads their counters (stats) or removes what was left of them (the sweep).
 */
#include <stdbool.h>
#include <stddef.h>

enum { CGROUP_PATH_MAX = 4096 };

/* Finds the directory of one hierarchy's cgroup, from the texts of /proc/PID/cgroup and
 * /proc/self/mountinfo: `controller` is a v1 controller ("memory", "name=systemd"), NULL is v2.
 * False if there is none, or if it does not fit. See cgroups(7), proc(5). */
bool cgroup_find_path(const char *membership, const char *mountinfo, const char *controller,
		      char *ret_path, size_t size);

/* The texts of a process's /proc/PID/cgroup (0: our own) and of /proc/self/mountinfo in one piece
 * of memory, which the caller frees: membership first, *ret_mountinfo points behind it. NULL: they
 * cannot be read. */
char *cgroup_read_texts(int pid, const char **ret_mountinfo);

#endif
