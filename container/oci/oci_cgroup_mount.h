/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_OCI_CGROUP_MOUNT_H
#define ISOLAB_CONTAINER_OCI_OCI_CGROUP_MOUNT_H
/*
 * oci_cgroup_mount: /sys/fs/cgroup of a container (mounts of type "cgroup"): only its own part of
 * each tree can be seen.
 */
#include "oci_container.h"

/* Makes the tree that is to be mounted, or -errno. On v1 it is empty … */
int oci_cgroup_mount(const struct oci_container *c, const struct oci_mount *m, struct err *e);

/* … and filled once it has its place: mounts can only be put where there is one already. */
int oci_cgroup_mount_fill(const struct oci_container *c, const struct oci_mount *m, int tree,
			  struct err *e);

#endif
