/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity: who this machine is: its names, its size, its boot id, its random numbers. The boot id
 * is random and new at every start, as on Linux: two programs that read the same one have the same
 * kernel under them.
 */
#include <asm/errno.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include "calls.h"
#include "random.h"
#include "string.h"
#include "text.h"
#include "version.h"

static void next_block(uint8_t block[RANDOM_BLOCK_BYTES])
{
	random_block(kernel.machine.seed, kernel.random_counter++, block);
}

/* Version 4 of RFC 4122: random, but for six bits. */
void identity_init(void)
{
	static const uint8_t dash_before[16] = {[4] = 1, [6] = 1, [8] = 1, [10] = 1};
	uint8_t block[RANDOM_BLOCK_BYTES];
	struct text text = {.start = kernel.boot_id, .size = sizeof(kernel.boot_id) - 1};
	next_block(block);
	block[6] = (block[6] & 0x0f) | 0x40;
	block[8] = (block[8] & 0x3f) | 0x80;
	for (unsigned i = 0; i < sizeof(dash_before); i++) {
		if (dash_before[i])
			text_add(&text, "-");
		text_add_digits(&text, block[i], 2);
	}
}

int64_t call_uname(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	struct new_utsname names;
	memset(&names, 0, sizeof(names));
	string_copy(names.sysname, sizeof(names.sysname), TINY_NAME);
	string_copy(names.nodename, sizeof(names.nodename), kernel.machine.hostname);
	string_copy(names.release, sizeof(names.release), TINY_RELEASE);
	string_copy(names.version, sizeof(names.version), TINY_BUILD);
	string_copy(names.machine, sizeof(names.machine), "x86_64");
	string_copy(names.domainname, sizeof(names.domainname), "(none)");
	return space_write(&space, frame->rdi, &names, sizeof(names));
}

int64_t call_sysinfo(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	struct sysinfo info;
	memset(&info, 0, sizeof(info));
	info.uptime = (long)(clock_now_ns() / SECOND_NS);
	info.totalram = kernel.machine.memory_bytes;
	info.freeram = kernel.frames.free * PAGE_BYTES;
	info.mem_unit = 1;
	info.procs = (uint16_t)task_count();
	return space_write(&space, frame->rdi, &info, sizeof(info));
}

int64_t call_getrandom(struct task *task, const struct frame *frame)
{
	enum { MOST = 256 * 1024 };
	struct space space = task_space(task);
	uint8_t block[RANDOM_BLOCK_BYTES];
	uint64_t length = frame->rsi < MOST ? frame->rsi : MOST, done = 0;
	while (done < length) {
		uint64_t size = length - done < sizeof(block) ? length - done : sizeof(block);
		next_block(block);
		if (space_write(&space, frame->rdi + done, block, size) < 0)
			return done ? (int64_t)done : -EFAULT;
		done += size;
	}
	return (int64_t)done;
}
