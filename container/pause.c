// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Pausing: the freezer of cgroups stops everything inside between two instructions, unseen. On
 * v1 it is a tree of its own, made when it is first needed, and every process must be put into
 * it (members.c). Where no freezer
 * can be had (an ordinary user on v1) SIGSTOP does it, one process at a time: parents may
 * notice. See cgroups(7), signal(7).
 */
#include <errno.h>
#include <signal.h>

#include "members.h"
#include "wall.h"

static int add_to_freezer(void *arg, pid_t pid)
{
	const struct cgroup *cgroup = arg;

	return cgroup_freezer_add(cgroup, pid);
}

static int stop_process(void *arg, pid_t pid)
{
	(void)arg;
	return kill(pid, SIGSTOP) < 0 ? -errno : 0;
}

static int continue_process(void *arg, pid_t pid)
{
	(void)arg;
	return kill(pid, SIGCONT) < 0 ? -errno : 0;
}

static int freeze(struct worker *w, struct cgroup *cgroup, struct err *e)
{
	int r = rundir_cgroup_name(worker_rundir(w), cgroup->name, sizeof(cgroup->name), e);

	if (r == 0)
		r = cgroup_make_freezer(cgroup, e);
	if (r == 0)
		r = members_for_each(add_to_freezer, cgroup);
	return r < 0 ? r : cgroup_freeze(cgroup, true, e);
}

int wall_pause(struct worker *w, bool on, struct err *e)
{
	struct wall_state *state = worker_state(w);
	struct cgroup *cgroup = &state->container.cgroup;
	bool may_freeze = !(worker_spec(w)->removed_bricks & SPEC_CGROUP);
	struct err unused = {0};
	int r;

	if (!on && !state->is_stopped_by_signal)
		return cgroup_freeze(cgroup, false, e);
	if (on && may_freeze && freeze(w, cgroup, &unused) == 0)
		return 0;
	r = members_for_each(on ? stop_process : continue_process, NULL);
	if (r < 0)
		return err_sys(e, r, on ? "stop all processes" : "continue all processes");
	if (on && !state->is_stopped_by_signal)
		worker_note(w, "pause",
			    "stopped by SIGSTOP, process by process: %s, so parents inside may "
			    "notice",
			    may_freeze ? "this user has no freezer here (cgroup)"
				       : "without an account (--no-cgroup) nothing is frozen");
	state->is_stopped_by_signal = on;
	return 0;
}
