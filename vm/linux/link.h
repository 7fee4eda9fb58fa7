/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_LINK_H
#define ISOLAB_VM_LINK_H
/*
 * link: the line between the worker and the agent of its guest, as the worker uses it. All on the
 * worker's thread.
 */
#include "agent.h"
#include "str.h"
#include "worker.h"

struct linux_vm;

/* A program in the guest, and where its bytes go. */
struct link_client {
	bool is_used, is_running, has_ended, has_input;
	bool is_input_watched, is_output_watched[3];
	unsigned exec_id;         /* of worker_exec; the main program has none */
	int fds[3];               /* an exec's, owned; -1 for the main one */
	int status;               /* of wait(2), once it has ended */
	size_t room;              /* bytes of input the agent takes now */
	size_t owed[3];           /* main: output that is to be acknowledged, by stream */
	struct strbuf waiting[3]; /* exec: output that its reader has not taken yet */
};

/* What to run. All borrowed. */
struct link_command {
	unsigned flags; /* enum agent_start_flags */
	unsigned rows, columns;
	const char *workdir, *hostname; /* NULL: as it is */
	char *const *argv, *const *env;
};

/* Sends a message; what does not fit the line now follows later (link_flush). */
void link_send(struct linux_vm *machine, enum agent_message type, unsigned program, uint32_t value,
	       const void *body, size_t length);
void link_flush(struct linux_vm *machine);
/* Takes what the guest has sent, and does what it says. */
void link_receive(struct linux_vm *machine, const uint8_t *bytes, size_t length);
/* Acknowledges the main program's output, if the worker takes more. */
void link_pay(struct linux_vm *machine);

/* Starts program 0. -E2BIG. */
int link_start(struct linux_vm *machine, unsigned program, const struct link_command *command,
	       struct err *e);
/* Starts another one, whose bytes go to the descriptors of `x`, which it takes. */
int link_exec(struct linux_vm *machine, struct worker_exec *x, const struct link_command *command,
	      struct err *e);
/* The number of an exec's program, or -ESRCH. */
int link_find_exec(const struct linux_vm *machine, unsigned id);
/* Input for a program; returns how many bytes were taken. */
size_t link_input(struct linux_vm *machine, unsigned program, const void *data, size_t length);
void link_input_end(struct linux_vm *machine, unsigned program);
/* Ends all execs. */
void link_finish(struct linux_vm *machine);

#endif
