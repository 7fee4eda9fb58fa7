// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The cgroups of a sandbox as directories: making, entering, freezing and removing them. v1 has
 * a tree per controller (two may share one mount), v2 has one for all. What surprises: a
 * directory of our name that is there already is left over from a worker that was killed; its
 * old limits must not hold the new sandbox, so it goes first. See cgroups(7).
 */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "cgroup_path.h"
#include "cgroup_private.h"
#include "cpus.h"
#include "fd.h"

enum { REMOVE_TRIES = 50, REMOVE_PAUSE_NS = 2000000 };

static const struct {
	const char *v1, *v2;
} names[CGROUP_TREES] = {
    [CGROUP_MEMORY] = {"memory", "memory"}, [CGROUP_CPU] = {"cpu", "cpu"},
    [CGROUP_CPUSET] = {"cpuset", "cpuset"}, [CGROUP_PIDS] = {"pids", "pids"},
    [CGROUP_IO] = {"blkio", "io"},          [CGROUP_FREEZER] = {"freezer", NULL},
};

const char *cgroup_v1_name(enum cgroup_tree controller)
{
	return names[controller].v1;
}

const char *cgroup_v2_name(enum cgroup_tree controller)
{
	return names[controller].v2;
}

void cgroup_init(struct cgroup *cgroup)
{
	*cgroup = (struct cgroup){0};
	for (int tree = 0; tree < CGROUP_TREES; tree++)
		cgroup->parent_fd[tree] = cgroup->fd[tree] = -1;
}

static bool has_v1_tree(const struct cgroup *cgroup)
{
	for (int tree = 0; tree < CGROUP_CONTROLLERS; tree++)
		if (cgroup->fd[tree] >= 0)
			return true;
	return false;
}

bool cgroup_is_made(const struct cgroup *cgroup)
{
	return has_v1_tree(cgroup) || cgroup->fd[CGROUP_UNIFIED] >= 0;
}

int cgroup_clone_fd(const struct cgroup *cgroup)
{
	return cgroup->fd[CGROUP_UNIFIED];
}

bool cgroup_needs_enter(const struct cgroup *cgroup)
{
	return has_v1_tree(cgroup) || cgroup->is_affinity_only;
}

struct cgroup_place cgroup_find_place(const struct cgroup *cgroup, enum cgroup_tree controller)
{
	struct cgroup_place place = {.directory = cgroup->fd[controller], .calls = cgroup->calls};

	if (place.directory >= 0)
		return place;
	place.is_unified = true;
	if (cgroup->unified_controllers & 1U << controller)
		place.directory = cgroup->fd[CGROUP_UNIFIED];
	return place;
}

int cgroup_write(const struct cgroup_place *place, const char *file, const char *text)
{
	return call_write_file(place->calls, place->directory, file, text);
}

/* ---- making ---- */

/* True if `fd` is the directory of another tree of ours: controllers that share a mount. */
static bool is_of_another_tree(const struct cgroup *cgroup, int fd)
{
	struct stat here, there;

	for (int tree = 0; tree < CGROUP_TREES; tree++)
		if (cgroup->fd[tree] >= 0 && fstat(fd, &here) == 0 &&
		    fstat(cgroup->fd[tree], &there) == 0 && here.st_dev == there.st_dev &&
		    here.st_ino == there.st_ino)
			return true;
	return false;
}

/* Removes it, waiting a little for processes that are just dying. */
static int remove_from(int parent, const char *name)
{
	const struct timespec pause = {.tv_nsec = REMOVE_PAUSE_NS};

	for (int i = 0; i < REMOVE_TRIES; i++) {
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return -EEXIST;
}

int cgroup_make_below(struct cgroup *cgroup, enum cgroup_tree tree, int parent)
{
	bool is_there = call_mkdirat(cgroup->calls, parent, cgroup->name, 0755) < 0;

	if (is_there && errno != EEXIST)
		return -errno;
	auto_close int fd = openat(parent, cgroup->name,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (is_there && !is_of_another_tree(cgroup, fd)) {
		int r = remove_from(parent, cgroup->name);
		if (r < 0)
			return r;
		return cgroup_make_below(cgroup, tree, parent);
	}
	cgroup->parent_fd[tree] = fcntl(parent, F_DUPFD_CLOEXEC, 3);
	if (cgroup->parent_fd[tree] < 0)
		return -errno;
	cgroup->fd[tree] = fd_move(&fd);
	return 0;
}

/* Our own directory in a tree, from the texts; -errno, -ENOENT: no such tree here. */
static int open_own(const char *membership, const char *mountinfo, const char *v1_name)
{
	char path[CGROUP_PATH_MAX];

	if (!membership || !cgroup_find_path(membership, mountinfo, v1_name, path, sizeof(path)))
		return -ENOENT;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

unsigned cgroup_make_trees(struct cgroup *cgroup, unsigned wanted,
			   struct cgroup_refusals *ret_refusals)
{
	const char *mountinfo = NULL;
	auto_free char *membership = cgroup_read_texts(0, &mountinfo);
	unsigned unified = 0, made = 0;

	*ret_refusals = (struct cgroup_refusals){0};
	for (enum cgroup_tree tree = 0; tree < CGROUP_CONTROLLERS; tree++) {
		if (!(wanted & 1U << tree) || cgroup_find_place(cgroup, tree).directory >= 0)
			continue;
		auto_close int own = open_own(membership, mountinfo, names[tree].v1);
		int r = own < 0 ? own : cgroup_make_below(cgroup, tree, own);
		made |= r == 0 ? 1U << tree : 0;
		unified |= r == -ENOENT ? 1U << tree : 0;
		ret_refusals->error[tree] = r;
	}
	auto_close int own = unified ? open_own(membership, mountinfo, NULL) : -1;
	if (own >= 0)
		cgroup_make_unified(cgroup, own, unified, ret_refusals);
	return made | (cgroup->unified_controllers & unified);
}

/* ---- coming in ---- */

static int bind_to_processors(const char *list, struct err *e)
{
	struct cpus set = {0};

	if (list && cpus_parse(list, &set) == 0 &&
	    syscall(SYS_sched_setaffinity, 0, sizeof(set.bits), set.bits) < 0)
		return err_sys(e, errno, "bind the process to the processors %s", list);
	return 0;
}

int cgroup_enter(const struct cgroup *cgroup, const struct sandbox_spec *spec, struct err *e)
{
	for (int tree = 0; tree < CGROUP_CONTROLLERS; tree++) {
		if (cgroup->fd[tree] < 0)
			continue;
		call_because(cgroup->calls, "0 is whoever writes it: so there is no wait");
		int r = call_write_file(cgroup->calls, cgroup->fd[tree], "tasks", "0");
		if (r < 0)
			return err_sys(e, r, "enter the cgroup '%s' of controller '%s'",
				       cgroup->name, names[tree].v1);
	}
	return cgroup->is_affinity_only ? bind_to_processors(spec->cpuset, e) : 0;
}

int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct err *e)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (int tree = 0; tree < CGROUP_TREES; tree++) {
		if (cgroup->fd[tree] < 0 || tree == CGROUP_FREEZER)
			continue;
		int r = fd_write_file(cgroup->fd[tree], "cgroup.procs", text);
		if (r < 0)
			return err_sys(e, r, "put process %d into the cgroup '%s'", (int)pid,
				       cgroup->name);
	}
	return 0;
}

/* ---- freezing, killing, removing ---- */

int cgroup_make_freezer(struct cgroup *cgroup, struct err *e)
{
	if (cgroup->fd[CGROUP_UNIFIED] >= 0 || cgroup->fd[CGROUP_FREEZER] >= 0)
		return 0;
	const char *mountinfo = NULL;
	auto_free char *membership = cgroup_read_texts(0, &mountinfo);
	auto_close int own = open_own(membership, mountinfo, names[CGROUP_FREEZER].v1);
	if (own == -ENOENT) /* v2: every group can be frozen, whatever controllers it has */
		own = open_own(membership, mountinfo, NULL);
	int r = own < 0 ? own : cgroup_make_below(cgroup, CGROUP_FREEZER, own);
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

bool cgroup_kill(const struct cgroup *cgroup)
{
	return cgroup->fd[CGROUP_UNIFIED] >= 0 &&
	       fd_write_file(cgroup->fd[CGROUP_UNIFIED], "cgroup.kill", "1") == 0;
}

static void drop_tree(struct cgroup *cgroup, enum cgroup_tree tree)
{
	/* The last process may be dead but not yet gone from it. */
	if (cgroup->parent_fd[tree] >= 0)
		remove_from(cgroup->parent_fd[tree], cgroup->name);
	fd_close(&cgroup->parent_fd[tree]);
	fd_close(&cgroup->fd[tree]);
}

void cgroup_drop_trees(struct cgroup *cgroup, unsigned made)
{
	for (int tree = 0; tree < CGROUP_CONTROLLERS; tree++)
		if (made & 1U << tree && cgroup->fd[tree] >= 0)
			drop_tree(cgroup, tree);
	/* One group of v2 may have had some before: then it stays, with what it has got. */
	if (cgroup->unified_controllers && !(cgroup->unified_controllers & ~made)) {
		drop_tree(cgroup, CGROUP_UNIFIED);
		cgroup->unified_controllers = 0;
	}
}

void cgroup_finish(struct cgroup *cgroup)
{
	for (int tree = 0; tree < CGROUP_TREES; tree++)
		drop_tree(cgroup, tree);
	cgroup->unified_controllers = 0;
}
