// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where v2 is the machine's only tree, a new cgroup2 shows what the cgroup namespace allows. On v1
 * there is a directory per tree: each is bound from the host's, at the container's own cgroup, or
 * at ours, where the container has none in that tree. These can never be written: who may write
 * there may change limits, and v1's release_agent (CVE-2022-0492). See cgroups(7),
 * cgroup_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "fd.h"
#include "oci_cgroup_mount.h"
#include "str.h"
#include "tree_calls.h"

enum { TREES_MAX = 24, NAME_LENGTH_MAX = 64 };

static const struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
							MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};

static int make_new(const char *type, const char *key, const char *value, unsigned attributes)
{
	auto_close int context = tree_begin(type);

	if (context < 0 || (key && tree_set(context, FSCONFIG_SET_STRING, key, value) < 0) ||
	    tree_set(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return -errno;
	int tree = tree_make(context, attributes);
	return tree < 0 ? -errno : tree;
}

/* The container's directory in a tree (NULL: v2), else ours, as a tree of mounts. */
static int copy_group(const struct oci_container *c, const char *controller)
{
	char path[CGROUP_PATH_MAX];

	if (!cgroup_find_path(c->cgroup_texts, c->mountinfo, controller, path, sizeof(path)))
		return -ENOENT;
	size_t length = strlen(path);
	for (size_t i = 0; i < c->state.groups.entered_count; i++)
		if (strncmp(c->state.groups.entered[i], path, length) == 0 &&
		    c->state.groups.entered[i][length] == '/')
			str_copy(path, sizeof(path), c->state.groups.entered[i]);
	int tree = tree_copy(AT_FDCWD, path, AT_RECURSIVE);
	if (tree >= 0 && tree_change(tree, AT_RECURSIVE, &read_only) < 0)
		fd_close(&tree);
	return tree < 0 ? -errno : tree;
}

/* One tree below the tmpfs; `names` as in /proc/self/cgroup: "cpu,cpuacct", "name=x", "" is v2. */
static void place_group(const struct oci_container *c, const char *names, int directory)
{
	char first[NAME_LENGTH_MAX], name[NAME_LENGTH_MAX];
	bool is_named = strncmp(names, "name=", 5) == 0;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(names, ","), names);
	snprintf(name, sizeof(name), "%s", *names ? names + (is_named ? 5 : 0) : "unified");
	auto_close int tree = copy_group(c, *names ? first : NULL);
	if (tree < 0 || strchr(name, '/') || mkdirat(directory, name, 0755) < 0)
		return;
	auto_close int target = openat(directory, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target >= 0)
		tree_place(tree, target);
}

int oci_cgroup_mount_fill(const struct oci_container *c, const struct oci_mount *m, int tree,
			  struct err *e)
{
	const struct mount_attr attributes = {.attr_set = m->set};
	auto_free char *copy = strdup(c->cgroup_texts);
	char *position = NULL;
	struct statfs found;

	if (fstatfs(tree, &found) == 0 && found.f_type != TMPFS_MAGIC)
		return 0;
	for (char *line = copy ? strtok_r(copy, "\n", &position) : NULL; line;
	     line = strtok_r(NULL, "\n", &position)) {
		char *names = strchr(line, ':');
		char *end = names ? strchr(names + 1, ':') : NULL;
		if (!end)
			continue;
		*end = '\0';
		place_group(c, names + 1, tree);
	}
	return tree_change(tree, 0, &attributes) < 0 ? err_sys(e, errno, "restrict it") : 0;
}

int oci_cgroup_mount(const struct oci_container *c, const struct oci_mount *m, struct err *e)
{
	char unused[CGROUP_PATH_MAX];
	bool is_v1 =
	    cgroup_find_path(c->cgroup_texts, c->mountinfo, "memory", unused, sizeof(unused)) ||
	    cgroup_find_path(c->cgroup_texts, c->mountinfo, "pids", unused, sizeof(unused));
	int tree = is_v1 ? make_new("tmpfs", "mode", "755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
			 : make_new("cgroup2", NULL, NULL, (unsigned)m->set);

	if (tree < 0 && !is_v1)
		tree = copy_group(c, NULL);
	return tree < 0 ? err_sys(e, tree, "make a file system for cgroups") : tree;
}
