// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The nodes of /dev: those that every container has (config-linux.md, "Default Devices"), then the
 * ones of linux.devices. Made by mknod(2); in a user namespace that is refused, and the host's
 * node is bound instead, once it is sure to be the device that was asked for. What an image has at
 * that place, a link for example, is removed, never followed. If /dev itself is bound from the
 * host, it is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fd.h"
#include "oci_container.h"
#include "str.h"
#include "tree_calls.h"
#include "walk.h"

static const struct oci_device default_devices[] = {
    {.path = "/dev/null", .type = S_IFCHR, .major = 1, .minor = 3, .mode = 0666},
    {.path = "/dev/zero", .type = S_IFCHR, .major = 1, .minor = 5, .mode = 0666},
    {.path = "/dev/full", .type = S_IFCHR, .major = 1, .minor = 7, .mode = 0666},
    {.path = "/dev/random", .type = S_IFCHR, .major = 1, .minor = 8, .mode = 0666},
    {.path = "/dev/urandom", .type = S_IFCHR, .major = 1, .minor = 9, .mode = 0666},
    {.path = "/dev/tty", .type = S_IFCHR, .major = 5, .minor = 0, .mode = 0666},
};

static const struct {
	const char *name, *target;
} links[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

static bool is_device(const struct stat *found, const struct oci_device *device)
{
	return (found->st_mode & S_IFMT) == device->type &&
	       (device->type == S_IFIFO || found->st_rdev == makedev(device->major, device->minor));
}

/* Where mknod is refused: the host's node over an empty file. */
static int bind_device(const struct oci_device *device, int parent, const char *name, struct err *e)
{
	struct stat found;
	auto_close int tree = tree_copy(AT_FDCWD, device->path, 0);

	if (tree < 0 || fstat(tree, &found) < 0)
		return err_sys(e, errno, "bind the host's '%s'", device->path);
	if (!is_device(&found, device))
		return err_hint(
		    e, err_set(e, ENODEV, "the host's '%s' is another device", device->path),
		    "in a user namespace a node cannot be made, only the host's be bound");
	if (mknodat(parent, name, S_IFREG | 0666, 0) < 0 && errno != EEXIST)
		return err_sys(e, errno, "make a place for it");
	auto_close int target = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 || tree_place(tree, target) < 0)
		return err_sys(e, errno, "bind the host's '%s'", device->path);
	return 0;
}

static int make_node(const struct oci_container *c, const struct oci_device *device, int parent,
		     const char *name, struct err *e)
{
	dev_t number = makedev(device->major, device->minor);
	struct stat found;

	if (fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
		if (is_device(&found, device))
			return 0;
		if (unlinkat(parent, name, 0) < 0)
			return err_sys(e, errno, "remove what is there");
	}
	if (mknodat(parent, name, device->type | device->mode, number) < 0) {
		if (errno != EPERM || device->type == S_IFIFO)
			return err_sys(e, errno, "make the node");
		return bind_device(device, parent, name, e);
	}
	if (c->config.namespaces & CLONE_NEWUSER && device->type != S_IFIFO) {
		/* A node on a file system of a user namespace cannot be opened. */
		if (unlinkat(parent, name, 0) < 0)
			return err_sys(e, errno, "remove the node");
		return bind_device(device, parent, name, e);
	}
	if (device->has_owner &&
	    fchownat(parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, errno, "give it to user %u, group %u", device->uid, device->gid);
	return 0;
}

static int make_device(const struct oci_container *c, const struct oci_device *device,
		       struct err *e)
{
	char directory[WALK_PATH_MAX], name[NAME_MAX + 1];
	const char *slash = strrchr(device->path, '/');
	auto_close int parent = -1;

	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - device->path), device->path);
	if (!slash[1] || !str_copy(name, sizeof(name), slash + 1) || strcmp(name, "..") == 0 ||
	    strcmp(name, ".") == 0)
		return err_set(e, EINVAL, "device '%s': it is no path of a node", device->path);
	int r = walk_open(c->root_tree, *directory ? directory : "/", WALK_DIRECTORY, &parent, e);
	if (r == 0)
		r = make_node(c, device, parent, name, e);
	return r < 0 ? err_ctx(e, r, "device '%s'", device->path) : 0;
}

static int make_links(const struct oci_container *c, struct err *e)
{
	auto_close int parent = -1;
	int r = walk_open(c->root_tree, "/dev", WALK_DIRECTORY, &parent, e);

	for (size_t i = 0; r == 0 && i < sizeof(links) / sizeof(links[0]); i++) {
		if (symlinkat(links[i].target, parent, links[i].name) == 0)
			continue;
		if (errno == EEXIST && unlinkat(parent, links[i].name, 0) == 0 &&
		    symlinkat(links[i].target, parent, links[i].name) == 0)
			continue;
		r = err_sys(e, errno, "make the link '/dev/%s'", links[i].name);
	}
	return r;
}

static bool is_dev_bound(const struct oci_config *config)
{
	for (size_t i = 0; i < config->mount_count; i++) {
		const char *path = config->mounts[i].destination;
		if (config->mounts[i].is_bind && strncmp(path, "/dev", 4) == 0 &&
		    path[4 + strspn(path + 4, "/")] == '\0')
			return true;
	}
	return false;
}

int oci_devices_make(struct oci_container *c, struct err *e)
{
	bool has_mounts = c->config.namespaces & CLONE_NEWNS || c->config.joined[OCI_NS_MOUNT];
	int r = 0;

	if (!has_mounts || is_dev_bound(&c->config))
		return 0;
	for (size_t i = 0; r == 0 && i < sizeof(default_devices) / sizeof(default_devices[0]); i++)
		r = make_device(c, &default_devices[i], e);
	for (size_t i = 0; r == 0 && i < c->config.device_count; i++)
		r = make_device(c, &c->config.devices[i], e);
	return r < 0 ? r : make_links(c, e);
}
