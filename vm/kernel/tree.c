/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A directory's names are read, sorted and gone through; each is looked at without following it
 * (fstatat), and a directory opened by O_NOFOLLOW must still be the one that was looked at. See
 * openat(2), "Rationale".
 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"

struct walk {
	int (*each)(void *arg, const struct tree_entry *entry, struct err *e);
	void *arg;
	dev_t device;       /* of the top: directories of others are not entered … */
	bool enters_mounts; /* … but so */
	size_t count;
	char path[TREE_PATH_MAX];
};

struct names {
	char **list;
	size_t count, room;
};

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
}

static int add_name(struct names *names, const char *name)
{
	if (names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 32;
		char **list = realloc(names->list, room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		names->list = list;
		names->room = room;
	}
	names->list[names->count] = strdup(name);
	return names->list[names->count] ? (names->count++, 0) : -ENOMEM;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes the descriptor over. */
static int read_names(int fd, struct names *names)
{
	DIR *listing = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!listing) {
		r = -errno;
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(listing)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = names->count < TREE_ENTRIES_MAX ? add_name(names, entry->d_name)
							    : -E2BIG;
	if (r == 0)
		r = -errno;
	closedir(listing);
	if (r == 0 && names->count)
		qsort(names->list, names->count, sizeof(char *), compare);
	return r;
}

static int go_through(struct walk *w, int directory, size_t length, int depth, struct err *e);

/* A directory: told, then entered if it is the tree's own and may be read. */
static int enter(struct walk *w, struct tree_entry *entry, size_t length, int depth, struct err *e)
{
	struct stat opened;
	auto_close int fd = openat(entry->directory, entry->name,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno != EACCES && errno != EPERM)
		return err_sys(e, errno, "open the directory '%.200s'", w->path);
	entry->is_closed = fd < 0;
	int r = w->each(w->arg, entry, e);
	if (r < 0 || fd < 0 || (entry->status.st_dev != w->device && !w->enters_mounts))
		return r;
	if (fstat(fd, &opened) < 0 || opened.st_ino != entry->status.st_ino ||
	    opened.st_dev != entry->status.st_dev)
		return err_sys(e, ESTALE, "enter '%.200s', which somebody changes", w->path);
	if (depth == TREE_DEPTH_MAX)
		return err_set(e, ELOOP, "'%.200s' lies more than %d directories deep", w->path,
			       TREE_DEPTH_MAX);
	return go_through(w, fd, length, depth + 1, e);
}

static int visit(struct walk *w, int directory, const char *name, size_t length, int depth,
		 struct err *e)
{
	struct tree_entry entry = {.path = w->path, .name = name, .directory = directory};
	int n = snprintf(w->path + length, sizeof(w->path) - length, "%s%s", length ? "/" : "",
			 name);

	if ((size_t)n >= sizeof(w->path) - length)
		return err_sys(e, ENAMETOOLONG, "go to '%.200s'", w->path);
	if (++w->count > TREE_ENTRIES_MAX)
		return err_set(e, E2BIG, "more than %d files", TREE_ENTRIES_MAX);
	if (fstatat(directory, name, &entry.status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "look at '%.200s'", w->path);
	return S_ISDIR(entry.status.st_mode) ? enter(w, &entry, length + (size_t)n, depth, e)
					     : w->each(w->arg, &entry, e);
}

static int go_through(struct walk *w, int directory, size_t length, int depth, struct err *e)
{
	struct names names = {0};
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = copy < 0 ? -errno : read_names(copy, &names);

	if (r < 0)
		err_sys(e, r, "read the directory '%.200s'", length ? w->path : ".");
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = visit(w, directory, names.list[i], length, depth, e);
	free_names(&names);
	w->path[length] = '\0';
	return r;
}

static int walk(int top, bool enters_mounts,
		int (*each)(void *arg, const struct tree_entry *entry, struct err *e), void *arg,
		struct err *e)
{
	struct stat status;

	if (fstat(top, &status) < 0)
		return err_sys(e, errno, "look at the tree");
	if (!S_ISDIR(status.st_mode))
		return err_sys(e, ENOTDIR, "walk through the tree");
	auto_free struct walk *w = calloc(1, sizeof(*w));
	if (!w)
		return err_sys(e, ENOMEM, "walk through the tree");
	w->each = each;
	w->arg = arg;
	w->device = status.st_dev;
	w->enters_mounts = enters_mounts;
	return go_through(w, top, 0, 0, e);
}

int tree_walk(int top, int (*each)(void *arg, const struct tree_entry *entry, struct err *e),
	      void *arg, struct err *e)
{
	return walk(top, false, each, arg, e);
}

int tree_walk_all(int top, int (*each)(void *arg, const struct tree_entry *entry, struct err *e),
		  void *arg, struct err *e)
{
	return walk(top, true, each, arg, e);
}

static int add_entry(void *arg, const struct tree_entry *entry, struct err *e)
{
	(void)e;
	identity_add_text(arg, entry->path);
	identity_add_file(arg, &entry->status);
	return 0;
}

int tree_identity(int top, char text[static IDENTITY_TEXT], struct err *e)
{
	struct identity identity;
	struct stat status;

	identity_init(&identity);
	if (fstat(top, &status) < 0)
		return err_sys(e, errno, "look at the tree");
	identity_add_file(&identity, &status);
	int r = tree_walk(top, add_entry, &identity, e);
	identity_finish(&identity, text);
	return r;
}
