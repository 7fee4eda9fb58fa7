/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * console: one write, one exit. The bytes are not copied: we look up in the task's page tables
 * where they lie in RAM, list the pieces in a packet and tell the monitor where the packet is. Only
 * pages that the task itself may read are listed, so that it cannot print the kernel's memory.
 * Input comes through a ring in the channel's memory (vm/abi.h, struct vm_input).
 */
#include <asm/errno.h>

#include "kernel.h"

/* Longer writes are cut: a program has to go on with the rest anyway. */
enum { WRITE_BYTES = 64 * 1024, VECTOR_MAX = 1024 };

static struct vm_packet packet;

/* Adds the pieces of a buffer as far as they fit. Returns how many bytes, or -EFAULT if there
 * was not even one. */
static int64_t add_buffer(const struct task *task, uint64_t address, uint64_t length)
{
	struct space space = task_space(task);
	uint64_t done = 0;
	while (done < length) {
		uint64_t gpa = space_look_up(&space, address + done, false);
		uint64_t size = PAGE_BYTES - (address + done) % PAGE_BYTES;
		if (!gpa)
			return done ? (int64_t)done : -EFAULT;
		if (size > length - done)
			size = length - done;
		struct vm_piece *last = &packet.pieces[packet.count ? packet.count - 1 : 0];
		if (packet.count && last->gpa + last->length == gpa)
			last->length += size;
		else if (packet.count < VM_PACKET_PIECES)
			packet.pieces[packet.count++] = (struct vm_piece){gpa, size};
		else
			break;
		done += size;
	}
	return (int64_t)done;
}

static int64_t send(const struct task *task, uint32_t stream)
{
	if (!packet.count)
		return 0;
	packet.channel = task->channel;
	packet.stream = stream;
	nucleus_write_port(kernel.machine.console_port, (uint32_t)gpa_of(&packet));
	return *(volatile int32_t *)&packet.result;
}

int64_t console_write(const struct task *task, uint32_t stream, uint64_t address, uint64_t length)
{
	packet.count = 0;
	int64_t r = add_buffer(task, address, length < WRITE_BYTES ? length : WRITE_BYTES);
	return r < 0 ? r : send(task, stream);
}

int64_t console_write_vector(const struct task *task, uint32_t stream, uint64_t vector,
			     uint64_t count)
{
	struct space space = task_space(task);
	uint64_t left = WRITE_BYTES;
	if (count > VECTOR_MAX)
		return -EINVAL;
	packet.count = 0;
	for (uint64_t i = 0; i < count && left; i++) {
		struct {
			uint64_t address, length;
		} buffer;
		if (space_read(&space, vector + i * sizeof(buffer), &buffer, sizeof(buffer)) < 0)
			return -EFAULT;
		uint64_t length = buffer.length < left ? buffer.length : left;
		int64_t r = add_buffer(task, buffer.address, length);
		if (r < 0 && !packet.count)
			return r;
		if (r < (int64_t)length)
			break;
		left -= length;
	}
	return send(task, stream);
}

void console_report(const struct task *task, const char *what, const struct text *details)
{
	static char report[256];
	struct text text = {.start = report, .size = sizeof(report)};
	text_add(&text, "isolab-tiny: ");
	text_add(&text, task->name);
	text_add(&text, ": ");
	text_add(&text, what);
	if (details)
		text_add_bytes(&text, details->start, details->length);
	text_add(&text, "\n");
	packet.count = 1;
	packet.pieces[0] = (struct vm_piece){gpa_of(report), text.length};
	send(task, VM_STDERR); /* a full console loses it */
}

/* How many bytes a read gets: with a terminal one line at most, and a zero byte is an
 * end-of-file that was typed. */
static uint32_t input_length(const struct vm_input *input, bool is_terminal, uint64_t size)
{
	uint32_t available = input->head - input->tail, length = 0;
	if (available > VM_INPUT_BYTES)
		available = 0; /* the monitor never says so */
	if (size < available)
		available = (uint32_t)size;
	if (!is_terminal)
		return available;
	while (length < available) {
		uint8_t byte = input->data[(input->tail + length) % VM_INPUT_BYTES];
		if (!byte)
			break;
		length++;
		if (byte == '\n')
			break;
	}
	return length;
}

int64_t console_read(const struct task *task, uint64_t address, uint64_t size)
{
	struct vm_input *input =
	    ram(VM_GPA_CHANNELS + task->channel * VM_CHANNEL_BYTES + VM_CHANNEL_INPUT);
	bool is_terminal = control()->channel[task->channel].flags & VM_CHANNEL_TTY;
	struct space space = task_space(task);
	if (!size)
		return 0;
	if (input->head == input->tail)
		return input->is_ended ? 0 : -EAGAIN;
	uint32_t length = input_length(input, is_terminal, size);
	if (!length) {
		input->tail++; /* the zero byte */
		return 0;
	}
	uint32_t start = input->tail % VM_INPUT_BYTES, first = VM_INPUT_BYTES - start;
	if (first > length)
		first = length;
	if (space_write(&space, address, input->data + start, first) < 0 ||
	    space_write(&space, address + first, input->data, length - first) < 0)
		return -EFAULT;
	input->tail += length;
	return length;
}
