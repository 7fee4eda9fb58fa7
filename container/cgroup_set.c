// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Each limit: in which file it is, as which number. What surprises: v1 counts memory and swap
 * together, v2 each alone; v1 refuses a memory limit below what is in use (EBUSY), v2 takes it
 * and kills, so there we ask for the memory back first. See cgroups(7), cpuset(7),
 * Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_private.h"
#include "cpus.h"
#include "fd.h"

enum { CPU_PERIOD_US = 100000, LIST_MAX = 16384 };

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
static int make_room(const struct cgroup_place *place, uint64_t bytes, struct err *e)
{
	uint64_t used = read_number(place->directory, "memory.current");
	char text[32];

	if (!bytes || used <= bytes)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64, used - bytes);
	cgroup_write(place, "memory.reclaim", text);
	used = read_number(place->directory, "memory.current");
	return used <= bytes ? 0 : refuse_below_use(bytes, used, e);
}

static int set_memory_v2(const struct cgroup_place *place, const struct sandbox_spec *after,
			 struct err *e)
{
	uint64_t bytes = after->memory_bytes, both = after->memory_swap_bytes;
	char memory[32], swap[32];
	const char *swap_text = "0"; /* a limit that swap goes around is none */
	int r = make_room(place, bytes, e);

	if (!bytes || both == SPEC_SWAP_UNLIMITED)
		swap_text = "max";
	else if (both > bytes)
		swap_text = number_or(both - bytes, "0", swap, sizeof(swap));
	if (r == 0) /* absent where the kernel knows no swap */
		cgroup_write(place, "memory.swap.max", swap_text);
	if (r == 0)
		r = cgroup_write(place, "memory.max",
				 number_or(bytes, "max", memory, sizeof(memory)));
	return r;
}

/* Memory may never be more than memory and swap: which is written first depends on the way. */
static int set_memory_v1(const struct cgroup_place *place, const struct sandbox_spec *after,
			 struct err *e)
{
	uint64_t bytes = after->memory_bytes, both = after->memory_swap_bytes;
	char memory[32], sum[32];
	const char *memory_text = number_or(bytes, "-1", memory, sizeof(memory));
	const char *sum_text = memory_text;

	if (both == SPEC_SWAP_UNLIMITED)
		sum_text = "-1";
	else if (bytes && both)
		sum_text = number_or(both, "-1", sum, sizeof(sum));
	int r = cgroup_write(place, "memory.limit_in_bytes", memory_text);
	/* absent where swap is not accounted */
	int swapped = cgroup_write(place, "memory.memsw.limit_in_bytes", sum_text);
	if (r == -EINVAL)
		r = cgroup_write(place, "memory.limit_in_bytes", memory_text);
	if (r == 0 && swapped == -EBUSY)
		r = -EBUSY;
	if (r == -EBUSY)
		return refuse_below_use(bytes,
					read_number(place->directory, "memory.usage_in_bytes"), e);
	return r;
}

int cgroup_set_memory(const struct cgroup_place *place, const struct sandbox_spec *before,
		      const struct sandbox_spec *after, struct err *e)
{
	(void)before;
	return place->is_unified ? set_memory_v2(place, after, e) : set_memory_v1(place, after, e);
}

/* It was written with the memory, but perhaps to nowhere. */
int cgroup_set_swap(const struct cgroup_place *place, const struct sandbox_spec *before,
		    const struct sandbox_spec *after, struct err *e)
{
	const char *file = place->is_unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes";

	if (after->memory_swap_bytes && faccessat(place->directory, file, F_OK, 0) < 0)
		return err_set(e, ENOENT,
			       "this kernel does not account swap (boot it with swapaccount=1)");
	return cgroup_set_memory(place, before, after, e);
}

/* ---- processors ---- */

int cgroup_set_cpus(const struct cgroup_place *place, const struct sandbox_spec *before,
		    const struct sandbox_spec *after, struct err *e)
{
	uint64_t quota_us = after->cpu_millis * (CPU_PERIOD_US / 1000);
	char text[64];
	int r;

	(void)before;
	if (place->is_unified)
		return cgroup_write(place, "cpu.max",
				    number_or(quota_us, "max", text, sizeof(text)));
	r = cgroup_write(place, "cpu.cfs_period_us", "100000");
	if (r == 0)
		r = cgroup_write(place, "cpu.cfs_quota_us",
				 number_or(quota_us, "-1", text, sizeof(text)));
	if (r == -EINVAL)
		return err_set(e, EINVAL, "the group around us has less time than that itself");
	return r;
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

int cgroup_set_cpuset(const struct cgroup_place *place, const struct sandbox_spec *before,
		      const struct sandbox_spec *after, struct err *e)
{
	char all[LIST_MAX], memory_nodes[LIST_MAX];
	struct cpus wanted, there;
	int r = read_parent_list(place->directory,
				 place->is_unified ? "cpuset.cpus.effective" : "cpuset.cpus", all,
				 sizeof(all));

	(void)before;
	if (r == 0 && after->cpuset && cpus_parse(after->cpuset, &wanted) == 0 &&
	    cpus_parse(all, &there) == 0 && !cpus_are_within(&wanted, &there))
		return err_set(e, ERANGE, "the group around us has only the processors %.80s", all);
	/* v1: nobody may enter before it has processors and memory nodes. */
	if (r == 0 && !place->is_unified)
		r = read_parent_list(place->directory, "cpuset.mems", memory_nodes,
				     sizeof(memory_nodes));
	if (r == 0 && !place->is_unified)
		r = cgroup_write(place, "cpuset.mems", memory_nodes);
	/* To take the limit away is to write all: an empty list is refused where somebody runs. */
	if (r == 0)
		r = cgroup_write(place, "cpuset.cpus", after->cpuset ? after->cpuset : all);
	return r;
}

int cgroup_check_cpuset(const struct sandbox_spec *spec, struct err *e)
{
	const char *list = spec->cpuset;
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

int cgroup_set_pids(const struct cgroup_place *place, const struct sandbox_spec *before,
		    const struct sandbox_spec *after, struct err *e)
{
	char text[32];

	(void)before, (void)e;
	return cgroup_write(place, "pids.max",
			    number_or(after->pids_max, "max", text, sizeof(text)));
}
