/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Processes that outlived their worker although nothing holds them together: without a pid
 * namespace, a child of a child that made itself a session survives when the worker is killed
 * by -9. Each of them inherited the variable RUNDIR_MARK=name from its sandbox, and /proc shows
 * it to their own user: by that they are found when the next `isolab` sweeps. A process that
 * wiped its environment gets away; the sandboxes with a pid namespace need none of this.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "rundir.h"
#include "rundir_private.h"

enum { ENVIRONMENT_MAX = 64 * 1024, ROUNDS_MAX = 20 };

/* Is `mark` one of the words of this process's environment? */
static bool is_marked(int proc_fd, const char *pid, const char *mark, char *text)
{
	char path[64];
	size_t length = strlen(mark) + 1;

	snprintf(path, sizeof(path), "%.32s/environ", pid);
	auto_close int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : fd_read_full(fd, text, ENVIRONMENT_MAX);
	for (const char *at = text; size > 0; at++) {
		at = memmem(at, (size_t)(text + size - at), mark, length);
		if (!at)
			return false;
		if (at == text || at[-1] == '\0')
			return true;
	}
	return false;
}

/* Through a pidfd: what is killed is what was looked at. */
static int kill_if_marked(int proc_fd, const char *pid, const char *mark, char *text)
{
	int number = (int)strtol(pid, NULL, 10);

	if (number <= 1 || number == getpid() || !is_marked(proc_fd, pid, mark, text))
		return 0;
	auto_close int fd = (int)syscall(SYS_pidfd_open, number, 0);
	if (fd < 0 || !is_marked(proc_fd, pid, mark, text))
		return 0;
	return syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
}

static int kill_round(const char *mark, char *text)
{
	DIR *stream = opendir("/proc");
	const struct dirent *entry;
	int killed = 0;

	while (stream && (entry = readdir(stream)) != NULL)
		killed += kill_if_marked(dirfd(stream), entry->d_name, mark, text);
	if (stream)
		closedir(stream);
	return killed;
}

int rundir_kill_marked(const struct rundir *dir)
{
	auto_free char *text = malloc(ENVIRONMENT_MAX);
	char mark[RUNDIR_MARK_MAX];
	int killed = 0, now;

	if (!text || rundir_mark(dir, mark, sizeof(mark), NULL) < 0)
		return 0;
	/* One that forked while we looked left a child that we did not see. */
	for (int round = 0; round < ROUNDS_MAX && (now = kill_round(mark, text)) > 0; round++)
		killed += now;
	return killed;
}

int rundir_mark(const struct rundir *dir, char *buffer, size_t size, struct err *e)
{
	int length = snprintf(buffer, size, "ISOLAB_SANDBOX=");

	return rundir_cgroup_name(dir, buffer + length, size - (size_t)length, e);
}
