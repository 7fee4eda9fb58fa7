/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_ENTER_H
#define ISOLAB_CONTAINER_ENTER_H
/*
 * enter: one more program inside a container that runs (`exec`): into all of its namespaces at
 * once, then under the same capabilities, filter and limits as process 1.
 */
#include <sys/types.h>

#include "container.h"
#include "err.h"

struct worker_exec;

enum { ENTERED_MAX = 32 };

struct entered {
	unsigned id;
	int pidfd; /* -1: free entry */
	pid_t pid;
	int listener; /* where its filter tells refused calls, the caller's; -1: it does not */
};

struct enter_list {
	struct entered entries[ENTERED_MAX];
	bool is_command_error; /* the last failure was the command's, not the wall's */
};

void enter_list_init(struct enter_list *list);
/* Kills and reaps what still runs. */
void enter_list_finish(struct enter_list *list);
/* By its id, by its pidfd; NULL: none. */
struct entered *enter_find(struct enter_list *list, unsigned id);
struct entered *enter_find_pidfd(struct enter_list *list, int pidfd);
/* Waits for an ended one, frees its entry, returns its wait status. */
int enter_reap(struct entered *entered);

/* Starts the program of `x` inside `c`. The new entry is in *ret. */
int enter_start(struct container *c, struct enter_list *list, struct worker_exec *x,
		struct entered **ret_entered, struct err *e);

#endif
