// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One pass over /proc reads who is whose parent (field 4 of /proc/PID/stat); from that the
 * descendants of this process are found. A process may fork while we look, so whoever wants all
 * of them repeats until nothing new turns up. See proc(5).
 */
#include "members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"

enum { STAT_MAX = 512, ROUNDS_MAX = 1000, LOOKS_MAX = 64 };

struct process {
	pid_t pid, parent;
};

/* The parent of a process, 0 if it is gone. The name in parentheses may hold anything, so look
 * for the last ")". */
static pid_t read_parent(int proc, const char *pid)
{
	char path[32], text[STAT_MAX];
	int parent;

	snprintf(path, sizeof(path), "%.16s/stat", pid);
	if (fd_read_file(proc, path, text, sizeof(text)) <= 0)
		return 0;
	const char *end = strrchr(text, ')');
	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static size_t read_all(struct process *all, size_t max)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (proc && count < max && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		pid_t parent = pid > 0 ? read_parent(dirfd(proc), entry->d_name) : 0;
		if (parent > 0)
			all[count++] = (struct process){pid, parent};
	}
	if (proc)
		closedir(proc);
	return count;
}

static bool is_among(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

size_t members_find(pid_t *pids, size_t max)
{
	auto_free struct process *all = calloc(MEMBERS_MAX, sizeof(*all));
	size_t all_count = all ? read_all(all, MEMBERS_MAX) : 0, count = 0;
	pid_t self = getpid();

	for (bool has_found = true; has_found;) {
		has_found = false;
		for (size_t i = 0; i < all_count && count < max; i++)
			if ((all[i].parent == self || is_among(pids, count, all[i].parent)) &&
			    !is_among(pids, count, all[i].pid)) {
				pids[count++] = all[i].pid;
				has_found = true;
			}
	}
	return count;
}

int members_for_each(int (*act)(void *arg, pid_t pid), void *arg)
{
	auto_free pid_t *pids = calloc(MEMBERS_MAX, sizeof(*pids));
	auto_free pid_t *seen = calloc(MEMBERS_MAX, sizeof(*seen));
	size_t seen_count = 0;

	if (!pids || !seen)
		return -ENOMEM;
	for (int round = 0; round < LOOKS_MAX; round++) {
		size_t count = members_find(pids, MEMBERS_MAX), before = seen_count;
		for (size_t i = 0; i < count; i++) {
			if (is_among(seen, seen_count, pids[i]) || seen_count >= MEMBERS_MAX)
				continue;
			int r = act(arg, pids[i]);
			if (r < 0 && r != -ESRCH)
				return r;
			seen[seen_count++] = pids[i];
		}
		if (seen_count == before)
			return 0;
	}
	return -EAGAIN;
}

void members_kill_all(void)
{
	/* Who has no child has no descendant. */
	if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
		return;
	auto_free pid_t *pids = calloc(MEMBERS_MAX, sizeof(*pids));
	for (int round = 0; pids && round < ROUNDS_MAX; round++) {
		size_t count = members_find(pids, MEMBERS_MAX);
		for (size_t i = 0; i < count; i++)
			kill(pids[i], SIGKILL);
		/* Children of the killed become ours and are waited for in the next round. */
		if (waitpid(-1, NULL, count ? 0 : WNOHANG) < 0 && errno == ECHILD)
			return;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

void members_reap(int (*is_ours)(void *arg, pid_t pid), void *arg)
{
	for (;;) {
		siginfo_t ended = {0};
		if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) < 0 || !ended.si_pid ||
		    is_ours(arg, ended.si_pid))
			return;
		waitpid(ended.si_pid, NULL, WNOHANG);
	}
}
