/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker's side of a VM under test: each function a device may call, writing down the call.
 * The functions of the real runtime (engine/base/worker.c) are in a library and give way to
 * these.
 */
#include "vm_machine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct told *told_of(struct worker *w)
{
	return (struct told *)w;
}

static struct vm *machine; /* the one that callbacks find through worker_state() */

const struct sandbox_spec *worker_spec(const struct worker *w)
{
	static const struct sandbox_spec spec = {.kind = "vm", .name = "test"};
	(void)w;
	return &spec;
}

const struct rundir *worker_rundir(const struct worker *w)
{
	static const struct rundir none = {.base_fd = -1, .fd = -1, .lock_fd = -1};
	(void)w;
	return &none;
}

void worker_set_state(struct worker *w, void *state)
{
	(void)w;
	machine = state;
}

void *worker_state(const struct worker *w)
{
	(void)w;
	return machine;
}

const char *worker_data_path(struct worker *w, const char *file, char *buffer, size_t size)
{
	(void)w;
	snprintf(buffer, size, "%s/%s", getenv("ISOLAB_BUILD") ? getenv("ISOLAB_BUILD") : ".",
		 file);
	return buffer;
}

void worker_step_at(struct worker *w, const char *name, uint64_t start_ns, uint64_t end_ns,
		    const char *why)
{
	(void)name, (void)start_ns, (void)end_ns, (void)why;
	told_of(w)->steps++;
}

void worker_step(struct worker *w, const char *name, uint64_t start_ns, const char *why)
{
	worker_step_at(w, name, start_ns, start_ns, why);
}

void worker_ready(struct worker *w)
{
	told_of(w)->is_ready = true;
}

void worker_note(struct worker *w, const char *topic, const char *format, ...)
{
	(void)w, (void)topic, (void)format;
}

void worker_fail(struct worker *w, const struct err *error)
{
	told_of(w)->has_failed = true;
	told_of(w)->failure = *error;
}

void worker_exited(struct worker *w, int wait_status)
{
	told_of(w)->has_exited = true;
	told_of(w)->status = wait_status;
}

int worker_command_error(struct worker *w, int r)
{
	(void)w;
	return r;
}

void worker_output(struct worker *w, enum worker_stream stream, const void *data, size_t length)
{
	struct told *told = told_of(w);
	size_t room = MACHINE_OUTPUT - 1 - told->output_length;
	(void)stream;
	length = length < room ? length : room;
	memcpy(told->output + told->output_length, data, length);
	told->output_length += length;
}

bool worker_output_is_full(const struct worker *w)
{
	return ((const struct told *)w)->output_is_full;
}

void worker_exec_exited(struct worker *w, unsigned id, int wait_status)
{
	told_of(w)->exec_id = id;
	told_of(w)->exec_status = wait_status;
}

int worker_watch(struct worker *w, int fd, short events,
		 void (*on_ready)(struct worker *w, int fd, short revents, void *arg), void *arg,
		 struct err *e)
{
	(void)fd, (void)events, (void)on_ready, (void)arg, (void)e;
	told_of(w)->watched++;
	return 0;
}

void worker_unwatch(struct worker *w, int fd)
{
	(void)fd;
	if (told_of(w)->watched)
		told_of(w)->watched--;
}

void machine_init(struct vm *vm, struct told *told)
{
	*told = (struct told){0};
	*vm = (struct vm){.worker = (struct worker *)told,
			  .kvm_fd = -1,
			  .vm_fd = -1,
			  .vcpu.fd = -1,
			  .stats_fd = -1,
			  .ports = tiny_ports,
			  .entered_ns = 1};
	for (unsigned i = 0; i < VM_CHANNELS; i++)
		for (int k = 0; k < 3; k++)
			vm->channels[i].fds[k] = -1;
	if (memory_init(&vm->memory, MACHINE_BYTES, NULL) < 0)
		abort();
	vm->layout.programs_end = MACHINE_BYTES;
	vm->layout.programs_start = MACHINE_BYTES - MACHINE_BYTES / 8;
	vm->channels[0].is_used = true;
	worker_set_state(vm->worker, vm);
}

void machine_finish(struct vm *vm)
{
	memory_finish(&vm->memory);
	free(vm->devicetree);
	machine = NULL;
}
