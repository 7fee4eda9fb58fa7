// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The writable layer of --overlay: a directory on a tmpfs of our own, so changes are gone with the
 * container and cannot fill the host's disk. Without --overlay there is one for a moment, if a
 * volume needs a directory that the image lacks.
 *
 * An overlay asks who owns a file of the image before it lets it be changed. The image of an
 * ordinary user mostly belongs to root, who is nobody inside: then "/etc" could not be written.
 * So its directories are made once more in the upper layer, where they belong to root inside: new
 * files can be made there, and old ones replaced. See overlayfs.rst of the kernel, tmpfs(5),
 * fsopen(2).
 */
#include <dirent.h>
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

enum { NOBODY = 65534, COPY_DEPTH_MAX = 12, COPY_ENTRIES_MAX = 20000 };

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

	if (strstr(target, "/.."))
		return false;
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

/* Makes the directories of `lower` that belong to nobody inside in `upper`, too. What cannot be
 * read is left alone. `*left` bounds how much of a large image is looked at. */
static void copy_directories(int lower, int upper, int depth, int *left)
{
	int copy = openat(lower, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)) && --*left > 0) {
		struct stat found;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		auto_close int below = openat(lower, entry->d_name,
					      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0 || fstat(below, &found) < 0 || found.st_uid != NOBODY ||
		    mkdirat(upper, entry->d_name, found.st_mode & 07777) < 0)
			continue;
		auto_close int made = openat(upper, entry->d_name,
					     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (made >= 0 && depth < COPY_DEPTH_MAX)
			copy_directories(below, made, depth + 1, left);
	}
	if (directory)
		closedir(directory);
}

static void own_directories(int lower, const struct stat *top)
{
	auto_close int upper = openat(AT_FDCWD, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int left = COPY_ENTRIES_MAX;

	if (upper < 0 || top->st_uid != NOBODY)
		return;
	mode_t before = umask(0); /* they get the modes of those below */
	copy_directories(lower, upper, 0, &left);
	umask(before);
}

/* The layers, in the tmpfs we stand in: the image, and where changes go. */
static int make_layers(const struct container *c, struct err *e)
{
	struct stat top;

	if (fstat(c->files.root, &top) < 0 || call_mkdirat(c->calls, AT_FDCWD, "lower", 0700) < 0 ||
	    call_mkdirat(c->calls, AT_FDCWD, "upper", top.st_mode & 07777) < 0 ||
	    call_mkdirat(c->calls, AT_FDCWD, "work", 0700) < 0)
		return err_sys(e, errno, "make the layers' directories");
	if (call_move_mount(c->calls, c->files.root, "", AT_FDCWD, "lower",
			    MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, errno, "put the image below");
	own_directories(c->files.root, &top);
	return 0;
}

static int set_layer(const struct container *c, int fs, const char *key, const char *value)
{
	return call_fsconfig(c->calls, fs, FSCONFIG_SET_STRING, key, value, 0);
}

/* Both layers together, as a tree. It holds the layers, wherever they are mounted. */
static int lay_overlay(const struct container *c, int *ret_tree, struct err *e)
{
	int r = make_layers(c, e);

	if (r < 0)
		return r;
	auto_close int fs = call_fsopen(c->calls, "overlay", FSOPEN_CLOEXEC);
	if (fs < 0)
		return err_sys(e, errno, "begin an overlay");
	if (set_layer(c, fs, "lowerdir", "lower") < 0 ||
	    set_layer(c, fs, "upperdir", "upper") < 0 || set_layer(c, fs, "workdir", "work") < 0)
		return err_sys(e, errno, "name the overlay's layers");
	/* In a user namespace the overlay's own marks must be attributes that a user may set. */
	if ((c->namespaces & CLONE_NEWUSER) &&
	    call_fsconfig(c->calls, fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
		return err_sys(e, errno, "make the overlay a user's");
	if (call_fsconfig(c->calls, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(e, errno, "make the overlay");
	*ret_tree = call_fsmount(c->calls, fs, FSMOUNT_CLOEXEC,
				 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSYMFOLLOW);
	return *ret_tree < 0 ? err_sys(e, errno, "mount the overlay") : 0;
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

/* Mounts the layers' tmpfs somewhere on the host's tree, with which it goes. On "/" it would be in
 * the way of the root: that is for a host without /tmp, and where the host's tree stays to be
 * walked. */
static int enter_tmpfs(const struct container *c, int tmpfs, bool *ret_is_in_the_way, struct err *e)
{
	bool is_beside = container_has(c, SPEC_PIVOT) &&
			 call_move_mount(c->calls, tmpfs, "", AT_FDCWD, "/tmp",
					 MOVE_MOUNT_F_EMPTY_PATH) == 0;

	if (!is_beside &&
	    call_move_mount(c->calls, tmpfs, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, errno, "mount a tmpfs for the overlay");
	*ret_is_in_the_way = !is_beside;
	return call_fchdir(c->calls, tmpfs) < 0 ? err_sys(e, errno, "enter the overlay's tmpfs")
						: 0;
}

static void note_refusal(const struct container *c, const struct err *why)
{
	const char *reason = "";

	if (why->code == EPERM || why->code == ENODEV)
		reason = " (overlays of users need Linux 5.11)";
	else if (why->code == EINVAL)
		reason = " (is something else mounted in the image?)";
	container_note(c, "the root stays read-only: %.120s%s", why->what, reason);
}

static int build(struct container *c, struct err *e)
{
	struct err why = {0};
	auto_close int tmpfs = -1;
	int overlay = -1;
	bool is_in_the_way = false;
	int r = files_make_tmpfs(c, OVERLAY_SIZE, "0700", &tmpfs, e);

	if (r == 0)
		r = enter_tmpfs(c, tmpfs, &is_in_the_way, e);
	if (r < 0)
		return r;
	r = lay_overlay(c, &overlay, &why);
	if (r < 0 && is_in_the_way) {
		*e = why;
		return err_ctx(e, r, "--overlay");
	}
	if (r < 0) {
		note_refusal(c, &why);
	} else {
		fd_close(&c->files.root);
		c->files.root = overlay;
		c->files.is_overlaid = true;
	}
	/* What is a layer of the overlay stays, wherever it was mounted. */
	if (is_in_the_way && call_umount2(c->calls, "/", MNT_DETACH) < 0)
		return err_sys(e, errno, "take the layers from the way");
	return call_fchdir(c->calls, c->files.root) < 0 ? err_sys(e, errno, "enter the root") : 0;
}

int files_build_overlay(struct container *c, struct err *e)
{
	int r = 0;

	if (c->spec->overlay || lacks_place(c))
		r = build(c, e);
	if (r == 0)
		r = files_attach_root(c, e);
	return r == 0 && c->files.is_overlaid ? make_directories(c, e) : r;
}
