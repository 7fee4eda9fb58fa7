/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The monitor's side of the mailbox (abi.h). It writes into guest memory only while the CPU
 * stands still, and believes nothing it reads there: of an input ring it reads `tail` only, and a
 * tail that makes no sense counts as "full", which harms only the guest. An exec's stdin is read
 * only when its ring has room; the descriptor is left alone otherwise.
 */
#include "channel.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "str.h"

struct vm_control *channel_control(const struct vm *vm)
{
	return (struct vm_control *)(vm->memory.host + VM_GPA_CONTROL);
}

struct vm_input *channel_input(const struct vm *vm, unsigned channel)
{
	uint64_t gpa = VM_GPA_CHANNELS + (uint64_t)channel * VM_CHANNEL_BYTES + VM_CHANNEL_INPUT;
	return (struct vm_input *)(vm->memory.host + gpa);
}

/* ---- programs ---- */

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

int channel_start(struct vm *vm, unsigned channel, const struct program *program,
		  char *const argv[], char *const env[], struct err *e)
{
	uint64_t stack = VM_GPA_CHANNELS + (uint64_t)channel * VM_CHANNEL_BYTES + VM_CHANNEL_STACK;
	struct vm_input *input = channel_input(vm, channel);
	struct vm_channel request = {
	    .program_gpa = program->gpa,
	    .program_bytes = program->bytes,
	    .flags = vm->channels[channel].is_tty ? VM_CHANNEL_TTY : 0,
	};
	if (vm->entered_ns) { /* another program was here before */
		memset(vm->memory.host + stack, 0, VM_STACK_BYTES);
		input->head = input->tail = input->is_ended = 0;
	}
	int r = program_build_stack(&vm->memory, stack, program, argv, env, &request.stack_pointer,
				    e);
	if (r < 0)
		return r;
	str_copy(request.name, sizeof(request.name), last_component(argv[0]));
	struct vm_control *control = channel_control(vm);
	control->channel[channel] = request;
	control->start |= 1u << channel;
	vm->channels[channel].is_used = true;
	if (vm->entered_ns)
		vm_raise(vm, VM_VECTOR_EVENT);
	return 0;
}

int channel_find_free(const struct vm *vm, struct err *e)
{
	for (int i = 1; i < VM_CHANNELS; i++)
		if (!vm->channels[i].is_used)
			return i;
	err_set(e, EBUSY, "%d programs run in this virtual machine already", VM_CHANNELS - 1);
	return err_hint(e, -EBUSY, "wait until one has ended");
}

void channel_finish(struct vm *vm, unsigned channel)
{
	struct channel *c = &vm->channels[channel];
	for (int i = 0; i < 3; i++) {
		if (c->fds[i] >= 0)
			worker_unwatch(vm->worker, c->fds[i]);
		fd_close(&c->fds[i]);
	}
	*c = (struct channel){.fds = {-1, -1, -1}};
}

/* ---- input ---- */

size_t channel_input_room(const struct vm *vm, unsigned channel)
{
	uint32_t tail = *(volatile uint32_t *)&channel_input(vm, channel)->tail;
	uint32_t filled = vm->channels[channel].input_head - tail;
	return filled > VM_INPUT_BYTES ? 0 : VM_INPUT_BYTES - filled;
}

static void announce_input(struct vm *vm, unsigned channel)
{
	channel_control(vm)->readable |= 1u << channel;
	vm_raise(vm, VM_VECTOR_EVENT);
}

size_t channel_put_input(struct vm *vm, unsigned channel, const void *data, size_t length)
{
	struct vm_input *ring = channel_input(vm, channel);
	struct channel *c = &vm->channels[channel];
	size_t room = channel_input_room(vm, channel);
	size_t count = length < room ? length : room;
	for (size_t i = 0; i < count; i++)
		ring->data[(c->input_head + i) % VM_INPUT_BYTES] = ((const uint8_t *)data)[i];
	c->input_head += (uint32_t)count;
	ring->head = c->input_head;
	if (count)
		announce_input(vm, channel);
	return count;
}

void channel_end_input(struct vm *vm, unsigned channel)
{
	channel_input(vm, channel)->is_ended = 1;
	announce_input(vm, channel);
}

void channel_signal(struct vm *vm, unsigned channel, int signal_number)
{
	struct vm_control *control = channel_control(vm);
	control->channel[channel].signals |= 1ull << (signal_number - 1);
	control->signalled |= 1u << channel;
	vm_raise(vm, VM_VECTOR_EVENT);
}
