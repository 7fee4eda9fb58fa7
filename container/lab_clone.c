// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Making the child below the holder's user namespace (lab.h says why). The kernel lets a map be
 * written only from the user namespace itself or from its parent, so the messenger, who stands in
 * the parent then, does that, too: in the parent's numbers. It needs no newuidmap: in there it has
 * all capabilities. See setns(2), clone(2), user_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "container.h"
#include "fd.h"
#include "hooks.h"
#include "kernel.h"

enum { MAP_TEXT_MAX = 4096 };

/* The number in the namespace of what is `outside`, with `count` neighbours. False: none. */
static bool translate_one(const char *text, uint32_t outside, uint32_t count, uint32_t *ret_inside)
{
	unsigned long long first, from, length;
	int used;

	for (; sscanf(text, " %llu %llu %llu%n", &first, &from, &length, &used) == 3;
	     text += used) {
		if (outside < from || outside - from >= length || length - (outside - from) < count)
			continue;
		*ret_inside = (uint32_t)(first + (outside - from));
		return true;
	}
	return false;
}

int lab_translate(const struct idmap *map, const char *users, const char *groups,
		  struct idmap *ret_map)
{
	struct idmap translated = *map;

	if (!translate_one(users, map->first_uid, map->count, &translated.first_uid) ||
	    !translate_one(groups, map->first_gid, map->count, &translated.first_gid))
		return -ERANGE;
	if (map->range_count &&
	    (!translate_one(users, map->range_uid, map->range_count, &translated.range_uid) ||
	     !translate_one(groups, map->range_gid, map->range_count, &translated.range_gid)))
		return -ERANGE;
	*ret_map = translated;
	return 0;
}

static int write_maps(struct container *c, pid_t child, struct err *e)
{
	char users[MAP_TEXT_MAX], groups[MAP_TEXT_MAX];
	struct idmap map;

	c->report->start_ns[STEP_IDMAP] = clock_now_ns();
	if (fd_read_file(AT_FDCWD, "/proc/self/uid_map", users, sizeof(users)) < 0 ||
	    fd_read_file(AT_FDCWD, "/proc/self/gid_map", groups, sizeof(groups)) < 0)
		return err_sys(e, EIO, "read the maps of the lab's user namespace");
	if (lab_translate(&c->idmap, users, groups, &map) < 0)
		return err_hint(e,
				err_set(e, ERANGE,
					"the lab network has not all of the sandbox's users"),
				"your range in /etc/subuid has changed since it was started: stop "
				"all sandboxes of the lab");
	map.calls = c->calls;
	int r = idmap_write_directly(&map, child, e);
	c->report->end_ns[STEP_IDMAP] = clock_now_ns();
	return r;
}

/* Joins the holder's user namespace and becomes its user 0: who has no number in a namespace may
 * not make one below it. Root, whom the holder does not map, changes by that, and becomes
 * invisible in /proc, where the child's maps are to be written. */
static int join(struct container *c, struct err *e)
{
	hook_reached("messenger", "join");
	if (call_setns(c->calls, c->lab.userns_fd, CLONE_NEWUSER) < 0)
		return err_sys(e, errno, "join the user namespace of the lab network");
	if (call_setresgid(c->calls, 0) < 0 || call_setresuid(c->calls, 0) < 0 ||
	    call_prctl(c->calls, PR_SET_DUMPABLE, 1) < 0)
		return err_sys(e, errno, "become root of the lab's user namespace");
	return 0;
}

static int explain(const struct container *c, int r, struct err *e)
{
	if (r == -EAGAIN && c->spec->pids_max)
		return err_hint(e, r,
				"a sandbox of the lab network begins with two processes: --pids 2 "
				"or more");
	return r;
}

/* The messenger: enters the account, where nobody of the lab's namespace may put the child later,
 * joins, makes the child as its own sibling, says who that is, ends. */
static int carry(struct container *c, struct clone_args *arguments, struct err *e)
{
	int r = 0;

	c->cgroup.calls = c->calls;
	if (cgroup_needs_enter(&c->cgroup))
		r = cgroup_enter(&c->cgroup, c->spec, e);
	if (r == 0)
		r = join(c, e);
	if (r < 0)
		return r;
	arguments->flags = (arguments->flags | CLONE_PARENT) & ~(uint64_t)CLONE_PIDFD;
	arguments->exit_signal = 0;
	pid_t pid = call_clone3(c->calls, arguments);
	if (pid < 0)
		return explain(c, err_sys(e, errno, "make a process in new namespaces"), e);
	if (pid == 0)
		container_child(c);
	c->report->carried = pid;
	hook_reached("messenger", "maps");
	return write_maps(c, pid, e);
}

int lab_clone(struct container *c, const struct clone_args *arguments, struct err *e)
{
	struct clone_args copy = *arguments, plain = {.exit_signal = SIGCHLD};
	int status = 0;

	plain.flags = copy.flags & CLONE_INTO_CGROUP;
	plain.cgroup = copy.cgroup;
	copy.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
	pid_t messenger = kernel_clone3(&plain);

	if (messenger < 0)
		return err_sys(e, errno, "make a process");
	if (messenger == 0)
		_exit(carry(c, &copy, &c->report->error) < 0);
	while (waitpid(messenger, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = c->report->carried;
	if (c->pid > 0)
		c->pidfd = kernel_pidfd_open(c->pid);
	if (c->report->error.code) {
		*e = c->report->error;
		return -e->code;
	}
	if (status || c->pid <= 0)
		return err_set(e, EIO, "the messenger to the lab network was killed");
	return c->pidfd < 0 ? err_sys(e, errno, "hold process %d", (int)c->pid) : 0;
}
