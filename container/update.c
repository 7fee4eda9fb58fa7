// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Limits of what runs. The numbers in its account are written anew; if there was no account yet,
 * one is made and every process is put in, newborn ones too (members.c). What surprises: memory
 * that was in use before stays counted where it was, so a new account begins at 0.
 */
#include <errno.h>

#include "members.h"
#include "wall.h"

static int put_in(void *arg, pid_t pid)
{
	const struct cgroup *cgroup = arg;

	return cgroup_attach(cgroup, pid, NULL);
}

static int put_all_in(struct worker *w, struct cgroup *cgroup, struct err *e)
{
	int r = members_for_each(put_in, cgroup);

	if (r < 0)
		return err_hint(e, err_sys(e, r, "put all processes under the new limits"),
				"it may fork faster than it can be caught: pause it first");
	if (worker_spec(w)->memory_bytes == 0 && cgroup->fd[CGROUP_MEMORY] >= 0)
		worker_note(w, "update",
			    "memory that was in use before is not counted in the new account");
	return 0;
}

int wall_update(struct worker *w, const struct sandbox_spec *after, struct err *e)
{
	struct wall_state *state = worker_state(w);
	struct cgroup *cgroup = &state->container.cgroup;
	bool has_grown = false, unused;
	int r = 0;

	if (!*cgroup->name)
		r = rundir_cgroup_name(worker_rundir(w), cgroup->name, sizeof(cgroup->name), e);
	if (r == 0)
		r = cgroup_update(cgroup, worker_spec(w), after, &has_grown, e);
	if (r == 0 && has_grown) {
		r = put_all_in(w, cgroup, e);
		if (r < 0)
			cgroup_update(cgroup, after, worker_spec(w), &unused, NULL);
	}
	limits_watch(w);
	return r;
}
