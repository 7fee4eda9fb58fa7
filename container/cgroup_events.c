// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What happened at the limits, as the kernel counted it: never guessed from an exit status. And
 * how one hears of it at once. v2 and the pids of v1: the file with the counts becomes ready for
 * poll(2) when they change (POLLPRI), until it is read again. The memory of v1: an eventfd(2)
 * that is rung when memory runs out, a moment *before* anybody is killed and counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cgroup_private.h"
#include "fd.h"

enum { COUNTS_MAX = 1024 };

/* The number behind `key` at the begin of a line ("oom_kill 2"); 0: there is none. */
static uint64_t find_count(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoull(line + length + 1, NULL, 10);
	return 0;
}

static uint64_t read_count(const struct cgroup *cgroup, enum cgroup_tree controller,
			   const char *v1_file, const char *v2_file, const char *key)
{
	char text[COUNTS_MAX];
	struct cgroup_place place = cgroup_find_place(cgroup, controller);

	if (place.directory < 0 ||
	    fd_read_file(place.directory, place.is_unified ? v2_file : v1_file, text,
			 sizeof(text)) < 0)
		return 0;
	return find_count(text, key);
}

void cgroup_read_counts(const struct cgroup *cgroup, struct cgroup_counts *ret)
{
	ret->memory_kills = read_count(cgroup, CGROUP_MEMORY, "memory.oom_control", "memory.events",
				       "oom_kill");
	ret->forks_refused = read_count(cgroup, CGROUP_PIDS, "pids.events", "pids.events", "max");
}

/* Has the kernel ring an eventfd when this v1 group is out of memory. */
static int open_memory_eventfd(int directory)
{
	auto_close int control = openat(directory, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	auto_close int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[32];

	if (control < 0 || bell < 0)
		return -1;
	snprintf(text, sizeof(text), "%d %d", bell, control);
	return fd_write_file(directory, "cgroup.event_control", text) < 0 ? -1 : fd_move(&bell);
}

int cgroup_open_alarm(const struct cgroup *cgroup, enum cgroup_alarm alarm)
{
	bool is_memory = alarm == CGROUP_ALARM_MEMORY;
	struct cgroup_place place = cgroup_find_place(cgroup,
						      is_memory ? CGROUP_MEMORY : CGROUP_PIDS);

	if (place.directory < 0)
		return -1;
	if (is_memory && !place.is_unified)
		return open_memory_eventfd(place.directory);
	int fd = openat(place.directory, is_memory ? "memory.events" : "pids.events",
			O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		cgroup_hush(fd); /* only what changes after a first reading is told */
	return fd;
}

void cgroup_hush(int alarm_fd)
{
	char text[COUNTS_MAX];

	/* An eventfd does not seek, and is read all the same. */
	lseek(alarm_fd, 0, SEEK_SET);
	while (read(alarm_fd, text, sizeof(text)) == (ssize_t)sizeof(text))
		;
}
