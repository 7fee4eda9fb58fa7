/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The console: one packet, one exit (abi.h, struct vm_packet). The packet is copied out before
 * anything in it is believed; the bytes it points at are only passed on. Channel 0 goes to the
 * worker, which never refuses (the CPU is not run while the user's own terminal is full); an
 * exec's channel goes to its client's descriptor, which may be slow: poll says whether it takes
 * PIPE_BUF bytes, and more than that is not written at a time, since O_NONBLOCK would change the
 * client's own descriptor.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

#include "channel.h"
#include "terminal.h"
#include "vm.h"

/* What one packet may move, whatever it says: a packet that lists all of the RAM many times over
 * would keep the monitor from everything else. */
enum { PACKET_BYTES = 64 * 1024 };

static void on_reader_ready(struct worker *worker, int fd, short revents, void *arg)
{
	struct vm *vm = worker_state(worker);
	unsigned channel = (unsigned)((struct channel *)arg - vm->channels);
	(void)revents;
	worker_unwatch(worker, fd);
	vm->channels[channel].wants_output = false;
	channel_control(vm)->writable |= 1u << channel;
	vm_raise(vm, VM_VECTOR_EVENT);
}

/* Writes to an exec's descriptor without ever waiting. Returns the count, -EAGAIN, -EPIPE. */
static int write_out(struct vm *vm, struct channel *channel, int fd, const char *data,
		     size_t length)
{
	size_t done = 0;
	while (done < length) {
		struct pollfd room = {.fd = fd, .events = POLLOUT};
		size_t count = length - done < PIPE_BUF ? length - done : PIPE_BUF;
		if (poll(&room, 1, 0) <= 0)
			break;
		ssize_t written = write(fd, data + done, count);
		if (written < 0 && errno != EAGAIN && errno != EINTR)
			return done ? (int)done : -EPIPE;
		if (written <= 0)
			break;
		done += (size_t)written;
	}
	if (done < length && !channel->wants_output)
		channel->wants_output = worker_watch(vm->worker, fd, POLLOUT, on_reader_ready,
						     channel, NULL) == 0;
	return done ? (int)done : -EAGAIN;
}

/* At most `room` bytes of one piece of a packet. Returns how much was taken, or -errno. */
static int put_piece(struct vm *vm, const struct vm_packet *packet, const struct vm_piece *piece,
		     size_t room)
{
	struct channel *channel = &vm->channels[packet->channel];
	const char *data = memory_at(&vm->memory, piece->gpa, piece->length);
	size_t length = piece->length < room ? piece->length : room;
	if (!data)
		return -EFAULT;
	if (packet->channel != 0)
		return write_out(vm, channel, channel->fds[packet->stream], data, length);
	if (channel->is_tty)
		terminal_output(vm, data, length);
	else
		worker_output(vm->worker, (enum worker_stream)packet->stream, data, length);
	return (int)length;
}

static int put_packet(struct vm *vm, const struct vm_packet *packet)
{
	int taken = 0;
	if (packet->channel >= VM_CHANNELS || !vm->channels[packet->channel].is_used ||
	    packet->count > VM_PACKET_PIECES ||
	    (packet->stream != VM_STDOUT && packet->stream != VM_STDERR))
		return -EINVAL;
	for (uint32_t i = 0; i < packet->count; i++) {
		int r = put_piece(vm, packet, &packet->pieces[i], PACKET_BYTES - (size_t)taken);
		if (r < 0)
			return taken ? taken : r;
		taken += r;
		if ((uint64_t)r < packet->pieces[i].length)
			break;
	}
	return taken;
}

enum port_result console_write_port(struct vm *vm, uint32_t value)
{
	struct vm_packet packet;
	if (memory_read(&vm->memory, value, &packet, sizeof(packet)) < 0) {
		struct err error = {0};
		err_set(&error, EFAULT, "the guest's console packet at 0x%x is outside its memory",
			value);
		vm_fail(vm, &error);
		return PORT_ENDED;
	}
	int32_t result = put_packet(vm, &packet);
	memory_write(&vm->memory, value + offsetof(struct vm_packet, result), &result,
		     sizeof(result));
	return worker_output_is_full(vm->worker) ? PORT_YIELD : PORT_DONE;
}
