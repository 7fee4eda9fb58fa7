// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Making, limiting and removing the cgroups of a sandbox. v1 has a tree per controller and
 * takes a process by a write to cgroup.procs; v2 has one tree, and a process can be born in it.
 * On v2 a group that holds processes cannot hand controllers down ("no internal processes"), so
 * we climb from our own towards the root until one does and lets us make a directory.
 * Everything is held by descriptor: what we made is removed by name below the directory we made
 * it in, and nothing else. See cgroups(7).
 */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "fd.h"

enum { TEXT_MAX = 64 * 1024, PATH_LENGTH_MAX = 4096, REMOVE_TRIES = 50 };

static const char *const controller_names[CGROUP_TREES] = {
    [CGROUP_MEMORY] = "memory", [CGROUP_PIDS] = "pids", [CGROUP_FREEZER] = "freezer"};

void cgroup_init(struct cgroup *cgroup)
{
	*cgroup->name = '\0';
	for (int tree = 0; tree < CGROUP_TREES; tree++)
		cgroup->parent_fd[tree] = cgroup->fd[tree] = -1;
}

bool cgroup_is_made(const struct cgroup *cgroup)
{
	return cgroup_needs_attach(cgroup) || cgroup->fd[CGROUP_UNIFIED] >= 0;
}

int cgroup_clone_fd(const struct cgroup *cgroup)
{
	return cgroup->fd[CGROUP_UNIFIED];
}

bool cgroup_needs_attach(const struct cgroup *cgroup)
{
	return cgroup->fd[CGROUP_MEMORY] >= 0 || cgroup->fd[CGROUP_PIDS] >= 0;
}

/* Our own directory in a tree, or -errno (-ENOENT: no such tree here). */
static int open_own(enum cgroup_tree tree)
{
	auto_free char *text = malloc(2 * (size_t)TEXT_MAX);
	char path[PATH_LENGTH_MAX];

	if (!text)
		return -ENOMEM;
	if (fd_read_file(AT_FDCWD, "/proc/self/cgroup", text, TEXT_MAX) < 0 ||
	    fd_read_file(AT_FDCWD, "/proc/self/mountinfo", text + TEXT_MAX, TEXT_MAX) < 0 ||
	    !cgroup_find_path(text, text + TEXT_MAX, controller_names[tree], path, sizeof(path)))
		return -ENOENT;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Makes our directory below `parent` and opens it. One that is there already is left over from
 * a worker that was killed. */
static int make_below(struct cgroup *cgroup, enum cgroup_tree tree, int parent)
{
	if (mkdirat(parent, cgroup->name, 0755) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(parent, cgroup->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	cgroup->fd[tree] = fd;
	cgroup->parent_fd[tree] = fcntl(parent, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static int make_v1(struct cgroup *cgroup, enum cgroup_tree tree)
{
	auto_close int own = open_own(tree);

	if (cgroup->fd[tree] >= 0)
		return 0;
	return own < 0 ? own : make_below(cgroup, tree, own);
}

/* True if this v2 directory gives memory and pids to those below it, or does when asked. */
static bool hands_down(int directory)
{
	char text[256] = "";

	fd_read_file(directory, "cgroup.subtree_control", text, sizeof(text));
	if (strstr(text, "memory") && strstr(text, "pids"))
		return true;
	return fd_write_file(directory, "cgroup.subtree_control", "+memory +pids") == 0;
}

static int make_v2(struct cgroup *cgroup)
{
	auto_close int directory = open_own(CGROUP_UNIFIED);
	int r = directory;

	if (cgroup->fd[CGROUP_UNIFIED] >= 0)
		return 0;
	while (directory >= 0) {
		char text[256];
		if (hands_down(directory) &&
		    (r = make_below(cgroup, CGROUP_UNIFIED, directory)) == 0)
			return 0;
		/* The directory above a tree's root is no cgroup any more. */
		int above = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		fd_close(&directory);
		directory = above;
		if (fd_read_file(directory, "cgroup.controllers", text, sizeof(text)) < 0)
			break;
	}
	return r < 0 ? r : -EACCES;
}

/* Makes the directory that can hold this limit: v1's, else v2's. */
static int make_tree(struct cgroup *cgroup, enum cgroup_tree tree, enum cgroup_tree *ret_tree)
{
	int r = make_v1(cgroup, tree);

	*ret_tree = tree;
	if (r != -ENOENT)
		return r;
	*ret_tree = CGROUP_UNIFIED;
	return make_v2(cgroup);
}

static const char *explain_missing(int error)
{
	if (error == -EACCES || error == -EPERM || error == -EROFS)
		return "its cgroup cannot be written by this user";
	if (error == -ENOENT)
		return "no cgroup that counts it is mounted here";
	return strerror(-error);
}

static void note_missing(const char *what, int error, char *note, size_t size)
{
	size_t length = strlen(note);

	snprintf(note + length, size - length, "%sno limit on %s: %s", length ? "; " : "", what,
		 explain_missing(error));
}

static int limit_memory(struct cgroup *cgroup, uint64_t bytes)
{
	enum cgroup_tree tree;
	char text[32];
	int r = make_tree(cgroup, CGROUP_MEMORY, &tree);

	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	if (tree == CGROUP_UNIFIED) {
		fd_write_file(cgroup->fd[tree], "memory.swap.max", "0");
		return fd_write_file(cgroup->fd[tree], "memory.max", text);
	}
	r = fd_write_file(cgroup->fd[tree], "memory.limit_in_bytes", text);
	if (r == 0) /* memory and swap together; absent where swap is not accounted */
		fd_write_file(cgroup->fd[tree], "memory.memsw.limit_in_bytes", text);
	return r;
}

static int limit_pids(struct cgroup *cgroup, uint64_t count)
{
	enum cgroup_tree tree;
	char text[32];
	int r = make_tree(cgroup, CGROUP_PIDS, &tree);

	snprintf(text, sizeof(text), "%" PRIu64, count);
	return r < 0 ? r : fd_write_file(cgroup->fd[tree], "pids.max", text);
}

void cgroup_make(struct cgroup *cgroup, uint64_t memory_bytes, uint64_t pids_max, char *note,
		 size_t note_size)
{
	int r;

	if (memory_bytes && (r = limit_memory(cgroup, memory_bytes)) < 0)
		note_missing("memory", r, note, note_size);
	if (pids_max && (r = limit_pids(cgroup, pids_max)) < 0)
		note_missing("processes", r, note, note_size);
}

int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct err *e)
{
	static const enum cgroup_tree trees[] = {CGROUP_MEMORY, CGROUP_PIDS, CGROUP_UNIFIED};
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		if (cgroup->fd[trees[i]] < 0)
			continue;
		int r = fd_write_file(cgroup->fd[trees[i]], "cgroup.procs", text);
		if (r < 0)
			return err_sys(e, r, "put process %d into the cgroup '%s'", (int)pid,
				       cgroup->name);
	}
	return 0;
}

int cgroup_make_freezer(struct cgroup *cgroup, struct err *e)
{
	if (cgroup->fd[CGROUP_UNIFIED] >= 0 || cgroup->fd[CGROUP_FREEZER] >= 0)
		return 0;
	int r = make_v1(cgroup, CGROUP_FREEZER);
	if (r == -ENOENT) { /* v2: every group can be frozen, whatever controllers it has */
		auto_close int own = open_own(CGROUP_UNIFIED);
		r = own < 0 ? own : make_below(cgroup, CGROUP_FREEZER, own);
	}
	return r < 0 ? err_set(e, ENOTSUP, "there is no freezer to be had here") : 0;
}

int cgroup_freezer_add(const struct cgroup *cgroup, pid_t pid)
{
	char text[16];

	if (cgroup->fd[CGROUP_FREEZER] < 0)
		return 0;
	snprintf(text, sizeof(text), "%d", (int)pid);
	return fd_write_file(cgroup->fd[CGROUP_FREEZER], "cgroup.procs", text);
}

int cgroup_freeze(const struct cgroup *cgroup, bool on, struct err *e)
{
	bool is_unified = cgroup->fd[CGROUP_UNIFIED] >= 0;
	int fd = cgroup->fd[is_unified ? CGROUP_UNIFIED : CGROUP_FREEZER], r = -ENOTSUP;

	if (fd >= 0)
		r = fd_write_file(fd, "cgroup.freeze", on ? "1" : "0");
	if (r == -ENOENT)
		r = fd_write_file(fd, "freezer.state", on ? "FROZEN" : "THAWED");
	return r < 0 ? err_sys(e, r, "%s the cgroup '%s'", on ? "freeze" : "thaw", cgroup->name)
		     : 0;
}

/* The number behind `key` in a flat file of a cgroup ("oom_kill 2"). */
static uint64_t read_count(int directory, const char *file, const char *key)
{
	char text[1024];

	if (directory < 0 || fd_read_file(directory, file, text, sizeof(text)) < 0)
		return 0;
	const char *found = strstr(text, key);
	return found ? strtoull(found + strlen(key), NULL, 10) : 0;
}

uint64_t cgroup_memory_kills(const struct cgroup *cgroup)
{
	return read_count(cgroup->fd[CGROUP_MEMORY], "memory.oom_control", "oom_kill ") +
	       read_count(cgroup->fd[CGROUP_UNIFIED], "memory.events", "oom_kill ");
}

uint64_t cgroup_forks_refused(const struct cgroup *cgroup)
{
	return read_count(cgroup->fd[CGROUP_PIDS], "pids.events", "max ") +
	       read_count(cgroup->fd[CGROUP_UNIFIED], "pids.events", "max ");
}

void cgroup_finish(struct cgroup *cgroup)
{
	for (int tree = 0; tree < CGROUP_TREES; tree++) {
		const struct timespec pause = {.tv_nsec = 2000000};
		/* The last process may be dead but not yet gone from it. */
		for (int i = 0; cgroup->parent_fd[tree] >= 0 && i < REMOVE_TRIES; i++) {
			if (unlinkat(cgroup->parent_fd[tree], cgroup->name, AT_REMOVEDIR) == 0 ||
			    errno != EBUSY)
				break;
			nanosleep(&pause, NULL);
		}
		fd_close(&cgroup->parent_fd[tree]);
		fd_close(&cgroup->fd[tree]);
	}
}
