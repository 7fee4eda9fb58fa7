// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The limits: one table (at the end), one function per limit, which writes the number where this
 * machine's cgroups have it. What surprises: v1 counts memory and swap together, v2 each alone;
 * v1 refuses a memory limit below what is in use (EBUSY), v2 takes it and kills, so there we ask
 * for the memory back first. A change is all or none: what was set before a refusal is set back.
 * See cgroups(7), cpuset(7), Documentation/admin-guide/cgroup-v2.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_private.h"
#include "cpus.h"
#include "fd.h"

enum { CPU_PERIOD_US = 100000, LIST_MAX = 16384 };

struct limit {
	const char *noun; /* in "no limit on NOUN" */
	bool (*differs)(const struct sandbox_spec *one, const struct sandbox_spec *other);
	enum cgroup_tree controller;
	int (*set)(int directory, bool is_unified, const struct sandbox_spec *before,
		   const struct sandbox_spec *after, struct err *e);
};

static const char *number_or(uint64_t number, const char *none, char *buffer, size_t size)
{
	snprintf(buffer, size, "%" PRIu64, number);
	return number ? buffer : none;
}

static uint64_t read_number(int directory, const char *file)
{
	char text[32];

	if (fd_read_file(directory, file, text, sizeof(text)) <= 0)
		return 0;
	return strtoull(text, NULL, 10);
}

/* ---- memory and swap ---- */

static int refuse_below_use(uint64_t wanted, uint64_t used, struct err *e)
{
	char limit[32], in_use[32];
	int r = err_set(e, EBUSY, "--memory %s: %s are in use and cannot be taken away",
			str_format_bytes(limit, sizeof(limit), wanted),
			str_format_bytes(in_use, sizeof(in_use), used));

	return err_hint(e, r, "a larger size, or let the programs inside give memory back first");
}

/* v2 would take any number and kill until it fits. */
static int make_room(int directory, uint64_t bytes, struct err *e)
{
	uint64_t used = read_number(directory, "memory.current");
	char text[32];

	if (!bytes || used <= bytes)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64, used - bytes);
	fd_write_file(directory, "memory.reclaim", text);
	used = read_number(directory, "memory.current");
	return used <= bytes ? 0 : refuse_below_use(bytes, used, e);
}

static int set_memory_v2(int directory, const struct sandbox_spec *after, struct err *e)
{
	uint64_t bytes = after->memory_bytes, both = after->memory_swap_bytes;
	char memory[32], swap[32];
	const char *swap_text = "0"; /* a limit that swap goes around is none */
	int r = make_room(directory, bytes, e);

	if (!bytes || both == SPEC_SWAP_UNLIMITED)
		swap_text = "max";
	else if (both > bytes)
		swap_text = number_or(both - bytes, "0", swap, sizeof(swap));
	if (r == 0) /* absent where the kernel knows no swap */
		fd_write_file(directory, "memory.swap.max", swap_text);
	if (r == 0)
		r = fd_write_file(directory, "memory.max",
				  number_or(bytes, "max", memory, sizeof(memory)));
	return r;
}

/* Memory may never be more than memory and swap: which is written first depends on the way. */
static int set_memory_v1(int directory, const struct sandbox_spec *after, struct err *e)
{
	uint64_t bytes = after->memory_bytes, both = after->memory_swap_bytes;
	char memory[32], sum[32];
	const char *memory_text = number_or(bytes, "-1", memory, sizeof(memory));
	const char *sum_text = memory_text;

	if (both == SPEC_SWAP_UNLIMITED)
		sum_text = "-1";
	else if (bytes && both)
		sum_text = number_or(both, "-1", sum, sizeof(sum));
	int r = fd_write_file(directory, "memory.limit_in_bytes", memory_text);
	/* absent where swap is not accounted */
	int swapped = fd_write_file(directory, "memory.memsw.limit_in_bytes", sum_text);
	if (r == -EINVAL)
		r = fd_write_file(directory, "memory.limit_in_bytes", memory_text);
	if (r == 0 && swapped == -EBUSY)
		r = -EBUSY;
	if (r == -EBUSY)
		return refuse_below_use(bytes, read_number(directory, "memory.usage_in_bytes"), e);
	return r;
}

static int set_memory(int directory, bool is_unified, const struct sandbox_spec *before,
		      const struct sandbox_spec *after, struct err *e)
{
	(void)before;
	return is_unified ? set_memory_v2(directory, after, e) : set_memory_v1(directory, after, e);
}

static bool memory_differs(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	return one->memory_bytes != other->memory_bytes;
}

/* It was written with the memory, but perhaps to nowhere. */
static int set_swap(int directory, bool is_unified, const struct sandbox_spec *before,
		    const struct sandbox_spec *after, struct err *e)
{
	const char *file = is_unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes";

	if (after->memory_swap_bytes && faccessat(directory, file, F_OK, 0) < 0)
		return err_set(e, ENOENT,
			       "this kernel does not account swap (boot it with swapaccount=1)");
	return set_memory(directory, is_unified, before, after, e);
}

static bool swap_differs(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	return one->memory_swap_bytes != other->memory_swap_bytes;
}

/* ---- processors ---- */

static int set_cpus(int directory, bool is_unified, const struct sandbox_spec *before,
		    const struct sandbox_spec *after, struct err *e)
{
	uint64_t quota_us = after->cpu_millis * (CPU_PERIOD_US / 1000);
	char text[64];
	int r;

	(void)before;
	if (is_unified)
		return fd_write_file(directory, "cpu.max",
				     number_or(quota_us, "max", text, sizeof(text)));
	r = fd_write_file(directory, "cpu.cfs_period_us", "100000");
	if (r == 0)
		r = fd_write_file(directory, "cpu.cfs_quota_us",
				  number_or(quota_us, "-1", text, sizeof(text)));
	if (r == -EINVAL)
		return err_set(e, EINVAL, "the group around us has less time than that itself");
	return r;
}

static bool cpus_differ(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	return one->cpu_millis != other->cpu_millis;
}

/* What the group around us may use itself. */
static int read_parent_list(int directory, const char *file, char *text, size_t size)
{
	auto_close int parent = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t n = parent < 0 ? -errno : fd_read_file(parent, file, text, size);

	if (n < 0)
		return (int)n;
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static int set_cpuset(int directory, bool is_unified, const struct sandbox_spec *before,
		      const struct sandbox_spec *after, struct err *e)
{
	char all[LIST_MAX], memory_nodes[LIST_MAX];
	struct cpus wanted, there;
	int r = read_parent_list(directory, is_unified ? "cpuset.cpus.effective" : "cpuset.cpus",
				 all, sizeof(all));

	(void)before;
	if (r == 0 && after->cpuset && cpus_parse(after->cpuset, &wanted) == 0 &&
	    cpus_parse(all, &there) == 0 && !cpus_are_within(&wanted, &there))
		return err_set(e, ERANGE, "the group around us has only the processors %.80s", all);
	if (r == 0 && is_unified)
		return fd_write_file(directory, "cpuset.cpus",
				     after->cpuset ? after->cpuset : "\n");
	/* v1: nobody may enter before it has processors and memory nodes. */
	if (r == 0)
		r = read_parent_list(directory, "cpuset.mems", memory_nodes, sizeof(memory_nodes));
	if (r == 0)
		r = fd_write_file(directory, "cpuset.mems", memory_nodes);
	if (r == 0)
		r = fd_write_file(directory, "cpuset.cpus", after->cpuset ? after->cpuset : all);
	return r;
}

static bool cpuset_differs(const struct sandbox_spec *one, const struct sandbox_spec *other)
{
	return strcmp(one->cpuset ? one->cpuset : "", other->cpuset ? other->cpuset : "") != 0;
}

/* What never was on this machine is an error wherever it is asked for. */
static int check_cpuset(const char *list, struct err *e)
{
	char online[LIST_MAX];
	struct cpus wanted, there;

	if (!list || cpus_parse(list, &wanted) < 0 ||
	    fd_read_file(AT_FDCWD, "/sys/devices/system/cpu/online", online, sizeof(online)) < 0 ||
	    cpus_parse(online, &there) < 0 || cpus_are_within(&wanted, &there))
		return 0;
	online[strcspn(online, "\n")] = '\0';
	int r = err_set(e, EINVAL, "--cpuset-cpus %.80s: there is no such processor", list);
	return err_hint(e, r, "this machine has %.80s", online);
}

/* ---- processes, devices ---- */

static int set_pids(int directory, bool is_unified, const struct sandbox_spec *before,
		    const struct sandbox_spec *after, struct err *e)
{
	char text[32];

	(void)is_unified, (void)before, (void)e;
	return fd_write_file(directory, "pids.max",
			     number_or(after->pids_max, "max", text, sizeof(text)));
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
    {"memory", memory_differs, CGROUP_MEMORY, set_memory},
    {"swap", swap_differs, CGROUP_MEMORY, set_swap},
    {"processor time", cpus_differ, CGROUP_CPU, set_cpus},
    {"which processors", cpuset_differs, CGROUP_CPUSET, set_cpuset},
    {"processes", pids_differ, CGROUP_PIDS, set_pids},
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
	bool is_unified;
	int directory = cgroup_directory(cgroup, limit->controller, &is_unified), r;

	if (directory >= 0) {
		r = limit->set(directory, is_unified, before, after, e);
	} else {
		r = refusals->error[limit->controller];
		r = r < 0 ? r : -ENOENT;
	}
	if (r < 0 && !e->code)
		err_set(e, r, "%s", cgroup_explain(r, is_unified));
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
	int r = check_cpuset(spec->cpuset, e);

	return r < 0 ? r : cgroup_check_io(spec, e);
}

int cgroup_make(struct cgroup *cgroup, const struct sandbox_spec *spec, char *note,
		size_t note_size, struct err *e)
{
	struct cgroup_excuse excuses[LIMITS] = {0};
	struct cgroup_refusals refusals;
	struct err errors[LIMITS] = {0};
	bool is_unified;
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
	else if (cgroup_directory(cgroup, CGROUP_IO, &is_unified) >= 0 && !is_unified &&
		 limits_writes(spec))
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
	*ret_has_grown = cgroup_make_trees(cgroup, wanted, &refusals) != 0;
	for (int i = 0; i < LIMITS; i++) {
		if (!limits[i].differs(before, after))
			continue;
		r = set_one(cgroup, &limits[i], &refusals, before, after, &error);
		if (r == 0)
			continue;
		set_back(cgroup, i, &refusals, before, after);
		if (e)
			*e = error;
		r = error.hint[0] ? r : err_ctx(e, r, "no limit on %s", limits[i].noun);
		return err_hint(e, r, "%s", cgroup_way_to_get());
	}
	return 0;
}
