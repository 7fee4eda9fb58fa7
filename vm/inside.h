/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_INSIDE_H
#define ISOLAB_VM_INSIDE_H
/*
 * inside: what a worker asks of any machine whose guest has our agent in it, and what the agent's
 * words mean to the sandbox: the same for every machine and every transport. The machine says only
 * how bytes get in, hands those that come out to link_receive(vm->link, …), and calls link_pay()
 * and link_flush() once per turn of its loop.
 */
#include <stddef.h>
#include <stdint.h>

#include "link.h"
#include "vm.h"

/* What differs from machine to machine. */
struct inside_machine {
	/* Hands bytes to the guest; returns how many are taken now. */
	size_t (*send)(struct vm *vm, const uint8_t *bytes, size_t length);
	/* The agent has spoken: stamps the steps of the boot up to here (vm_stamp). */
	void (*on_up)(struct vm *vm);
	/* The rest is optional: what is not so in the image that comes with isolab. */
	/* The main program has ended. Without: so has the machine. */
	void (*on_exited)(struct vm *vm, int status);
	char *const *command;          /* of a sandbox without one */
	char *const *terminal_command; /* the same on a terminal */
	bool has_init_of_its_own;      /* the agent is not process 1, `init` was stamped by on_up */
};

/* Makes vm->link. The machine is borrowed. -ENOMEM. */
int inside_create(struct vm *vm, const struct inside_machine *machine, struct err *e);
/* Ends what runs beside the main program, frees vm->link. Without one: nothing. */
void inside_destroy(struct vm *vm);

/* Entries of struct wall. */
int inside_signal(struct worker *worker, int signal_number, struct err *e);
int inside_resize(struct worker *worker, unsigned rows, unsigned columns, struct err *e);
ssize_t inside_input(struct worker *worker, const void *data, size_t length);
int inside_exec(struct worker *worker, struct worker_exec *x, struct err *e);
int inside_exec_signal(struct worker *worker, unsigned id, int signal_number, struct err *e);

#endif
