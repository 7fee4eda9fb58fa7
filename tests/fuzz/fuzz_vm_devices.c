/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile guest: the input is a script of writes to memory, writes to ports, and of what the
 * outside does meanwhile (bytes typed, signals, execs that begin and end). Whatever it does, the
 * devices may neither crash nor wait, and nothing outside of its memory is touched (sanitisers
 * look).
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../unit/vm_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left of the input. */
struct script {
	const uint8_t *data;
	size_t left;
};

static uint32_t take(struct script *script, size_t bytes)
{
	uint32_t value = 0;
	bytes = bytes < script->left ? bytes : script->left;
	memcpy(&value, script->data, bytes);
	script->data += bytes;
	script->left -= bytes;
	return value;
}

static void write_memory(struct vm *vm, struct script *script)
{
	uint32_t gpa = take(script, 3);
	size_t length = take(script, 1);
	length = length < script->left ? length : script->left;
	memory_write(&vm->memory, gpa, script->data, length);
	script->data += length;
	script->left -= length;
}

static void write_port(struct vm *vm, struct script *script)
{
	struct err error = {0};
	uint16_t number = (uint16_t)(VM_PORT_MARK + take(script, 1) % 32);
	uint32_t value = take(script, 4);
	const struct port *port = port_find(vm->ports, number, 4, 1, 1, &error);
	if (port)
		port->on_write(vm, value);
}

/* An exec that writes into nothing, so that its channel can be printed to. */
static void begin_exec(struct vm *vm, struct script *script)
{
	unsigned channel = take(script, 1) % VM_CHANNELS;
	struct channel *c = &vm->channels[channel];
	if (channel == 0 || c->is_used)
		return;
	*c = (struct channel){.is_used = true, .exec_id = channel, .fds = {-1, -1, -1}};
	c->fds[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	c->fds[2] = open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static void type_bytes(struct vm *vm, struct script *script)
{
	size_t length = take(script, 1);
	length = length < script->left ? length : script->left;
	vm->channels[0].is_tty = length & 1;
	if (vm->channels[0].is_tty)
		terminal_input(vm, script->data, length);
	else
		channel_put_input(vm, take(script, 1) % VM_CHANNELS, script->data,
				  length < script->left ? length : script->left);
}

static void send_signal(struct vm *vm, struct script *script)
{
	unsigned channel = take(script, 1) % VM_CHANNELS;
	channel_signal(vm, channel, 1 + (int)(take(script, 1) % 64));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const acts[])(struct vm *, struct script *) = {
	    write_memory, write_port, begin_exec, type_bytes, send_signal,
	};
	struct script script = {data, size};
	struct told told;
	struct vm vm;
	machine_init(&vm, &told);
	while (script.left && !vm.has_ended)
		acts[take(&script, 1) % (sizeof(acts) / sizeof(acts[0]))](&vm, &script);
	for (unsigned i = 1; i < VM_CHANNELS; i++)
		channel_finish(&vm, i);
	machine_finish(&vm);
	return 0;
}
