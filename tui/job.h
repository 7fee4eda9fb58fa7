/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_JOB_H
#define ISOLAB_JOB_H
/*
 * job: a command that takes long, run beside the screen as a program of its own, so that the screen
 * never waits. Its output comes through two pipes; it is in a process group of its own, so that
 * Ctrl-C reaches all of it and nothing else.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"

enum { JOB_FDS = 3 }; /* to poll: its stdout, its stderr, its end */

struct job {
	pid_t pid; /* 0 = no job */
	int fds[JOB_FDS];
	bool was_interrupted;
};
#define JOB_NONE ((struct job){.fds = {-1, -1, -1}})

/* Starts `program` with argv; stdin is /dev/null; COLUMNS tells it how wide its tables may be. */
int job_start(struct job *job, const char *program, char *const argv[], unsigned columns,
	      struct err *e);
/* Reads what is there from its stdout (0) or stderr (1). Returns the count; 0 = nothing now. */
size_t job_read(struct job *job, int which, char *buffer, size_t size);
/* True once it has ended and its output was read; *ret_status as a shell has it. The job is
 * JOB_NONE then. */
bool job_reap(struct job *job, int *ret_status);
/* SIGINT, the second time SIGKILL. */
void job_interrupt(struct job *job);
/* Kills and reaps. */
void job_finish(struct job *job);

#endif
