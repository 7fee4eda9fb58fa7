/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TEST_WORKER_FRONT_H
#define ISOLAB_TEST_WORKER_FRONT_H
/*
 * worker_front: for the tests of the worker runtime, a wall that runs nothing and a front that
 * talks to it.
 *
 * The wall does what the first word of its command says: exit N, fail, missing, odd (start fails),
 * boot (never ready), say, flood, full-disk, deaf (ignores signals), full (takes no input),
 * anything else: idle. The front makes the directory, forks the worker, speaks to its socket, and
 * reads the journal afterwards.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "console.h"
#include "journal.h"
#include "rundir.h"
#include "wire.h"
#include "worker.h"

struct front {
	char path[64];
	struct rundir dir; /* looked at only */
	pid_t worker;
	int output;  /* what the worker writes to its stdout */
	int lease;   /* our end */
	int events;  /* kept open, for the directory may be removed */
	int console; /* as well */
	struct wire_message message;
};

/* "fake" with all entries, "bare" with the mandatory ones only. */
extern const struct wall *const front_walls[];

/* Set-up and tear-down of a test, with a runtime directory of its own. */
int front_make(void **state);
int front_remove(void **state);

/* Starts the worker of sandbox "demo" with the options and command of `line`; returns when the
 * wall stands. */
void front_start(struct front *front, const char *line);
void front_start_kind(struct front *front, const char *kind, const char *line, bool leased);
/* Waits for the worker's end. Returns its exit status. */
int front_wait_end(struct front *front);

/* A connection to the worker. */
int front_dial(struct front *front);
/* Sends front->message and receives the answer into it. Returns the answer's type. */
uint32_t front_ask(struct front *front, int fd);
uint32_t front_request(struct front *front, int fd, enum wire_type type, uint32_t a, uint32_t b);

/* The last event of that kind and name ("" = any). False: none. */
bool front_find_event(struct front *front, enum event_kind kind, const char *name,
		      struct event *ret);
/* The journal ends with this exit and this state. */
void front_assert_exit(struct front *front, const char *name, const char *value, const char *state);
ssize_t front_read_console(struct front *front, char *buffer, size_t size, uint64_t *ret_lost);

#endif
