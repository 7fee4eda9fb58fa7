// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What comes from the host becomes trees: clones of mounts that are nowhere yet. Attributes are
 * laid on while nobody can see them, and no mount of ours hears from the host's any more.
 *
 * Who makes them is a matter of rights. Root's worker does, since only it may map ids on a mount,
 * and since its child, root of its own user namespace only, could not walk through another user's
 * directory. An ordinary user's worker may make no tree at all; its child may, in its own mount
 * namespace, with no right that the user lacks. Volumes are cloned with all that is mounted below
 * them: a part alone the kernel refuses where it would show what a mount covers. See open_tree(2),
 * mount_setattr(2), move_mount(2).
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"
#include "container.h"
#include "fd.h"
#include "hooks.h"
#include "idmap_mount.h"
#include "trees.h"

void files_init(struct files *files)
{
	files->tree_count = 0;
	files->root = -1;
}

void files_finish(struct files *files)
{
	for (unsigned i = 0; i < files->tree_count; i++)
		fd_close(&files->trees[i]);
	files->tree_count = 0;
	fd_close(&files->root);
}

/* Somebody asked for other users than root, or left the power to become one. */
static bool asks_for_users(const struct container *c)
{
	const char *user = c->spec->user;

	return (user && strcmp(user, "root") != 0 && strcmp(user, "0") != 0) ||
	       !container_has(c, SPEC_CAPABILITIES) ||
	       capabilities_have(c->capabilities.kept, CAP_SETUID) ||
	       capabilities_have(c->capabilities.kept, CAP_SETGID);
}

void files_choose_users(struct container *c)
{
	bool is_asked = asks_for_users(c);

	idmap_choose(&c->idmap);
	if (!is_asked && !c->spec->image)
		return;
	idmap_add_range(&c->idmap);
	if (!is_asked) /* an image mostly does with one user, too */
		c->idmap.lack[0] = '\0';
}

/* Only who maps a whole range without newuidmap is root somewhere and may map ids on mounts. */
bool files_has_trees(const struct container *c)
{
	return (c->namespaces & CLONE_NEWNS) && (c->namespaces & CLONE_NEWUSER) &&
	       c->idmap.count > 1;
}

static int explain_image(const struct container *c, int error, struct err *e)
{
	int r = err_sys(e, error, "open the image '%s'", c->image);

	if (error == ENOENT || error == ENOTDIR)
		return err_hint(e, r,
				c->spec->image ? "--image takes a directory of this machine that "
						 "holds a file tree"
					       : "build it with ./dev build, or install isolab "
						 "again");
	if (error == EINVAL)
		return err_hint(e, r, "mounts without symbolic links need Linux 5.14");
	if (error == EACCES || error == EPERM)
		return err_hint(e, r,
				"either you may not read it, or a security module restricts user "
				"namespaces (`isolab doctor`)");
	return r;
}

static int explain_volume(const struct volume *volume, int error, struct err *e)
{
	int r = err_sys(e, error, "--volume '%.200s:%.200s': open '%.200s'", volume->source,
			volume->target, volume->source);

	if (error == ENOENT || error == ENOTDIR)
		return err_hint(e, r,
				"the first path is one of this machine; make it first: "
				"mkdir -p DIRECTORY");
	if (error == EACCES || error == EPERM)
		return err_hint(e, r, "a volume can only be what you may open yourself");
	return r;
}

/* A tree of what lies at `path`, with all that is mounted below it if `flags` has AT_RECURSIVE. */
static int open_tree_at(const struct container *c, const char *path, unsigned flags)
{
	return call_open_tree(c->calls, AT_FDCWD, path,
			      flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/* The attributes of a volume's mount, NULL: the image's while it is being built on. */
static uint64_t choose_attributes(const struct volume *volume)
{
	uint64_t set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

	if (hook_is_out("volume-flags"))
		set = 0;
	if (!volume && !hook_is_out("nosymfollow"))
		set |= MOUNT_ATTR_NOSYMFOLLOW;
	return !volume || volume->is_read_only ? set | MOUNT_ATTR_RDONLY : set;
}

/* Lays attributes on a tree and parts it from the host's mounts; `namespace` ≥ 0: maps ids as that
 * user namespace does. -1 and errno. */
static int restrict_tree(const struct container *c, int tree, uint64_t set, int namespace,
			 unsigned flags)
{
	struct mount_attr attributes = {.attr_set = set, .propagation = MS_PRIVATE};

	if (namespace >= 0) {
		attributes.attr_set |= MOUNT_ATTR_IDMAP;
		attributes.userns_fd = (uint64_t) namespace;
	}
	return call_mount_setattr_all(c->calls, tree, "", AT_EMPTY_PATH | flags, &attributes);
}

/* With ids mapped if the file system can, else without, and that is told. `what` is for the
 * note. */
static int restrict_mapped(const struct container *c, int tree, uint64_t set, int namespace,
			   unsigned flags, const char *what)
{
	if (restrict_tree(c, tree, set, namespace, flags) == 0)
		return 0;
	if (errno != EINVAL && errno != EPERM && errno != EOPNOTSUPP)
		return -1;
	/* Perhaps it is only something mounted below that cannot. */
	bool is_mapped = flags && restrict_tree(c, tree, set, namespace, 0) == 0;
	if (restrict_tree(c, tree, set, -1, flags) < 0)
		return -1;
	if (!is_mapped)
		container_note(c,
			       "%.80s: this file system or kernel maps no ids on a mount, so who "
			       "owns its files is a nobody inside",
			       what);
	return 0;
}

/* The user namespace of the child says how the image's owners are mapped. */
static int open_namespace(const struct container *c, int *ret_fd, struct err *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)c->pid);
	*ret_fd = call_openat(c->calls, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	return *ret_fd < 0 ? err_sys(e, errno, "open '%s'", path) : 0;
}

/* Who the volume belongs to is root inside. */
static int open_owner_namespace(const struct container *c, const struct stat *top, int *ret_fd,
				struct err *e)
{
	char users[IDMAP_TEXT_MAX], groups[IDMAP_TEXT_MAX];

	idmap_describe_mount(c->idmap.first_uid, top->st_uid, users);
	idmap_describe_mount(c->idmap.first_gid, top->st_gid, groups);
	return idmap_open_namespace(users, groups, ret_fd, e);
}

static int make_volume(struct container *c, unsigned index, int image_namespace, struct err *e)
{
	struct volume volume;
	struct stat top;
	auto_close int own_namespace = -1;
	int namespace = image_namespace, *tree = &c->files.trees[1 + index];
	int r = files_get_volume(c, index, &volume, e);

	if (r < 0)
		return r;
	*tree = open_tree_at(c, volume.source, AT_RECURSIVE);
	if (*tree < 0 && volume.is_optional)
		return 0;
	if (*tree < 0 || fstat(*tree, &top) < 0)
		return explain_volume(&volume, errno, e);
	if (top.st_uid || top.st_gid) {
		r = open_owner_namespace(c, &top, &own_namespace, e);
		if (r < 0)
			return r;
		namespace = own_namespace;
	}
	if (restrict_mapped(c, *tree, choose_attributes(&volume), namespace, AT_RECURSIVE,
			    volume.target) < 0)
		return explain_volume(&volume, errno, e);
	if (!volume.is_read_only && top.st_uid == 0)
		container_note(c,
			       "volume '%.80s' belongs to the host's root, and so does what root "
			       "inside writes there, set-user-ID programs too",
			       volume.target);
	return 0;
}

int files_make_trees(struct container *c, struct err *e)
{
	auto_close int namespace = -1;
	unsigned count = 0;
	int r = files_count_volumes(c, &count, e);

	if (r == 0)
		r = open_namespace(c, &namespace, e);
	if (r < 0)
		return r;
	int image = open_tree_at(c, c->image, 0);
	if (image < 0)
		/* A root without the right to mount: then its child has it. */
		return errno == EPERM ? 0 : explain_image(c, errno, e);
	c->files.trees[0] = image;
	for (c->files.tree_count = 1; c->files.tree_count <= count; c->files.tree_count++)
		c->files.trees[c->files.tree_count] = -1;
	if (restrict_mapped(c, image, choose_attributes(NULL), namespace, 0, "image") < 0)
		return explain_image(c, errno, e);
	for (unsigned i = 0; r == 0 && i < count; i++)
		r = make_volume(c, i, namespace, e);
	return r;
}

static int take_volume(struct container *c, unsigned index, struct err *e)
{
	struct volume volume;
	int *tree = &c->files.trees[1 + index];
	int r = files_get_volume(c, index, &volume, e);

	if (r < 0)
		return r;
	*tree = open_tree_at(c, volume.source, AT_RECURSIVE);
	if (*tree < 0 && volume.is_optional)
		return 0;
	if (*tree < 0 || restrict_tree(c, *tree, choose_attributes(&volume), -1, AT_RECURSIVE) < 0)
		return explain_volume(&volume, errno, e);
	return 0;
}

/* The kernel lets nobody but the host's root see what a mount covers: an image with mounts in it is
 * taken with them. They are not built on, so links may be followed there. */
static int take_image(const struct container *c)
{
	uint64_t set = choose_attributes(NULL);
	int image = open_tree_at(c, c->image, 0);
	bool is_deep = image < 0 && errno == EINVAL;

	if (is_deep)
		image = open_tree_at(c, c->image, AT_RECURSIVE);
	if (image < 0 || restrict_tree(c, image, set, -1, 0) < 0)
		return -1;
	set &= ~(uint64_t)MOUNT_ATTR_NOSYMFOLLOW;
	return is_deep && restrict_tree(c, image, set, -1, AT_RECURSIVE) < 0 ? -1 : image;
}

int trees_take(struct container *c, struct err *e)
{
	unsigned count = 0;
	int r = files_count_volumes(c, &count, e);

	if (r < 0)
		return r;
	int image = take_image(c);
	if (image < 0)
		return explain_image(c, errno, e);
	c->files.trees[0] = image;
	for (c->files.tree_count = 1; c->files.tree_count <= count; c->files.tree_count++)
		c->files.trees[c->files.tree_count] = -1;
	for (unsigned i = 0; r == 0 && i < count; i++)
		r = take_volume(c, i, e);
	return r;
}
