// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * openat2(2) with RESOLVE_IN_ROOT does all of it in one call, if the path is there. Where it is
 * not, or where the call is missing, we walk by hand: a component at a time, each opened without
 * following a link (O_PATH | O_NOFOLLOW), the directories that lead here on a stack, so that ".."
 * is a step back on that stack and not what the file system says it is now: whoever renames a
 * directory meanwhile cannot lead us out. What a link holds is put before the rest of the path; if
 * it begins with '/', the stack is emptied down to the root. See path_resolution(7), symlink(7).
 */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"

struct walk {
	const char *path;             /* as it was asked for */
	char rest[WALK_PATH_MAX];     /* what is still to be walked */
	char name[WALK_NAME_MAX + 1]; /* the component at hand */
	int stack[WALK_DEPTH_MAX];
	int depth; /* of stack; stack[0] is the root and borrowed */
	int links; /* that were followed */
	enum walk_make make;
};

static void leave(struct walk *w, int depth)
{
	while (w->depth > depth)
		fd_close(&w->stack[--w->depth]);
}

static int tell(const struct walk *w, int error, struct err *e)
{
	return err_sys(e, error, "walk to '%.200s' at '%.80s'", w->path, w->name);
}

/* Takes the next component off the rest. False: there is none. -ENAMETOOLONG by *ret_error. */
static bool next_name(struct walk *w, int *ret_error)
{
	const char *start = w->rest + strspn(w->rest, "/");
	size_t length = strcspn(start, "/");

	*ret_error = length > WALK_NAME_MAX ? ENAMETOOLONG : 0;
	if (length == 0 || *ret_error)
		return false;
	memcpy(w->name, start, length);
	w->name[length] = '\0';
	memmove(w->rest, start + length, strlen(start + length) + 1);
	return true;
}

static bool is_last(const struct walk *w)
{
	return w->rest[strspn(w->rest, "/")] == '\0';
}

/* Puts what the link holds before the rest. Links of /proc may lead to any file of any process. */
static int follow(struct walk *w, int link, struct err *e)
{
	char text[WALK_PATH_MAX];
	struct statfs place;
	ssize_t n = readlinkat(link, "", text, sizeof(text) - 1);

	if (n < 0)
		return tell(w, errno, e);
	if (++w->links > WALK_LINKS_MAX || fstatfs(link, &place) < 0 ||
	    place.f_type == PROC_SUPER_MAGIC)
		return tell(w, ELOOP, e);
	size_t length = (size_t)n, rest_length = strlen(w->rest);
	if (length + rest_length + 1 >= sizeof(w->rest))
		return tell(w, ENAMETOOLONG, e);
	memmove(w->rest + length, w->rest, rest_length + 1);
	memcpy(w->rest, text, length);
	if (text[0] == '/')
		leave(w, 1);
	return 0;
}

/* Makes what is missing in the directory we stand in. */
static int make(struct walk *w, struct err *e)
{
	int here = w->stack[w->depth - 1];
	int r = w->make == WALK_FILE && is_last(w) ? mknodat(here, w->name, S_IFREG | 0644, 0)
						   : mkdirat(here, w->name, 0755);

	return r < 0 && errno != EEXIST ? tell(w, errno, e) : 0;
}

/* Goes one component on. *ret_end ≥ 0: that was the last, and is a file. */
static int step(struct walk *w, int *ret_end, struct err *e)
{
	struct stat found;
	int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;

	if (strcmp(w->name, ".") == 0)
		return 0;
	if (strcmp(w->name, "..") == 0) {
		leave(w, w->depth > 1 ? w->depth - 1 : 1);
		return 0;
	}
	auto_close int next = openat(w->stack[w->depth - 1], w->name, flags);
	if (next < 0 && errno == ENOENT && w->make != WALK_ONLY) {
		int r = make(w, e);
		if (r < 0)
			return r;
		next = openat(w->stack[w->depth - 1], w->name, flags);
	}
	if (next < 0 || fstat(next, &found) < 0)
		return tell(w, errno, e);
	if (S_ISLNK(found.st_mode))
		return follow(w, next, e);
	if (!S_ISDIR(found.st_mode)) {
		if (!is_last(w))
			return tell(w, ENOTDIR, e);
		*ret_end = fd_move(&next);
		return 0;
	}
	if (w->depth == WALK_DEPTH_MAX)
		return err_hint(e, tell(w, ENAMETOOLONG, e), "at most %d directories deep",
				WALK_DEPTH_MAX);
	w->stack[w->depth++] = fd_move(&next);
	return 0;
}

int walk_by_hand(int root, const char *path, enum walk_make make, int *ret_fd, struct err *e)
{
	struct walk w = {.path = path, .stack = {root}, .depth = 1, .make = make};
	int r = 0, error = 0, end = -1;

	if (strlen(path) >= sizeof(w.rest))
		return err_sys(e, ENAMETOOLONG, "walk to '%.200s'", path);
	memcpy(w.rest, path, strlen(path) + 1);
	while (r == 0 && end < 0 && next_name(&w, &error))
		r = step(&w, &end, e);
	if (r == 0 && error)
		r = err_sys(e, error, "walk to '%.200s'", path);
	if (r == 0 && end < 0) { /* a directory: what we stand in */
		end = w.depth > 1 ? fd_move(&w.stack[w.depth - 1])
				  : openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (end < 0)
			r = err_sys(e, errno, "walk to '%.200s'", path);
	}
	leave(&w, 1);
	if (r == 0)
		*ret_fd = end;
	return r;
}

int walk_open(int root, const char *path, enum walk_make make, int *ret_fd, struct err *e)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	/* Whatever it was: by hand it either works, or the component that is to blame is found. */
	return walk_by_hand(root, path, make, ret_fd, e);
}
