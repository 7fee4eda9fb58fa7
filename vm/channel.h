/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_CHANNEL_H
#define ISOLAB_VM_CHANNEL_H
/*
 * channel: a program inside and what connects it to the outside: its place in the mailbox, its
 * input ring, its first stack. Channel 0 is the main program; its bytes go through the worker.
 * 1–7 are execs; their bytes go to descriptors of the client.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "program.h"
#include "vm.h"

/* Lays a program into a free channel, with its first stack, and asks the guest to start it (at
 * boot: channel 0, no interrupt). 0 or -errno. */
int channel_start(struct vm *vm, unsigned channel, const struct program *program,
		  char *const argv[], char *const env[], struct err *e);
/* A free channel among the execs, or -EBUSY. */
int channel_find_free(const struct vm *vm, struct err *e);
/* Closes what it holds; the guest has ended its program. */
void channel_finish(struct vm *vm, unsigned channel);

/* Puts bytes into the input ring; returns how many fit. */
size_t channel_put_input(struct vm *vm, unsigned channel, const void *data, size_t length);
/* How many bytes the input ring takes now. */
size_t channel_input_room(const struct vm *vm, unsigned channel);
/* Nothing will follow in the input ring. */
void channel_end_input(struct vm *vm, unsigned channel);

/* Delivers a signal to the program. */
void channel_signal(struct vm *vm, unsigned channel, int signal_number);

/* The mailbox and an input ring, in the guest's memory (which lies in RAM whatever its size).
 * Only written through. */
struct vm_control *channel_control(const struct vm *vm);
struct vm_input *channel_input(const struct vm *vm, unsigned channel);

#endif
