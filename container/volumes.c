// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is put on a root that stands: --tmpfs first, then --volume in the order of the options, then
 * single files of isolab's own. The host's tree is gone already, so a path inside cannot lead there
 * whatever its links say; they are followed inside the root all the same (walk.h), and what is
 * mounted is mounted by descriptor. /proc, /sys and /dev are no places for a volume: programs trust
 * what they read there, and so do we.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "calls.h"
#include "container.h"
#include "fd.h"
#include "files.h"
#include "trees.h"
#include "walk.h"

#define TMPFS_SIZE_BYTES (256ULL << 20)
#define COVER_SIZE       "1m"

/* In the host's network names are found by the host's files. */
static const char *const network_files[] = {"/etc/hosts", "/etc/resolv.conf"};

enum { NETWORK_FILES = sizeof(network_files) / sizeof(network_files[0]) };

static unsigned count_words(char *const *words)
{
	unsigned count = 0;

	while (words && words[count])
		count++;
	return count;
}

static bool needs_network_files(const struct container *c)
{
	return c->spec->network == SPEC_NETWORK_HOST;
}

bool files_has_volumes(const struct container *c)
{
	return (c->namespaces & CLONE_NEWNS) &&
	       (c->spec->volumes || c->spec->tmpfs || needs_network_files(c));
}

bool files_has_overlay(const struct container *c)
{
	return (c->namespaces & CLONE_NEWNS) &&
	       (c->spec->overlay || c->spec->volumes || c->spec->tmpfs);
}

int files_count_volumes(const struct container *c, unsigned *ret_count, struct err *e)
{
	unsigned count = count_words(c->spec->volumes);

	if (count > FILES_VOLUMES_MAX - NETWORK_FILES)
		return err_hint(e, err_set(e, E2BIG, "%u volumes are too many", count),
				"at most %d: put what belongs together into one directory",
				FILES_VOLUMES_MAX - NETWORK_FILES);
	*ret_count = count + (needs_network_files(c) ? NETWORK_FILES : 0);
	return 0;
}

int files_get_volume(const struct container *c, unsigned index, struct volume *ret_volume,
		     struct err *e)
{
	unsigned count = count_words(c->spec->volumes);

	*ret_volume = (struct volume){0};
	if (index < count)
		return spec_split_volume(c->spec->volumes[index], ret_volume->source,
					 ret_volume->target, &ret_volume->is_read_only, e);
	const char *file = network_files[index - count];
	snprintf(ret_volume->source, sizeof(ret_volume->source), "%s", file);
	snprintf(ret_volume->target, sizeof(ret_volume->target), "%s", file);
	ret_volume->is_read_only = ret_volume->is_optional = true;
	return 0;
}

/* The first component that is left when "." and ".." have been worked out on paper. */
static void find_top(const char *path, char top[WALK_NAME_MAX + 1])
{
	int depth = 0;

	*top = '\0';
	while (*(path += strspn(path, "/"))) {
		size_t length = strcspn(path, "/");
		if (length == 2 && memcmp(path, "..", 2) == 0)
			depth -= depth > 0;
		else if ((length != 1 || *path != '.') && depth++ == 0 && length <= WALK_NAME_MAX) {
			memcpy(top, path, length);
			top[length] = '\0';
		}
		if (depth == 0)
			*top = '\0';
		path += length;
	}
}

static int refuse_place(const char *target, struct err *e)
{
	return err_hint(e, err_set(e, EINVAL, "'%.200s' lies in /proc, /sys or /dev", target),
			"programs trust what they find there: choose another place inside");
}

/* What is written … */
static bool names_kernel(const char *target)
{
	static const char *const tops[] = {"proc", "sys", "dev"};
	char top[WALK_NAME_MAX + 1];

	find_top(target, top);
	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		if (strcmp(top, tops[i]) == 0)
			return true;
	return false;
}

/* … and where the image's links lead to. */
static bool is_kernel(int place)
{
	struct statfs found;

	return fstatfs(place, &found) == 0 &&
	       (found.f_type == PROC_SUPER_MAGIC || found.f_type == SYSFS_MAGIC);
}

/* Opens where something is to be mounted; made if it is missing and can be made. */
static int open_place(int root, const char *target, bool is_directory, int *ret_place,
		      struct err *e)
{
	struct stat found;
	auto_close int place = -1;

	if (names_kernel(target))
		return refuse_place(target, e);
	int r = walk_open(root, target, is_directory ? WALK_DIRECTORY : WALK_FILE, &place, e);

	if (r == -EROFS || r == -EACCES || r == -EPERM || r == -EOVERFLOW)
		return err_hint(e, r,
				"make '%.100s' in the image, choose a place below /tmp or /run, or "
				"add --overlay",
				target);
	if (r < 0)
		return r;
	if (is_kernel(place))
		return refuse_place(target, e);
	if (fstat(place, &found) == 0 && S_ISDIR(found.st_mode) != is_directory)
		return err_hint(e,
				err_set(e, is_directory ? ENOTDIR : EISDIR,
					"'%.200s' is %s inside, unlike what shall lie on it",
					target, is_directory ? "no directory" : "a directory"),
				"a directory goes on a directory, a file on a file");
	*ret_place = fd_move(&place);
	return 0;
}

static int put(const struct container *c, int tree, int place, struct err *e)
{
	if (call_move_mount(c->calls, tree, "", place, "",
			    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
		return 0;
	return err_sys(e, errno, "mount it");
}

static int place_tmpfs(const struct container *c, const char *word, struct err *e)
{
	char target[SPEC_PATH_MAX], size[32];
	uint64_t bytes;
	auto_close int place = -1, tree = -1;
	int r = spec_split_tmpfs(word, target, &bytes, e);

	if (r < 0)
		return r;
	snprintf(size, sizeof(size), "%llu",
		 (unsigned long long)(bytes ? bytes : TMPFS_SIZE_BYTES));
	r = open_place(c->files.root, target, true, &place, e);
	if (r == 0)
		r = files_make_tmpfs(c, size, "1777", &tree, e);
	if (r == 0)
		r = put(c, tree, place, e);
	return r < 0 ? err_ctx(e, r, "--tmpfs '%.200s'", word) : 0;
}

static int place_volume(struct container *c, unsigned index, struct err *e)
{
	struct volume volume;
	struct stat top;
	auto_close int place = -1;
	int tree = c->files.trees[1 + index];
	int r = files_get_volume(c, index, &volume, e);

	if (r < 0 || tree < 0) /* an optional one that the host lacks */
		return r;
	if (fstat(tree, &top) < 0)
		return err_sys(e, errno, "look at '%.200s'", volume.source);
	r = open_place(c->files.root, volume.target, S_ISDIR(top.st_mode), &place, e);
	if (r == 0)
		r = put(c, tree, place, e);
	if (r < 0 && volume.is_optional) {
		err_clear(e);
		return 0;
	}
	return r < 0 ? err_ctx(e, r, "--volume '%.200s:%.200s'", volume.source, volume.target) : 0;
}

int files_place_volumes(struct container *c, struct err *e)
{
	unsigned count = 0;
	int r = files_count_volumes(c, &count, e);

	for (char *const *word = c->spec->tmpfs; r == 0 && word && *word; word++)
		r = place_tmpfs(c, *word, e);
	for (unsigned i = 0; r == 0 && i < count; i++)
		r = place_volume(c, i, e);
	/* The layer was there to make places in: closed again. */
	if (r == 0 && c->files.is_overlaid && !c->spec->overlay &&
	    call_mount_setattr(c->calls, c->files.root, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY, 0) <
		0)
		r = err_sys(e, errno, "make the root read-only");
	files_finish(&c->files);
	return r;
}

/* A tree that is one file with this content. It is made on a tmpfs, which must be mounted somewhere
 * for that: on /run, for a moment. */
static int make_file(const struct container *c, const char *content, size_t length, int *ret_tree,
		     struct err *e)
{
	auto_close int tmpfs = -1, file = -1;
	int r = files_make_tmpfs(c, COVER_SIZE, "0755", &tmpfs, e);

	if (r < 0)
		return r;
	if (call_move_mount(c->calls, tmpfs, "", AT_FDCWD, "/run", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, errno, "mount a tmpfs on '/run' for a moment");
	file = call_openat(c->calls, tmpfs, "file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	r = file < 0 ? -errno : fd_write_all(file, content, length);
	*ret_tree = r < 0 ? -1
			  : call_open_tree(c->calls, tmpfs, "file",
					   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (r == 0 && *ret_tree < 0)
		r = -errno;
	if (r == 0 && call_mount_setattr(c->calls, *ret_tree, "", AT_EMPTY_PATH,
					 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, 0) < 0)
		r = -errno;
	if (call_umount2(c->calls, "/run", MNT_DETACH) < 0 && r == 0)
		r = -errno;
	return r < 0 ? err_sys(e, r, "make the file") : 0;
}

int files_cover(const struct container *c, const char *path, const char *content, size_t length,
		struct err *e)
{
	struct err why = {0};
	auto_close int place = -1, tree = -1;

	/* We are at home: what stands for the root has been closed. */
	if (open_place(AT_FDCWD, path, false, &place, &why) < 0) {
		container_note(c, "no '%s' of its own: %.160s", path, why.what);
		return 0;
	}
	int r = make_file(c, content, length, &tree, e);
	if (r == 0)
		r = put(c, tree, place, e);
	return r < 0 ? err_ctx(e, r, "put a file on '%s'", path) : 0;
}
