/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The base directory, in which every sandbox has its own: where it is, and whether it may be
 * trusted.
 *
 * Who can write into it can become whatever isolab becomes, so it must be ours and closed to
 * others, and no symbolic link may stand at its end. Every way of being wrong has its own sentence:
 * "permission denied" alone has never helped a learner.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "rundir.h"
#include "self.h"

struct place {
	const char *parent; /* must be there */
	char name[32];      /* made if it is not */
	bool is_private;    /* parent is the user's own ($XDG_RUNTIME_DIR), not /tmp */
};

static struct place find_place(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct place place = {.parent = "/tmp"};

	if (runtime && runtime[0]) {
		place.parent = runtime;
		place.is_private = true;
		str_copy(place.name, sizeof(place.name), "isolab");
	} else {
		snprintf(place.name, sizeof(place.name), "isolab-%u", (unsigned)self_user());
	}
	return place;
}

const char *rundir_base_path(char *buffer, size_t size)
{
	struct place place = find_place();

	snprintf(buffer, size, "%s/%s", place.parent, place.name);
	return buffer;
}

static int hint_elsewhere(const struct place *place, struct err *e, int r)
{
	if (place->is_private)
		return err_hint(
		    e, r,
		    "unset XDG_RUNTIME_DIR (then /tmp/isolab-%u is used), or set it to a "
		    "directory of your own with mode 0700",
		    (unsigned)self_user());
	return err_hint(e, r, "set XDG_RUNTIME_DIR to a directory of your own with mode 0700");
}

/* The parent could not be opened: say what stands there instead. */
static int explain_parent(const struct place *place, int code, struct err *e)
{
	struct stat status;
	int r;

	if (place->parent[0] != '/')
		r = err_set(e, EINVAL, "XDG_RUNTIME_DIR '%s' is not an absolute path",
			    place->parent);
	else if (lstat(place->parent, &status) == 0 && S_ISLNK(status.st_mode))
		r = err_set(e, EPERM, "runtime directory '%s' is a symbolic link", place->parent);
	else
		r = err_sys(e, code, "runtime directory '%s'", place->parent);
	return hint_elsewhere(place, e, r);
}

/* Ours, and nobody else may do what `closed_to` says? */
static int check_owner(const struct place *place, const char *child, int fd, mode_t closed_to,
		       struct err *e)
{
	struct stat status;
	int r;

	if (fstat(fd, &status) < 0)
		return err_sys(e, errno, "look at '%s%s'", place->parent, child);
	if (status.st_uid != self_user())
		r = err_set(e, EPERM,
			    "runtime directory '%s%s' belongs to user %u, not to you (user %u)",
			    place->parent, child, (unsigned)status.st_uid, (unsigned)self_user());
	else if (status.st_mode & closed_to)
		r = err_set(e, EPERM, "runtime directory '%s%s' has mode %04o: others may %s",
			    place->parent, child, (unsigned)status.st_mode & 07777,
			    status.st_mode & 022 ? "write into it" : "look into it");
	else
		return 0;
	return hint_elsewhere(place, e, r);
}

static int open_parent(const struct place *place, struct err *e)
{
	auto_close int fd = -1;
	int r = 0;

	if (place->parent[0] == '/')
		fd = openat(AT_FDCWD, place->parent, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return explain_parent(place, errno, e);
	if (place->is_private)
		r = check_owner(place, "", fd, 022, e);
	return r < 0 ? r : fd_move(&fd);
}

static int explain_child(const struct place *place, int parent, int code, struct err *e)
{
	struct stat status;
	int r;

	if (fstatat(parent, place->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(status.st_mode))
		r = err_set(e, EPERM, "'%s/%s' is %s, not a directory", place->parent, place->name,
			    S_ISLNK(status.st_mode) ? "a symbolic link" : "a file");
	else
		r = err_sys(e, code, "make the directory '%s/%s'", place->parent, place->name);
	return hint_elsewhere(place, e, r);
}

int rundir_open_base(struct err *e)
{
	enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	struct place place = find_place();
	auto_close int parent = open_parent(&place, e);
	auto_close int fd = -1;
	char child[sizeof(place.name) + 1];
	int r;

	if (parent < 0)
		return parent;
	fd = openat(parent, place.name, FLAGS);
	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(parent, place.name, 0700) < 0 && errno != EEXIST)
			return explain_child(&place, parent, errno, e);
		fd = openat(parent, place.name, FLAGS);
	}
	if (fd < 0)
		return explain_child(&place, parent, errno, e);
	snprintf(child, sizeof(child), "/%s", place.name);
	r = check_owner(&place, child, fd, 077, e);
	return r < 0 ? r : fd_move(&fd);
}
