/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a crash left behind: processes, directories, cgroups, in this order.
 *
 * The lock decides. Who takes the lock of a directory knows that no worker and no front has it. A
 * process is named by its number together with its start time and the boot's identity, and killed
 * through a pidfd that was opened before these were compared: a number that was given out anew is
 * never hit.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "rundir.h"
#include "rundir_private.h"

/* ---- processes on record ---- */

enum { BOOT_ID_MAX = 40 };

struct record {
	int pid;
	unsigned long long start_time; /* clock ticks since the boot, field 22 of /proc/PID/stat */
	char boot_id[BOOT_ID_MAX];
	char state; /* now, not on record: 'Z' has ended, though nobody has waited for it yet */
};

/* -ESRCH: no such process. */
static int read_stat(int pid, struct record *record)
{
	char path[32], text[1024], *after;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	n = fd_read_file(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	/* The name in parentheses may hold blanks and parentheses itself. */
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1,
			     " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			     "%*d %*d %llu",
			     &record->state, &record->start_time) != 2)
		return -EBADMSG;
	return 0;
}

static int describe_process(int pid, struct record *ret_record)
{
	struct record record = {.pid = pid};
	ssize_t n = fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", record.boot_id,
				 sizeof(record.boot_id));

	if (n < 0)
		return (int)n;
	record.boot_id[strcspn(record.boot_id, "\n")] = '\0';
	*ret_record = record;
	return read_stat(pid, ret_record);
}

int rundir_record_process(const struct rundir *dir, const char *file, int pid, struct err *e)
{
	struct record record;
	char text[128];
	auto_close int fd = -1;
	int r = describe_process(pid, &record), length;

	if (r < 0)
		return err_sys(e, -r, "describe process %d", pid);
	length = snprintf(text, sizeof(text), "%d %llu %s\n", pid, record.start_time,
			  record.boot_id);
	fd = rundir_open_file(dir, file, O_WRONLY | O_CREAT | O_TRUNC, e);
	if (fd < 0)
		return fd;
	r = fd_write_all(fd, text, (size_t)length);
	return r < 0 ? rundir_hint_full(e, err_sys(e, -r, "write '%s'", file)) : 0;
}

/* A pidfd of the process in `file` if that very process still lives, else -errno. One that has
 * ended lives no more, even where its parent (a terminal, a process 1) never waits for it. */
static int open_recorded(const struct rundir *dir, const char *file)
{
	struct record record, now;
	char text[128];
	auto_close int fd = -1;
	int r;

	if (fd_read_file(dir->fd, file, text, sizeof(text)) < 0)
		return -ENOENT;
	if (sscanf(text, "%d %llu %39s", &record.pid, &record.start_time, record.boot_id) != 3 ||
	    record.pid <= 1)
		return -EBADMSG;
	fd = (int)syscall(SYS_pidfd_open, record.pid, 0);
	if (fd < 0)
		return -errno;
	r = describe_process(record.pid, &now);
	if (r < 0)
		return r;
	if (now.start_time != record.start_time || strcmp(now.boot_id, record.boot_id) != 0 ||
	    now.state == 'Z')
		return -ESRCH;
	return fd_move(&fd);
}

static bool is_alive(const struct rundir *dir, const char *file)
{
	auto_close int fd = open_recorded(dir, file);

	return fd >= 0;
}

/* 1 if there was something to kill. */
static int kill_recorded(const struct rundir *dir, const char *file)
{
	auto_close int fd = open_recorded(dir, file);
	int killed = fd >= 0 && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;

	unlinkat(dir->fd, file, 0);
	return killed;
}

/* ---- directories ---- */

/* Has a worker ever begun here? Its first event is among the first bytes of the journal. */
static bool was_started(const struct rundir *dir)
{
	static const char mark[] = "\"kind\":\"state\",\"name\":\"starting\"";
	char text[4096];
	auto_close int fd = openat(dir->fd, "events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text));

	return n > 0 && memmem(text, (size_t)n, mark, sizeof(mark) - 1) != NULL;
}

static bool is_left_over(const struct rundir *dir)
{
	auto_spec spec = {0};

	/* Without a readable spec nobody can use it, but somebody may want to look: `rm` removes
	 * it. */
	if (rundir_load_spec(dir, &spec, NULL) < 0)
		return false;
	if (spec.leased && !is_alive(dir, "front"))
		return true;
	return spec.remove && !spec.leased && was_started(dir);
}

/* ".new-PID-…": is its maker still there? Then it may be between two steps and is left alone. */
static bool is_being_made(const char *entry)
{
	int pid = (int)strtol(entry + strlen(RUNDIR_HIDDEN_PREFIX), NULL, 10);

	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static int sweep_entry(int base_fd, const char *entry)
{
	bool is_hidden = strncmp(entry, RUNDIR_HIDDEN_PREFIX, strlen(RUNDIR_HIDDEN_PREFIX)) == 0;
	auto_rundir dir = RUNDIR_NONE;
	int r, swept = 0;

	if ((is_hidden && is_being_made(entry)) || (!is_hidden && !str_is_name(entry)))
		return 0;
	if (rundir_open_entry(base_fd, entry, &dir, NULL) < 0)
		return 0;
	r = rundir_try_lock(&dir);
	if (r < 0 && !(is_hidden && r == -ENOENT))
		return 0;
	if (faccessat(dir.fd, "init", F_OK, 0) == 0)
		swept += kill_recorded(&dir, "init") + rundir_kill_marked(&dir);
	if (is_hidden || is_left_over(&dir))
		swept += rundir_remove_entry(&dir, entry, NULL) == 0;
	return swept;
}

int rundir_sweep(int base_fd, struct err *e)
{
	int fd = openat(base_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), swept = 0, r;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!stream) {
		r = err_sys(e, errno, "sweep");
		fd_close(&fd);
		return r;
	}
	while ((entry = readdir(stream)) != NULL)
		swept += sweep_entry(base_fd, entry->d_name);
	closedir(stream);
	return swept + rundir_sweep_lab(base_fd) + rundir_sweep_cgroups(base_fd);
}
