/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * console: one write, one exit. The bytes are not copied: we look up in the task's page tables where they lie in RAM, list the pieces in
 * a packet and tell the monitor where the packet is. Only pages that the task itself may read are listed, so that it cannot print
 * the kernel's memory.
 */
#include <asm/errno.h>

#include "kernel.h"
#include "x86.h"

static struct vm_packet packet;

/* The gpa of a task's page, 0 if the task cannot read it. Four levels: 9 bits of the address each. */
static uint64_t user_page(const struct task *task, uint64_t address)
{
	if (address >= USER_END)
		return 0;
	uint64_t entry = task->pml4;
	for (int shift = 39; shift >= 12; shift -= 9) {
		const uint64_t *table = ram(entry & PAGE_FRAME);
		entry = table[address >> shift & 511];
		if ((entry & (PAGE_PRESENT | PAGE_USER)) != (PAGE_PRESENT | PAGE_USER))
			return 0;
	}
	return entry & PAGE_FRAME;
}

/* Adds the pieces of a buffer as far as they fit. Returns how many bytes, or -EFAULT if there was not even one. */
static int64_t add_buffer(const struct task *task, uint64_t address, uint64_t length)
{
	uint64_t done = 0;
	while (done < length) {
		uint64_t page = user_page(task, address + done);
		uint64_t offset = (address + done) & (PAGE_BYTES - 1), size = PAGE_BYTES - offset;
		if (!page)
			return done ? (int64_t)done : -EFAULT;
		if (size > length - done)
			size = length - done;
		struct vm_piece *last = &packet.pieces[packet.count - 1];
		if (packet.count && last->gpa + last->length == page + offset)
			last->length += size;
		else if (packet.count < VM_PACKET_PIECES)
			packet.pieces[packet.count++] = (struct vm_piece){.gpa = page + offset,
									  .length = size};
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
	x86_write_port(kernel.machine.console_port, (uint32_t)gpa_of(&packet));
	return packet.result;
}

/* Longer writes are cut: a program has to go on with the rest anyway. */
enum { WRITE_BYTES = 64 * 1024 };

int64_t console_write(const struct task *task, uint32_t stream, uint64_t address, uint64_t length)
{
	packet.count = 0;
	int64_t r = add_buffer(task, address, length < WRITE_BYTES ? length : WRITE_BYTES);
	return r < 0 ? r : send(task, stream);
}

int64_t console_write_vector(const struct task *task, uint32_t stream, uint64_t vector,
			     uint64_t count)
{
	uint64_t left = WRITE_BYTES;
	if (count > 1024)
		return -EINVAL;
	packet.count = 0;
	for (uint64_t i = 0; i < count && left; i++) {
		uint64_t address, length;
		if (vector >= USER_END || user_load(vector + 16 * i, &address) < 0 ||
		    user_load(vector + 16 * i + 8, &length) < 0)
			return -EFAULT;
		if (length > left)
			length = left;
		int64_t r = add_buffer(task, address, length);
		if (r < 0 && !packet.count)
			return r;
		if (r < (int64_t)length)
			break;
		left -= length;
	}
	return send(task, stream);
}

void console_report(const struct task *task, const char *text, uint32_t length)
{
	packet.count = 1;
	packet.pieces[0] = (struct vm_piece){.gpa = gpa_of(text), .length = length};
	send(task, VM_STDERR); /* a full console loses it */
}
