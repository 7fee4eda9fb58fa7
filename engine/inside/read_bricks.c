/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts that show whether a brick of a container's wall stands: each changes when that brick is
 * taken out (`--no-…`), and only looks. fact_root_escape() must be the last of all: where it is
 * allowed to, it changes its own root, as somebody who breaks out of a chroot would.
 */
#include "read_facts.h"

#include <asm/errno.h>
#include <asm/stat.h>

enum { GET_SECCOMP = 21, GET_NO_NEW_PRIVS = 39, CLIMB_MAX = 64 };

/* A property that prctl(2) tells as a number. */
static void fact_of_process(struct fact_reader *reader, const char *name, int option,
			    const char *const *values, long count)
{
	long r = call4(__NR_prctl, option, 0, 0, 0);

	if (r < 0) {
		fact_absent(reader, name, r);
		return;
	}
	fact_begin(reader, name);
	writer_text(&reader->out, r < count ? values[r] : "unknown");
	fact_identity(reader);
	writer_text(&reader->out, " ");
	writer_number(&reader->out, (uint64_t)r);
	fact_end(reader);
}

void fact_lockdown(struct fact_reader *reader)
{
	static const char *const modes[] = {"no filter", "strict", "filter"};
	static const char *const flags[] = {"not set", "set"};

	fact_of_process(reader, "seccomp_mode", GET_SECCOMP, modes, 3);
	fact_of_process(reader, "no_new_privs", GET_NO_NEW_PRIVS, flags, 2);
}

/* What tells too much about the machine; the first two letters say on which file system it lies
 * if nothing covers it. */
static const char *const masked_paths[] = {
    "/proc/kcore",         "/proc/keys", "/proc/sysrq-trigger", "/proc/timer_list",
    "/proc/latency_stats", "/proc/acpi", "/proc/scsi",          "/sys/firmware",
};

/* A cover is a mount of its own: then what lies there is on another device than what is around. */
void fact_proc_masks(struct fact_reader *reader)
{
	enum { PATHS = sizeof(masked_paths) / sizeof(masked_paths[0]) };
	struct stat around[2] = {{0}}, found;
	unsigned open[PATHS], count = 0, there = 0;
	long r = call4(__NR_newfstatat, FD_HERE, "/proc", &around[0], 0);

	call4(__NR_newfstatat, FD_HERE, "/sys", &around[1], 0);
	for (unsigned path = 0; r >= 0 && path < PATHS; path++) {
		bool is_sys = masked_paths[path][1] == 's';
		if (call4(__NR_newfstatat, FD_HERE, masked_paths[path], &found, 0) < 0)
			continue;
		there++;
		if (found.st_dev == around[is_sys].st_dev)
			open[count++] = path;
	}
	if (!there) {
		fact_absent(reader, "proc_masks", r < 0 ? r : -ENOENT);
		return;
	}
	fact_begin(reader, "proc_masks");
	writer_number(&reader->out, there - count);
	writer_text(&reader->out, " of ");
	writer_number(&reader->out, there);
	writer_text(&reader->out, count ? " covered, open:" : " covered");
	for (unsigned i = 0; i < count; i++) {
		writer_text(&reader->out, " ");
		writer_text(&reader->out, text_base_name(masked_paths[open[i]]));
	}
	fact_identity(reader);
	for (unsigned i = 0; i < count; i++) {
		writer_text(&reader->out, " ");
		writer_number(&reader->out, open[i]);
	}
	fact_end(reader);
}

/* The last line of /proc/self/cgroup is "0::/place", or a controller's. */
void fact_cgroup_root(struct fact_reader *reader)
{
	long r = file_read("/proc/self/cgroup", reader->text, sizeof(reader->text));
	char *line = reader->text;

	if (r <= 0) {
		fact_absent(reader, "cgroup_root", r ? r : -ENOENT);
		return;
	}
	if (reader->text[r - 1] == '\n')
		reader->text[r - 1] = 0;
	for (char *at = reader->text; *at; at++)
		if (*at == '\n')
			line = at + 1;
	while (*line && *line != '/')
		line++;
	fact_begin(reader, "cgroup_root");
	writer_bytes(&reader->out, line, text_length(line) < 60 ? text_length(line) : 60);
	fact_identity_namespace(reader, "cgroup");
	fact_end(reader);
}

/* Out of a chroot leads ".." for whoever may call chroot once more: it then stands outside of its
 * root. After pivot_root nothing is above. */
void fact_root_escape(struct fact_reader *reader)
{
	struct stat status;
	long root = call4(__NR_openat, FD_HERE, "/", 02200000 /* O_DIRECTORY | O_CLOEXEC */, 0);
	long r = root < 0 ? root : call1(__NR_chroot, "/dev");

	if (r >= 0)
		r = call1(__NR_fchdir, root);
	for (int i = 0; r >= 0 && i < CLIMB_MAX; i++)
		r = call1(__NR_chdir, "..");
	if (r >= 0)
		r = call4(__NR_newfstatat, FD_HERE, ".", &status, 0);
	if (r < 0) {
		fact_absent(reader, "root_escape", r);
		return;
	}
	fact_begin(reader, "root_escape");
	writer_text(&reader->out, "leads to ");
	for (int round = 0; round < 2; round++) {
		if (round) {
			fact_identity(reader);
			writer_text(&reader->out, " ");
		}
		writer_number(&reader->out, status.st_dev);
		writer_text(&reader->out, ":");
		writer_number(&reader->out, status.st_ino);
	}
	fact_end(reader);
}
