// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The root of a container, from the image's tree to pivot_root(2).
 *
 * Symbolic links are the classic way out of here: an image whose "proc" or "dev" points elsewhere
 * makes its builder mount elsewhere. While we build, the image is mounted so that none is followed
 * (MOUNT_ATTR_NOSYMFOLLOW), and all paths are relative to it.
 *
 * The writable layer of --overlay is a directory on a tmpfs of our own, so changes are gone with
 * the container and cannot fill the host's disk. Without --overlay there is one for a moment, if a
 * volume needs a directory that the image lacks. See overlayfs.rst of the kernel, tmpfs(5),
 * mount_namespaces(7), pivot_root(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"
#include "container.h"
#include "fd.h"
#include "files.h"
#include "trees.h"
#include "walk.h"

#define OVERLAY_SIZE "1g"

static int explain_place(const struct container *c, int tree, int error, struct err *e)
{
	struct stat found;

	if (fstat(tree, &found) == 0 && !S_ISDIR(found.st_mode))
		return err_hint(e, err_set(e, ENOTDIR, "the image '%s' is no directory", c->image),
				"unpack it first: --image takes a directory that holds a file "
				"tree");
	return err_sys(e, error, "mount the image '%s'", c->image);
}

/* The way to the image may lead through folders of the host's root, such as /root: so we go there
 * as long as we are still who started us. */
int files_bind_root(struct container *c, struct err *e)
{
	/* With a user namespace of its own the new mount namespace hears from the host, but is
	 * not heard. */
	if (!(c->namespaces & CLONE_NEWUSER) &&
	    call_mount(c->calls, NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(e, errno, "part the mounts from the host's");
	int r = c->files.tree_count ? 0 : trees_take(c, e);
	if (r < 0)
		return r;
	/* Where it lies does not matter: "/" is there always. Paths that begin at "/" are still
	 * the host's, since a root directory stays what it was when something is mounted on it. */
	int image = c->files.trees[0];
	if (call_move_mount(c->calls, image, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return explain_place(c, image, errno, e);
	if (call_fchdir(c->calls, image) < 0)
		return err_sys(e, errno, "enter the image '%s'", c->image);
	c->files.root = fd_move(&c->files.trees[0]);
	return 0;
}

int files_make_tmpfs(const struct container *c, const char *size, const char *mode, int *ret_tree,
		     struct err *e)
{
	auto_close int fs = call_fsopen(c->calls, "tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || call_fsconfig(c->calls, fs, FSCONFIG_SET_STRING, "size", size, 0) < 0 ||
	    call_fsconfig(c->calls, fs, FSCONFIG_SET_STRING, "mode", mode, 0) < 0 ||
	    call_fsconfig(c->calls, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, errno, "make a tmpfs of size %s", size);
	*ret_tree = call_fsmount(c->calls, fs, FSMOUNT_CLOEXEC,
				 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return *ret_tree < 0 ? err_sys(e, errno, "mount a tmpfs") : 0;
}

/* True if the path is on what will be fresh, or in another volume: then the image need not have
 * it. */
static bool is_made_later(const struct container *c, const char *target)
{
	char *const *const lists[] = {c->spec->tmpfs, c->spec->volumes};
	char other[SPEC_PATH_MAX], source[SPEC_PATH_MAX];
	uint64_t bytes;
	bool is_read_only;

	if (strncmp(target, "/tmp/", 5) == 0 || strncmp(target, "/run/", 5) == 0)
		return true;
	for (int i = 0; i < 2; i++)
		for (char *const *word = lists[i]; word && *word; word++) {
			if ((i ? spec_split_volume(*word, source, other, &is_read_only, NULL)
			       : spec_split_tmpfs(*word, other, &bytes, NULL)) < 0)
				continue;
			size_t length = strlen(other);
			if (strncmp(target, other, length) == 0 && target[length] == '/')
				return true;
		}
	return false;
}

static bool is_missing(const struct container *c, const char *target)
{
	auto_close int fd = -1;

	return !is_made_later(c, target) &&
	       walk_open(c->files.root, target, WALK_ONLY, &fd, NULL) < 0;
}

/* Whether a volume's place must be made first. */
static bool lacks_place(const struct container *c)
{
	char target[SPEC_PATH_MAX];
	struct volume volume;
	uint64_t bytes;
	unsigned count = 0;

	for (char *const *word = c->spec->tmpfs; word && *word; word++)
		if (spec_split_tmpfs(*word, target, &bytes, NULL) == 0 && is_missing(c, target))
			return true;
	files_count_volumes(c, &count, NULL);
	for (unsigned i = 0; i < count; i++)
		if (files_get_volume(c, i, &volume, NULL) == 0 && !volume.is_optional &&
		    is_missing(c, volume.target))
			return true;
	return false;
}

/* On a tmpfs: the image once more as lower layer, an upper layer, and both together at "root". */
static int lay_overlay(struct container *c, struct err *e)
{
	/* In a user namespace the overlay's own marks must be attributes that a user may set. */
	const char *data = c->namespaces & CLONE_NEWUSER
			       ? "lowerdir=lower,upperdir=upper,workdir=work,userxattr"
			       : "lowerdir=lower,upperdir=upper,workdir=work";
	struct stat top;
	auto_close int lower = call_open_tree(c->calls, c->files.root, "",
					      AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (lower < 0 || fstat(lower, &top) < 0)
		return err_sys(e, errno, "clone the image's mount");
	if (call_mkdirat(c->calls, AT_FDCWD, "lower", 0700) < 0 ||
	    call_mkdirat(c->calls, AT_FDCWD, "upper", top.st_mode & 07777) < 0 ||
	    call_mkdirat(c->calls, AT_FDCWD, "work", 0700) < 0 ||
	    call_mkdirat(c->calls, AT_FDCWD, "root", 0700) < 0)
		return err_sys(e, errno, "make the layers' directories");
	if (call_move_mount(c->calls, lower, "", AT_FDCWD, "lower", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, errno, "put the image below");
	if (call_mount(c->calls, "overlay", "root", "overlay",
		       MS_NOSUID | MS_NODEV | MS_NOSYMFOLLOW, data) < 0)
		return err_sys(e, errno, "mount the overlay");
	int root = call_openat(c->calls, AT_FDCWD, "root", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (root < 0)
		return err_sys(e, errno, "open the overlay");
	fd_close(&c->files.root);
	c->files.root = root;
	return 0;
}

/* What every root needs and a writable one can be given. */
static int make_directories(const struct container *c, struct err *e)
{
	static const char *const names[] = {"proc", "sys", "dev", "tmp", "run"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (call_mkdirat(c->calls, AT_FDCWD, names[i], 0755) < 0 && errno != EEXIST)
			return err_sys(e, errno, "make '/%s'", names[i]);
	return 0;
}

int files_build_overlay(struct container *c, struct err *e)
{
	struct err why = {0};
	auto_close int tmpfs = -1;

	if (!c->spec->overlay && !lacks_place(c))
		return 0;
	int r = files_make_tmpfs(c, OVERLAY_SIZE, "0700", &tmpfs, e);
	if (r < 0)
		return r;
	if (call_move_mount(c->calls, tmpfs, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    call_fchdir(c->calls, tmpfs) < 0)
		return err_sys(e, errno, "mount a tmpfs for the overlay");
	r = lay_overlay(c, &why);
	if (call_fchdir(c->calls, c->files.root) < 0)
		return err_sys(e, errno, "enter the root");
	c->files.is_overlaid = r == 0;
	if (r == 0)
		return make_directories(c, e);
	container_note(c,
		       "the root stays read-only: %.120s (overlays in user namespaces need Linux "
		       "5.11)",
		       why.what);
	return 0;
}

/* Out of a chroot whoever may call chroot(2) again climbs by "..": it never was a wall. */
static int change_root(const struct container *c, struct err *e)
{
	return call_chroot(c->calls, ".") < 0 ? err_sys(e, errno, "change the root to the image")
					      : 0;
}

static int change_to_image(const struct container *c, struct err *e)
{
	if (call_mount_setattr(c->calls, AT_FDCWD, ".", 0, 0, MOUNT_ATTR_NOSYMFOLLOW) < 0)
		return err_sys(e, errno, "allow the image its symbolic links");
	if (!container_has(c, SPEC_PIVOT))
		return change_root(c, e);
	/* "Swap the roots: the host's tree lies on top of ours now …" (pivot_root(2), NOTES) */
	if (call_pivot_root(c->calls, ".", ".") < 0)
		return err_hint(e, err_sys(e, errno, "make the image the root"),
				"pivot_root fails when the machine runs from an initramfs");
	/* "… and is let go, with all that is mounted in it." */
	if (call_umount2(c->calls, ".", MNT_DETACH) < 0)
		return err_sys(e, errno, "let the host's tree go");
	return 0;
}

int files_pivot(struct container *c, struct err *e)
{
	int r = change_to_image(c, e);

	/* Nothing that serves as a way out is left open, not even for a moment (CVE-2024-21626). */
	if (!files_has_volumes(c))
		files_finish(&c->files);
	return r;
}
