// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The mounts of config.json, in its order. What comes from the host is opened first, while the
 * child is still who started it; new file systems are made by it as root of its namespaces. Each
 * is put where its destination leads *inside the root* (walk.h): links of a hostile image lead to
 * places of the image. The targets of proc and sysfs must be real directories, no links, since the
 * kernel's rules and ours hang on what is there. See fsopen(2), mount_setattr(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
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
#include "oci_cgroup_mount.h"
#include "oci_container.h"
#include "tree_calls.h"
#include "walk.h"

enum { ATIME_FLAGS = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME };

static bool is_type(const struct oci_mount *m, const char *type)
{
	return m->type && !m->is_bind && strcmp(m->type, type) == 0;
}

static bool has_mount_namespace(const struct oci_container *c)
{
	return c->config.namespaces & CLONE_NEWNS || c->config.joined[OCI_NS_MOUNT];
}

/* A copy of what is mounted at a source that was opened before. Made only now, since mountinfo(5)
 * lists mounts in the order in which they came to be, and the config's order shall be seen there.
 * */
static int copy_source(const struct oci_mount *m, struct err *e)
{
	unsigned flags = AT_EMPTY_PATH | (m->is_recursive ? AT_RECURSIVE : 0);
	int tree = tree_copy(m->tree, "", flags);

	/* In a new user namespace a part alone is refused where it would uncover something. */
	if (tree < 0 && errno == EINVAL && !m->is_recursive)
		tree = tree_copy(m->tree, "", flags | AT_RECURSIVE);
	return tree < 0 ? err_sys(e, errno, "bind '%s'", m->source) : tree;
}

int oci_mounts_prepare(struct oci_container *c, struct err *e)
{
	if (!has_mount_namespace(c) && c->config.mount_count) {
		oci_warn("without a namespace of type 'mount' nothing is mounted, covered or made "
			 "in /dev: it would be the host's");
		return 0;
	}
	if (chdir(c->bundle) < 0)
		return err_sys(e, errno, "enter the bundle '%s'", c->bundle);
	for (size_t i = 0; i < c->config.mount_count; i++) {
		struct oci_mount *m = &c->config.mounts[i];
		if (!m->is_bind)
			continue;
		m->tree = open(m->source, O_PATH | O_CLOEXEC);
		if (m->tree < 0 && !m->is_optional)
			return err_hint(
			    e,
			    err_sys(e, errno, "config.json: mounts[%zu]: bind '%s'", i, m->source),
			    "a source that is not absolute is looked for in the bundle");
	}
	return 0;
}

/* Ids that do not exist inside cannot own a file system: "gid=5" of devpts, mostly. */
static bool is_unmapped_owner(const struct oci_container *c, const char *key, const char *value)
{
	bool is_gid = strcmp(key, "gid") == 0;
	uint32_t unused;

	if ((!is_gid && strcmp(key, "uid") != 0) || !(c->config.namespaces & CLONE_NEWUSER))
		return false;
	return !oci_map_find(is_gid ? &c->config.gid_map : &c->config.uid_map,
			     (uint32_t)strtoul(value, NULL, 10), &unused);
}

static int set_option(const struct oci_container *c, int context, const char *option)
{
	char key[256];
	const char *equals = strchr(option, '=');
	size_t length = equals ? (size_t)(equals - option) : strlen(option);

	if (length >= sizeof(key))
		return -EINVAL;
	memcpy(key, option, length);
	key[length] = '\0';
	if (!equals)
		return tree_set(context, FSCONFIG_SET_FLAG, key, NULL) < 0 ? -errno : 0;
	if (is_unmapped_owner(c, key, equals + 1))
		return 0;
	return tree_set(context, FSCONFIG_SET_STRING, key, equals + 1) < 0 ? -errno : 0;
}

/* What the file system itself says about its last error; "" mostly. */
static void read_complaint(int context, char *text, size_t size)
{
	ssize_t n = read(context, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static int make_new(const struct oci_container *c, const struct oci_mount *m, struct err *e)
{
	auto_close int context = tree_begin(m->type);
	char complaint[256] = "";

	if (context < 0)
		return err_hint(e, err_sys(e, errno, "make a file system of type '%s'", m->type),
				"has this kernel that type? (/proc/filesystems)");
	if (m->source && *m->source)
		tree_set(context, FSCONFIG_SET_STRING, "source", m->source);
	for (size_t i = 0; i < m->options.count; i++) {
		int r = set_option(c, context, m->options.items[i]);
		if (r == 0)
			continue;
		read_complaint(context, complaint, sizeof(complaint));
		return err_sys(e, r, "option '%.100s' of %s%s%s", m->options.items[i], m->type,
			       *complaint ? ": " : "", complaint);
	}
	int tree = -1;
	if (tree_set(context, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
		tree = tree_make(context, (unsigned)m->set);
	if (tree >= 0)
		return tree;
	int error = errno;
	read_complaint(context, complaint, sizeof(complaint));
	return err_sys(e, error, "make %s%s%s", m->type, *complaint ? ": " : "", complaint);
}

/* proc wants an own pid namespace, sysfs an own network: else the host's, read-only. */
static int make_kernels(const struct oci_container *c, const struct oci_mount *m, struct err *e)
{
	const struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
							 MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	bool is_proc = is_type(m, "proc");
	auto_close int tree = make_new(c, m, e);

	if (tree != -EPERM || !(c->config.namespaces & CLONE_NEWUSER))
		return tree < 0 ? tree : fd_move(&tree);
	tree = tree_copy(AT_FDCWD, is_proc ? "/proc" : "/sys", AT_RECURSIVE);
	if (tree < 0 || tree_change(tree, AT_RECURSIVE, &read_only) < 0)
		return -EPERM;
	err_clear(e);
	oci_warn("%s is the host's, read-only: an own one needs an own %s namespace",
		 is_proc ? "/proc" : "/sys", is_proc ? "pid" : "network");
	return fd_move(&tree);
}

static int make_tree(struct oci_container *c, struct oci_mount *m, struct err *e)
{
	if (m->is_bind)
		return copy_source(m, e);
	if (is_type(m, "proc") || is_type(m, "sysfs"))
		return make_kernels(c, m, e);
	if (is_type(m, "cgroup") || is_type(m, "cgroup2"))
		return oci_cgroup_mount(c, m, e);
	if (m->is_copied_up)
		oci_warn("'%s' begins empty: this runtime has no tmpcopyup", m->destination);
	return make_new(c, m, e);
}

/* Attributes of what was bound; of a new one for what fsmount(2) does not take. */
static int change_tree(const struct oci_mount *m, int tree, struct err *e)
{
	struct mount_attr one = {.attr_set = m->set, .attr_clr = m->clear};
	struct mount_attr all = {.attr_set = m->recursive_set, .attr_clr = m->recursive_clear};
	struct mount_attr propagation = {.propagation = m->propagation};
	int r = 0;

	if (m->is_bind && (one.attr_set || one.attr_clr)) {
		r = tree_change(tree, 0, &one);
		if (r < 0 && errno == EPERM) { /* what the host has locked stays as it is */
			one.attr_set &= ~(uint64_t)ATIME_FLAGS;
			one.attr_clr = 0;
			r = tree_change(tree, 0, &one);
		}
	}
	if (r == 0 && (all.attr_set || all.attr_clr))
		r = tree_change(tree, AT_RECURSIVE, &all);
	if (r == 0 && m->propagation)
		r = tree_change(tree, m->is_propagation_recursive ? AT_RECURSIVE : 0, &propagation);
	return r < 0 ? err_sys(e, errno, "set the options of the mount") : 0;
}

/* The place inside; made if it is missing, as what is mounted there: directory or file. */
static int open_target(const struct oci_container *c, const struct oci_mount *m, int tree,
		       int *ret_fd, struct err *e)
{
	bool is_strict = is_type(m, "proc") || is_type(m, "sysfs");
	struct stat found, root;
	auto_close int direct = is_strict ? kernel_openat2(c->root_tree, m->destination,
							   O_PATH | O_CLOEXEC,
							   RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)
					  : -1;

	if (is_strict && direct < 0 && errno != ENOENT && errno != ENOSYS)
		return err_hint(e, err_sys(e, errno, "open '%s' of the root", m->destination),
				"%s wants a real directory there, no symbolic link", m->type);
	if (fstat(tree, &found) < 0)
		return err_sys(e, errno, "look at what is mounted");
	int r = walk_open(c->root_tree, m->destination,
			  S_ISDIR(found.st_mode) ? WALK_DIRECTORY : WALK_FILE, ret_fd, e);
	if (r < 0)
		return r;
	if (fstat(*ret_fd, &found) == 0 && fstat(c->root_tree, &root) == 0 &&
	    found.st_ino == root.st_ino && found.st_dev == root.st_dev)
		return err_set(e, EINVAL, "its destination is the root itself");
	return 0;
}

static int place(struct oci_container *c, struct oci_mount *m, struct err *e)
{
	auto_close int tree = make_tree(c, m, e), target = -1;

	if (tree < 0)
		return tree;
	int r = change_tree(m, tree, e);
	if (r == 0)
		r = open_target(c, m, tree, &target, e);
	if (r == 0 && tree_place(tree, target) < 0)
		r = err_sys(e, errno, "put it there");
	if (r == 0 && is_type(m, "cgroup"))
		r = oci_cgroup_mount_fill(c, m, tree, e);
	return r;
}

int oci_mounts_place(struct oci_container *c, struct err *e)
{
	if (!has_mount_namespace(c))
		return 0;
	for (size_t i = 0; i < c->config.mount_count; i++) {
		struct oci_mount *m = &c->config.mounts[i];
		if (m->is_bind && m->tree < 0) /* an optional one whose source is not there */
			continue;
		int r = place(c, m, e);
		if (r < 0)
			return err_ctx(e, r, "config.json: mounts[%zu] ('%s')", i, m->destination);
	}
	return 0;
}
