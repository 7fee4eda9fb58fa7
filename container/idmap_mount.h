/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_IDMAP_MOUNT_H
#define ISOLAB_CONTAINER_IDMAP_MOUNT_H
/*
 * idmap_mount: who owns the files of a mount (mount_setattr(2), MOUNT_ATTR_IDMAP; Linux 5.12). The
 * kernel takes the mapping from a user namespace: for the file's owner on disk it says who that is
 * on the host while seen through this mount.
 *
 *	image, and volumes of the host's root	on disk 0 … 65535 → 0 … 65535 inside
 *	a volume of user 1000			on disk 1000 → 0 inside, root's own on disk → nobody
 *
 * So what root inside writes into a volume belongs to whom the volume belongs to.
 */
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "idmap.h"

enum { IDMAP_TEXT_MAX = 160 };

/* The map for a mount whose top directory belongs to `owner`: as uid_map or gid_map has it, for
 * `first` = what 0 inside is outside. */
void idmap_describe_mount(uint32_t first, uint32_t owner, char text[IDMAP_TEXT_MAX]);

/* A process in a user namespace of its own that does nothing, and its end. It goes with its maker.
 * -1 and errno. */
pid_t idmap_start_subject(void);
void idmap_end_subject(pid_t pid);

/* Opens a user namespace with these maps that nobody lives in: *ret_fd is all that holds it. */
int idmap_open_namespace(const char *users, const char *groups, int *ret_fd, struct err *e);

#endif
