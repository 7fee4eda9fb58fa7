// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * linux.readonlyPaths and linux.maskedPaths. A path is walked once, inside the root, and what it
 * led to is held by descriptor; that is covered, whatever the path may mean a moment later. A file
 * is covered by the host's /dev/null, which must be the null device (CVE-2025-31133: an image's
 * own must not be taken for it), a directory by an empty one. Paths that do not exist are passed
 * over.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fd.h"
#include "oci_container.h"
#include "tree_calls.h"
#include "walk.h"

/* What the path leads to; 1: nothing, which is fine. */
static int find(const struct oci_container *c, const char *path, int *ret_fd, struct err *e)
{
	struct err unused = {0};
	int r = walk_open(c->root_tree, path, WALK_ONLY, ret_fd, &unused);

	if (r == -ENOENT || r == -ENOTDIR)
		return 1;
	if (r < 0)
		*e = unused;
	return r;
}

static int make_read_only(const struct oci_container *c, const char *path, struct err *e)
{
	const struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
	auto_close int target = -1;
	int r = find(c, path, &target, e);

	if (r != 0)
		return r < 0 ? r : 0;
	auto_close int tree = tree_copy(target, "", AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0 || tree_change(tree, AT_RECURSIVE, &read_only) < 0 ||
	    tree_place(tree, target) < 0)
		return err_sys(e, errno, "make it read-only");
	return 0;
}

static int copy_null(struct err *e)
{
	auto_close int tree = tree_copy(AT_FDCWD, "/dev/null", 0);
	struct stat found;

	if (tree < 0 || fstat(tree, &found) < 0)
		return err_sys(e, errno, "take the host's '/dev/null'");
	if (!S_ISCHR(found.st_mode) || found.st_rdev != makedev(1, 3))
		return err_set(e, ENODEV, "the host's '/dev/null' is not the null device");
	return fd_move(&tree);
}

static int make_empty(struct err *e)
{
	auto_close int context = tree_begin("tmpfs");
	int tree = -1;

	if (context >= 0 && tree_set(context, FSCONFIG_SET_STRING, "size", "4k") == 0 &&
	    tree_set(context, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
		tree = tree_make(context, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					      MOUNT_ATTR_NOEXEC);
	return tree < 0 ? err_sys(e, errno, "make an empty directory") : tree;
}

static int mask(const struct oci_container *c, const char *path, struct err *e)
{
	auto_close int target = -1;
	struct stat found;
	int r = find(c, path, &target, e);

	if (r != 0)
		return r < 0 ? r : 0;
	if (fstat(target, &found) < 0)
		return err_sys(e, errno, "look at it");
	auto_close int tree = S_ISDIR(found.st_mode) ? make_empty(e) : copy_null(e);
	if (tree < 0)
		return tree;
	return tree_place(tree, target) < 0 ? err_sys(e, errno, "cover it") : 0;
}

int oci_cover(struct oci_container *c, struct err *e)
{
	const struct oci_config *config = &c->config;

	if (!(config->namespaces & CLONE_NEWNS) && !config->joined[OCI_NS_MOUNT])
		return 0;
	for (size_t i = 0; i < config->read_only_paths.count; i++) {
		int r = make_read_only(c, config->read_only_paths.items[i], e);
		if (r < 0)
			return err_ctx(e, r, "config.json: linux.readonlyPaths[%zu] ('%s')", i,
				       config->read_only_paths.items[i]);
	}
	for (size_t i = 0; i < config->masked_paths.count; i++) {
		int r = mask(c, config->masked_paths.items[i], e);
		if (r < 0)
			return err_ctx(e, r, "config.json: linux.maskedPaths[%zu] ('%s')", i,
				       config->masked_paths.items[i]);
	}
	return 0;
}
