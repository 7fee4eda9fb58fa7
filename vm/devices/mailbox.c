/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest's answers (abi.h, VM_ANSWER): a program was started, or could not be; a program has
 * ended. An answer about a channel that holds no program is a lie and ends the VM: believing it
 * would free what is in use.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "channel.h"
#include "clock.h"
#include "vm.h"

static enum port_result refuse(struct vm *vm, uint32_t value)
{
	struct err error = {0};
	err_set(&error, EPROTO, "the guest kernel answered 0x%x, which nobody asked", value);
	err_hint(&error, 0, "a bug in the guest kernel: please report it");
	vm_fail(vm, &error);
	return PORT_ENDED;
}

/* The main program runs: the boot is over. */
static enum port_result main_started(struct vm *vm)
{
	if (!vm->is_ready) {
		worker_step(vm->worker, "exec", vm->entered_ns,
			    "the guest kernel starts the program");
		vm->is_ready = true;
		worker_ready(vm->worker);
		vm_kick_soon(vm); /* the journal is written when the worker is back */
	}
	return PORT_DONE;
}

static enum port_result not_started(struct vm *vm, unsigned channel, int code)
{
	char text[160];
	int length = snprintf(text, sizeof(text),
			      "isolab: the guest kernel cannot start the program: %s\n",
			      strerror(code));
	if (channel == 0) {
		worker_output(vm->worker, WORKER_STDERR, text, (size_t)length);
		vm_end(vm, WORKER_STATUS_NOT_INVOKED << 8);
		return PORT_ENDED;
	}
	unsigned id = vm->channels[channel].exec_id;
	channel_finish(vm, channel);
	worker_exec_exited(vm->worker, id, WORKER_STATUS_NOT_INVOKED << 8);
	return PORT_YIELD;
}

enum port_result mailbox_write(struct vm *vm, uint32_t value)
{
	unsigned kind = value >> 24, channel = value >> 16 & 0xff, detail = value & 0xffff;
	if (channel >= VM_CHANNELS || !vm->channels[channel].is_used)
		return refuse(vm, value);
	if (kind == VM_ANSWER_STARTED && detail)
		return not_started(vm, channel, (int)detail);
	if (kind == VM_ANSWER_STARTED)
		return channel == 0 ? main_started(vm) : PORT_DONE;
	if (kind != VM_ANSWER_ENDED || channel == 0)
		return refuse(vm, value);
	unsigned id = vm->channels[channel].exec_id;
	channel_finish(vm, channel);
	worker_exec_exited(vm->worker, id, (int)detail);
	return PORT_YIELD;
}
