// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Pausing: the freezer of cgroups stops everything inside between two instructions, unseen. On
 * v1 it is a tree of its own, made when it is first needed, and every process must be put into
 * it; a process may fork meanwhile, so we look again until nobody is outside. Where no freezer
 * can be had (an ordinary user on v1) SIGSTOP does it, one process at a time: parents may
 * notice. See cgroups(7), signal(7).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "members.h"
#include "wall.h"

enum { ROUNDS_MAX = 64 };

static bool was_seen(const pid_t *seen, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (seen[i] == pid)
			return true;
	return false;
}

/* Calls `act` once for each process inside, newborn ones too, until a round finds no new one. */
static int for_each_member(int (*act)(struct cgroup *cgroup, pid_t pid), struct cgroup *cgroup)
{
	auto_free pid_t *pids = calloc(MEMBERS_MAX, sizeof(*pids));
	auto_free pid_t *seen = calloc(MEMBERS_MAX, sizeof(*seen));
	size_t seen_count = 0;

	if (!pids || !seen)
		return -ENOMEM;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		size_t count = members_find(pids, MEMBERS_MAX), before = seen_count;
		for (size_t i = 0; i < count; i++) {
			if (was_seen(seen, seen_count, pids[i]) || seen_count >= MEMBERS_MAX)
				continue;
			int r = act(cgroup, pids[i]);
			if (r < 0 && r != -ESRCH)
				return r;
			seen[seen_count++] = pids[i];
		}
		if (seen_count == before)
			return 0;
	}
	return -EAGAIN;
}

static int add_to_freezer(struct cgroup *cgroup, pid_t pid)
{
	return cgroup_freezer_add(cgroup, pid);
}

static int stop_process(struct cgroup *cgroup, pid_t pid)
{
	(void)cgroup;
	return kill(pid, SIGSTOP) < 0 ? -errno : 0;
}

static int continue_process(struct cgroup *cgroup, pid_t pid)
{
	(void)cgroup;
	return kill(pid, SIGCONT) < 0 ? -errno : 0;
}

static int freeze(struct worker *w, struct cgroup *cgroup, struct err *e)
{
	int r = rundir_cgroup_name(worker_rundir(w), cgroup->name, sizeof(cgroup->name), e);

	if (r == 0)
		r = cgroup_make_freezer(cgroup, e);
	if (r == 0)
		r = for_each_member(add_to_freezer, cgroup);
	return r < 0 ? r : cgroup_freeze(cgroup, true, e);
}

int wall_pause(struct worker *w, bool on, struct err *e)
{
	struct wall_state *state = worker_state(w);
	struct cgroup *cgroup = &state->container.cgroup;
	struct err unused = {0};
	int r;

	if (!on && !state->is_stopped_by_signal)
		return cgroup_freeze(cgroup, false, e);
	if (on && freeze(w, cgroup, &unused) == 0)
		return 0;
	r = for_each_member(on ? stop_process : continue_process, cgroup);
	if (r < 0)
		return err_sys(e, r, on ? "stop all processes" : "continue all processes");
	if (on && !state->is_stopped_by_signal)
		worker_note(w, "pause",
			    "stopped by SIGSTOP, process by process: this user has no "
			    "freezer here (cgroup), so parents inside may notice");
	state->is_stopped_by_signal = on;
	return 0;
}
