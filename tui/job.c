/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job: see job.h. The end is learnt from a pidfd (pidfd_open(2)), so no SIGCHLD handler meddles
 * with the engine's own children. */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"

extern char **environ;

static int make_pipe(int *ret_read, int *ret_write, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	fd_set_nonblocking(fds[0], true);
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

/* Default dispositions, no blocked signals, a group of its own. */
static void set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(attributes);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						 POSIX_SPAWN_SETPGROUP);
}

static int spawn(struct job *job, const char *program, char *const argv[], int out, int error)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	set_attributes(&attributes);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, error, 2);
	r = posix_spawn(&job->pid, program, &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return r;
}

int job_start(struct job *job, const char *program, char *const argv[], unsigned columns,
	      struct err *e)
{
	auto_close int out = -1, error = -1;
	char width[16];
	int r;

	*job = JOB_NONE;
	if (make_pipe(&job->fds[0], &out, e) < 0 || make_pipe(&job->fds[1], &error, e) < 0) {
		job_finish(job);
		return -EMFILE;
	}
	snprintf(width, sizeof(width), "%u", columns);
	setenv("COLUMNS", width, 1);
	r = spawn(job, program, argv, out, error);
	unsetenv("COLUMNS");
	if (r) {
		job->pid = 0;
		job_finish(job);
		return err_sys(e, r, "start '%s'", program);
	}
	job->fds[2] = (int)syscall(SYS_pidfd_open, job->pid, 0);
	return 0;
}

size_t job_read(struct job *job, int which, char *buffer, size_t size)
{
	ssize_t n;

	if (job->fds[which] < 0)
		return 0;
	n = read(job->fds[which], buffer, size);
	if (n == 0)
		fd_close(&job->fds[which]);
	return n > 0 ? (size_t)n : 0;
}

bool job_reap(struct job *job, int *ret_status)
{
	int status;

	if (!job->pid || waitpid(job->pid, &status, WNOHANG) != job->pid)
		return false;
	job->pid = 0;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

void job_interrupt(struct job *job)
{
	if (!job->pid)
		return;
	kill(-job->pid, job->was_interrupted ? SIGKILL : SIGINT);
	job->was_interrupted = true;
}

void job_finish(struct job *job)
{
	if (job->pid) {
		kill(-job->pid, SIGKILL);
		waitpid(job->pid, NULL, 0);
	}
	for (int i = 0; i < JOB_FDS; i++)
		fd_close(&job->fds[i]);
	*job = JOB_NONE;
}
