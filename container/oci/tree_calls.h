/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_TREE_CALLS_H
#define ISOLAB_CONTAINER_OCI_TREE_CALLS_H
/*
 * tree_calls: the newer calls about mounts (Linux 5.2 and 5.12). A mount is a descriptor until it
 * is put somewhere, so that no path is walked twice. Each returns what the kernel does. See
 * open_tree(2), fsopen(2), fsconfig(2), fsmount(2), move_mount(2), mount_setattr(2).
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A copy of what is mounted at a path; `flags`: AT_RECURSIVE, AT_EMPTY_PATH. */
static inline int tree_copy(int dirfd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dirfd, path,
			    OPEN_TREE_CLONE | (unsigned)OPEN_TREE_CLOEXEC | flags);
}

/* Puts a tree where `target` (O_PATH) is. */
static inline int tree_place(int tree, int target)
{
	return (int)syscall(SYS_move_mount, tree, "", target, "",
			    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int tree_begin(const char *type)
{
	return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static inline int tree_set(int context, unsigned command, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, context, command, key, value, 0);
}

static inline int tree_make(int context, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}

static inline int tree_change(int tree, unsigned flags, const struct mount_attr *attributes)
{
	return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, attributes,
			    sizeof(*attributes));
}

#endif
