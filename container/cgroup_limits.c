// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * All limits of a sandbox: one table. Made new, what cannot be held is left out and noted, with
 * its reason; changed, it is all or none: what was set before a refusal is set back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "cgroup_private.h"

struct limit {
	const char *noun; /* in "no limit on NOUN" */
	bool (*differs)(const struct sandbox_spec *one, const struct sandbox_spec *other);
	enum cgroup_tree controller;
	int (*set)(const struct cgroup_place *place, const struct sandbox_spec *before,
		   const struct sandbox_spec *after, struct err *e);
};

static bool memory_differs(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	return one->memory_bytes != other->memory_bytes;
}

static bool swap_differs(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	return one->memory_swap_bytes != other->memory_swap_bytes;
}

static bool cpus_differ(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	return one->cpu_millis != other->cpu_millis;
}

static bool cpuset_differs(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	return strcmp(one->cpuset ? one->cpuset : "", other->cpuset ? other->cpuset : "") != 0;
}

static bool pids_differ(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	return one->pids_max != other->pids_max;
}

static bool io_differs(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	char *const *a = one->io_limits, *const *b = other->io_limits;

	while (a && *a && b && *b && strcmp(*a, *b) == 0)
		a++, b++;
	return (a && *a) || (b && *b);
}

/* ---- all of them ---- */

static const struct sandbox_spec nothing;

static const struct limit limits[] = {
    {"memory", memory_differs, CGROUP_MEMORY, cgroup_set_memory},
    {"swap", swap_differs, CGROUP_MEMORY, cgroup_set_swap},
    {"processor time", cpus_differ, CGROUP_CPU, cgroup_set_cpus},
    {"which processors", cpuset_differs, CGROUP_CPUSET, cgroup_set_cpuset},
    {"processes", pids_differ, CGROUP_PIDS, cgroup_set_pids},
    {"devices", io_differs, CGROUP_IO, cgroup_set_io},
};
enum { LIMITS = sizeof(limits) / sizeof(limits[0]) };

static bool is_asked(const struct limit *limit, const struct sandbox_spec *spec)
{
	return limit->differs(spec, &nothing);
}

bool cgroup_is_asked(const struct sandbox_spec *spec)
{
	for (int i = 0; i < LIMITS; i++)
		if (is_asked(&limits[i], spec))
			return true;
	return false;
}

static unsigned wanted_controllers(const struct sandbox_spec *spec)
{
	unsigned wanted = 0;

	for (int i = 0; i < LIMITS; i++)
		wanted |= is_asked(&limits[i], spec) ? 1U << limits[i].controller : 0;
	return wanted;
}

/* Sets one limit; the error has words of its own in any case. */
static int set_one(const struct cgroup *cgroup, const struct limit *limit,
		   const struct cgroup_refusals *refusals, const struct sandbox_spec *before,
		   const struct sandbox_spec *after, struct err *e)
{
	struct cgroup_place place = cgroup_find_place(cgroup, limit->controller);
	int r;

	if (place.directory >= 0) {
		r = limit->set(&place, before, after, e);
	} else {
		r = refusals->error[limit->controller];
		r = r < 0 ? r : -ENOENT;
	}
	if (r < 0 && !e->code)
		err_set(e, r, "%s", cgroup_explain(r, place.is_unified));
	return r;
}

static bool limits_writes(const struct sandbox_spec *spec)
{
	for (char *const *word = spec->io_limits; word && *word; word++)
		if (**word == 'w')
			return true;
	return false;
}

static int check(const struct sandbox_spec *spec, struct err *e)
{
	int r = cgroup_check_cpuset(spec, e);

	return r < 0 ? r : cgroup_check_io(spec, e);
}

int cgroup_make(struct cgroup *cgroup, const struct sandbox_spec *spec, char *note,
		size_t note_size, struct err *e)
{
	struct cgroup_excuse excuses[LIMITS] = {0};
	struct cgroup_refusals refusals;
	struct err errors[LIMITS] = {0};
	int r = check(spec, e);

	if (r < 0)
		return r;
	cgroup_make_trees(cgroup, wanted_controllers(spec), &refusals);
	for (int i = 0; i < LIMITS; i++) {
		if (!is_asked(&limits[i], spec) ||
		    set_one(cgroup, &limits[i], &refusals, &nothing, spec, &errors[i]) == 0)
			continue;
		excuses[i] = (struct cgroup_excuse){limits[i].noun, errors[i].what};
		if (limits[i].controller == CGROUP_CPUSET)
			cgroup->is_affinity_only = true;
	}
	cgroup_write_note(excuses, LIMITS, note, note_size);
	size_t length = strlen(note);
	if (length)
		snprintf(note + length, note_size - length, " (%s)", cgroup_way_to_get());
	else if (cgroup->fd[CGROUP_IO] >= 0 && limits_writes(spec))
		snprintf(note, note_size,
			 "cgroup v1 limits direct and synchronous writes only: what waits in "
			 "memory first is written without a limit");
	return 0;
}

/* Back to what it was; what cannot be helped now is left. */
static void set_back(const struct cgroup *cgroup, int count, const struct cgroup_refusals *refusals,
		     const struct sandbox_spec *before, const struct sandbox_spec *after)
{
	struct err unused = {0};

	while (count-- > 0)
		if (limits[count].differs(before, after))
			set_one(cgroup, &limits[count], refusals, after, before, &unused);
}

int cgroup_update(struct cgroup *cgroup, const struct sandbox_spec *before,
		  const struct sandbox_spec *after, bool *ret_has_grown, struct err *e)
{
	struct cgroup_refusals refusals;
	struct err error = {0};
	unsigned wanted = 0;
	int r = check(after, e);

	if (r < 0)
		return r;
	for (int i = 0; i < LIMITS; i++)
		if (limits[i].differs(before, after) && is_asked(&limits[i], after))
			wanted |= 1U << limits[i].controller;
	unsigned made = cgroup_make_trees(cgroup, wanted, &refusals);
	*ret_has_grown = made != 0;
	for (int i = 0; i < LIMITS; i++) {
		if (!limits[i].differs(before, after))
			continue;
		r = set_one(cgroup, &limits[i], &refusals, before, after, &error);
		if (r == 0)
			continue;
		set_back(cgroup, i, &refusals, before, after);
		cgroup_drop_trees(cgroup, made);
		if (e)
			*e = error;
		r = error.hint[0] ? r : err_ctx(e, r, "no limit on %s", limits[i].noun);
		return err_hint(e, r, "%s", cgroup_way_to_get());
	}
	return 0;
}
