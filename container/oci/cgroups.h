/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_CGROUPS_H
#define ISOLAB_CONTAINER_OCI_CGROUPS_H
/*
 * cgroups: where linux.cgroupsPath leads, and linux.resources written there.
 *
 * The path is taken *below our own cgroup*, relative or not: nothing above or beside it is touched.
 * (For a runtime that starts in the root of the tree, as usual, that is what the specification
 * says.) A directory is made only in the trees whose limits are asked for; v2's only if one of its
 * controllers is, or devices are to be refused and there is no v1 tree for them. Without a pid
 * namespace there is always one, so that the processes can be found.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "config.h"
#include "state.h"

/* Makes the cgroups of a container and writes its limits; state->groups says what was made, also
 * after a failure. What an ordinary user cannot have is left out, with a warning on `warnings`. */
int oci_groups_make(const struct oci_config *config, struct oci_state *state, struct err *e);

/* The calling process, which has one thread, puts itself into all v1 trees: that waits for nothing,
 * while to be put in by another takes milliseconds (an RCU grace period). */
int oci_groups_join(const struct oci_groups *groups, struct err *e);

/* v2: the directory for clone3(CLONE_INTO_CGROUP), opened; -1: there is none. */
int oci_groups_open_unified(const struct oci_groups *groups);

/* Sends a signal to all processes in the cgroups that we made; true if there were any. */
bool oci_groups_signal(const struct oci_groups *groups, int signal_number);

/* Removes what was made, waiting a little for the last process to go. */
void oci_groups_remove(const struct oci_groups *groups);

/* v2: a program for the kernel that judges each opening of a device. device_filter.c */
int oci_device_filter_attach(int group, const struct oci_device_rule *rules, size_t count,
			     struct err *e);

/* What each container may have, whatever its list says: the harmless nodes of /dev. */
extern const struct oci_device_rule oci_default_devices[];
extern const size_t oci_default_device_count;

#endif
