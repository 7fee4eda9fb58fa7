// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The root file system: a copy of its mount ("tree") is put over the directory itself, everything
 * else is mounted in there, then pivot_root(2) makes it "/" and lets the host's tree go. Where the
 * directory belongs to nobody in the container's user namespace, the parent, if it is root, makes
 * the tree an idmapped one: its files belong inside to whom they belong on disk. Without a mount
 * namespace nothing is mounted, since it would be the host's mounts that change: a plain
 * chroot(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "kernel.h"
#include "notices.h"
#include "oci_container.h"
#include "tree_calls.h"

enum { MOUNTINFO_MAX = 1024 * 1024 };

static bool has_mount_namespace(const struct oci_container *c)
{
	return c->config.namespaces & CLONE_NEWNS || c->config.joined[OCI_NS_MOUNT];
}

static bool is_mapped_outside(const struct oci_id_map *map, uint32_t outside)
{
	for (size_t i = 0; i < map->count; i++)
		if (outside >= map->ranges[i].outside &&
		    outside - map->ranges[i].outside < map->ranges[i].count)
			return true;
	return false;
}

int oci_root_make_idmapped(struct oci_container *c, struct err *e)
{
	struct stat found;
	char path[32];

	if (!(c->config.namespaces & CLONE_NEWUSER) || !(c->config.namespaces & CLONE_NEWNS) ||
	    c->is_rootless || stat(c->root, &found) < 0 ||
	    is_mapped_outside(&c->config.uid_map, found.st_uid))
		return 0;
	auto_close int tree = tree_copy(AT_FDCWD, c->root, AT_RECURSIVE);
	snprintf(path, sizeof(path), "%d/ns/user", (int)c->pid);
	auto_close int user_namespace = openat(c->proc, path, O_RDONLY | O_CLOEXEC);
	if (tree < 0 || user_namespace < 0)
		return err_sys(e, errno, "copy the mount of '%s'", c->root);
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP,
					.userns_fd = (uint64_t)user_namespace};
	if (tree_change(tree, AT_RECURSIVE, &attributes) < 0) {
		oci_warn("'%s' belongs to nobody in the container's user namespace, and its file "
			 "system has no idmapped mounts: %s",
			 c->root, strerror(errno));
		return 0;
	}
	c->root_tree = fd_move(&tree);
	return 0;
}

/* The mount on which a path lies: where it is mounted, found by its id in mountinfo. */
static int make_parent_private(const struct oci_container *c, struct err *e)
{
	struct statx found;
	auto_free char *text = malloc(MOUNTINFO_MAX);
	char *position = NULL;
	unsigned long long id;
	char point[4096];

	if (!text || statx(AT_FDCWD, c->root, 0, STATX_MNT_ID, &found) < 0 ||
	    fd_read_file(c->proc, "self/mountinfo", text, MOUNTINFO_MAX) < 0)
		return err_sys(e, errno, "find the mount of '%s'", c->root);
	for (char *line = strtok_r(text, "\n", &position); line;
	     line = strtok_r(NULL, "\n", &position))
		if (sscanf(line, "%llu %*u %*s %*s %4095s", &id, point) == 2 &&
		    id == found.stx_mnt_id && mount(NULL, point, NULL, MS_PRIVATE, NULL) < 0)
			return err_sys(e, errno, "part the mount '%s' from the host's", point);
	return 0;
}

/* Where the host's mounts and the container's hear of each other. */
static int part_mounts(const struct oci_container *c, struct err *e)
{
	if (c->config.root_propagation == MS_SHARED)
		return make_parent_private(c, e);
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(e, errno, "part the mounts from the host's");
	return 0;
}

/* Done while we are still who started us: the way to the root may lead through /root. */
int oci_root_prepare(struct oci_container *c, struct err *e)
{
	int r = has_mount_namespace(c) ? part_mounts(c, e) : 0;

	if (r < 0)
		return r;
	if (has_mount_namespace(c) && c->root_tree < 0)
		c->root_tree = tree_copy(AT_FDCWD, c->root, AT_RECURSIVE);
	else if (c->root_tree < 0)
		c->root_tree = open(c->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->root_tree < 0)
		return err_sys(e, errno, "copy the mount of the root '%s'", c->root);
	if (!has_mount_namespace(c))
		return 0;
	/* pivot_root(2) wants a mount that is somewhere. */
	auto_close int point = open(c->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (point < 0 || tree_place(c->root_tree, point) < 0)
		return err_sys(e, errno, "mount the root '%s'", c->root);
	return 0;
}

int oci_root_enter(struct oci_container *c, struct err *e)
{
	if (fchdir(c->root_tree) < 0)
		return err_hint(e, err_sys(e, errno, "enter the root '%s'", c->root),
				"does it belong to an id that linux.uidMappings knows?");
	if (!has_mount_namespace(c)) {
		if (chroot(".") < 0 || chdir("/") < 0)
			return err_sys(e, errno, "change the root to '%s'", c->root);
		return 0;
	}
	auto_close int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0 || kernel_pivot_root(".", ".") < 0)
		return err_hint(e, err_sys(e, errno, "make '%s' the root", c->root),
				"pivot_root fails when the machine runs from an initramfs");
	/* Letting the old tree go must not be heard by the host. */
	if (fchdir(old) < 0 || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, errno, "let the host's tree go");
	return 0;
}

int oci_root_finish(struct oci_container *c, struct err *e)
{
	const struct oci_config *config = &c->config;
	const struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

	if (!has_mount_namespace(c))
		return config->is_root_read_only
			   ? err_set(e, ENOTSUP,
				     "config.json: root.readonly: it needs a namespace of type "
				     "'mount'")
			   : 0;
	if (config->is_root_read_only && tree_change(c->root_tree, 0, &read_only) < 0)
		return err_sys(e, errno, "make the root read-only");
	if (!config->root_propagation)
		return 0;
	unsigned long flags = config->root_propagation |
			      (config->is_root_propagation_recursive ? MS_REC : 0);
	if (mount(NULL, "/", NULL, flags, NULL) < 0)
		return err_sys(e, errno, "set the propagation of the root");
	return 0;
}
