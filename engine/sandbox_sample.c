/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a sandbox costs, seen from outside: processor time and memory of its worker and of every
 * descendant of it.
 *
 * Time comes from each process's own CPU clock (nanoseconds, clock_getcpuclockid(3)), and that of
 * children which have ended from their parent's cutime (clock ticks). Memory is PSS: a page that n
 * processes share counts 1/n for each. A VM's guest RAM lies in its worker, so there
 * /proc/PID/smaps is read line by line and the mappings of the RAM are added up apart.
 *
 * What surprises: process numbers are only walked, never trusted: what vanishes in between is left
 * out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "lab_private.h"
#include "vmstats.h"

enum { PROCESSES_MAX = 4096, SMAPS_LINE_MAX = 512, SMAPS_BUFFER = 16384 };

struct family {
	pid_t *pids;
	size_t count, capacity;
};

static bool add_process(struct family *family, pid_t pid)
{
	if (family->count == PROCESSES_MAX)
		return false;
	if (family->count == family->capacity) {
		size_t capacity = family->capacity ? 2 * family->capacity : 32;
		pid_t *grown = realloc(family->pids, capacity * sizeof(*grown));

		if (!grown)
			return false;
		family->pids = grown;
		family->capacity = capacity;
	}
	family->pids[family->count++] = pid;
	return true;
}

/* The numbers in one task's `children`. */
static void add_children_of_task(struct family *family, int task_dir, const char *task)
{
	char path[64], text[4096], *at = text;
	auto_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%.20s/children", task);
	fd = openat(task_dir, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	for (;;) {
		long pid = strtol(at, &at, 10);

		if (pid <= 0 || !add_process(family, (pid_t)pid))
			return;
	}
}

static void add_children(struct family *family, pid_t pid)
{
	char path[64];
	int fd;
	DIR *tasks;
	const struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tasks = fd < 0 ? NULL : fdopendir(fd);
	if (!tasks) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			add_children_of_task(family, fd, entry->d_name);
	closedir(tasks);
}

/* ---- time ---- */

/* cutime + cstime of /proc/PID/stat, fields 16 and 17. */
static uint64_t ended_children_ns(pid_t pid)
{
	char path[32], text[1024], *at;
	long user, kernel;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	at = strrchr(text, ')'); /* a name may hold blanks and parentheses */
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld",
			  &user, &kernel) != 2)
		return 0;
	return (uint64_t)(user + kernel) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static uint64_t cpu_ns_of(pid_t pid)
{
	struct timespec time = {0};
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) < 0)
		return 0;
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec + ended_children_ns(pid);
}

/* ---- memory ---- */

static uint64_t pss_of(pid_t pid)
{
	char path[40], text[2048];
	const char *line;
	unsigned long kib;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	line = strstr(text, "\nPss:");
	return line && sscanf(line, "\nPss: %lu", &kib) == 1 ? (uint64_t)kib * 1024 : 0;
}

/* PSS of the mappings inside [start, start + length) and of all others. */
static void split_pss(pid_t pid, uint64_t start, uint64_t length, uint64_t *ret_inside,
		      uint64_t *ret_rest)
{
	char path[32], line[SMAPS_LINE_MAX];
	bool is_inside = false;
	FILE *smaps;

	*ret_inside = *ret_rest = 0;
	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	smaps = fopen(path, "re");
	if (smaps)
		setvbuf(smaps, NULL, _IOFBF, SMAPS_BUFFER); /* else 1 KiB at a time */
	while (smaps && fgets(line, sizeof(line), smaps)) {
		unsigned long from, to, kib;

		if (line[0] >= 'A' && line[0] <= 'Z') {
			if (sscanf(line, "Pss: %lu kB", &kib) == 1)
				*(is_inside ? ret_inside : ret_rest) += (uint64_t)kib * 1024;
		} else if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			is_inside = from >= start && from - start < length;
		}
	}
	if (smaps)
		fclose(smaps);
}

bool sandbox_vm_stats(struct sandbox *s, struct vm_stats *ret)
{
	if (strcmp(s->spec.kind, "vm") != 0)
		return false;
	if (s->stats_fd < 0)
		s->stats_fd = rundir_open_file(&s->dir, VM_STATS_FILE, O_RDONLY, NULL);
	return s->stats_fd >= 0 && vm_stats_read(s->stats_fd, ret) == 0;
}

static void sample_vm(struct sandbox *s, struct sample *sample)
{
	struct vm_stats stats;

	if (!sandbox_vm_stats(s, &stats)) {
		sample->overhead_bytes = pss_of(s->pid);
		return;
	}
	for (unsigned reason = 0; reason < VM_EXIT_REASONS; reason++)
		sample->exits += stats.exits[reason];
	sample->has_exits = true;
	split_pss(s->pid, stats.ram_address, stats.ram_bytes, &sample->memory_bytes,
		  &sample->overhead_bytes);
}

/* ---- one sample ---- */

static void add_up(struct sandbox *s, const struct family *family, struct sample *sample)
{
	bool is_vm = strcmp(s->spec.kind, "vm") == 0;

	for (size_t i = 0; i < family->count; i++) {
		sample->cpu_ns += cpu_ns_of(family->pids[i]);
		if (i)
			sample->memory_bytes += pss_of(family->pids[i]);
	}
	sample->processes = family->count;
	if (is_vm)
		sample_vm(s, sample);
	else
		sample->overhead_bytes = pss_of(s->pid);
}

/* Into the journal goes what has changed since the last one. */
static void journal_sample(struct sandbox *s, const struct sample *sample,
			   const struct sample *before)
{
	struct event event = {.t_ns = sample->t_ns, .kind = EVENT_SAMPLE};

	for (const struct sample_field *field = sample_fields; field->name; field++) {
		uint64_t value = sample_get(sample, field);

		if (before ? value == sample_get(before, field) : !value)
			continue;
		str_copy(event.name, sizeof(event.name), field->name);
		snprintf(event.value, sizeof(event.value), "%llu", (unsigned long long)value);
		sandbox_journal(s, &event);
	}
	s->own_sample_ns = sample->t_ns;
}

int sandbox_sample_quietly(struct sandbox *s, struct err *e)
{
	const struct sample *newest = story_sample(&s->story, 0);
	struct sample sample = {.t_ns = clock_now_ns()}, before = {0};
	struct family family = {0};

	if (sandbox_pid(s) <= 0)
		return err_set(e, ESRCH, "sample '%s': it has no worker", s->name);
	if (newest)
		before = *newest;
	add_process(&family, s->pid);
	for (size_t i = 0; i < family.count; i++)
		add_children(&family, family.pids[i]);
	add_up(s, &family, &sample);
	free(family.pids);
	/* What ended without being waited for takes its time along; a sum never goes back. */
	if (sample.cpu_ns < before.cpu_ns)
		sample.cpu_ns = before.cpu_ns;
	journal_sample(s, &sample, newest ? &before : NULL);
	story_add_sample(&s->story, &sample);
	s->lab->generation++;
	return 0;
}

int sandbox_take_sample(struct sandbox *s, struct err *e)
{
	/* A VM's worker writes its counters now and then; who asks for a sample wants today's. */
	if (strcmp(s->spec.kind, "vm") == 0)
		sandbox_ping(s, NULL);
	return sandbox_sample_quietly(s, e);
}
