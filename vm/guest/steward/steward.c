/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * steward: ring 0 calls, we answer. In the order of a machine's life:
 *
 *	BOOT	discover.c reads the device tree; frames.c takes over the free memory
 *	START	program.c loads a program: elf.c reads its file, space.c builds its address space
 *	CALL	calls.c does a system call: memory.c, files.c (with proc.c and cpio.c), identity.c
 *	FAULT	fault.c: a larger stack, or the end of the task and a sentence why
 *	END	all frames of the task are cleared and free again
 */
#include "steward.h"

#include "discover.h"
#include "string.h"

struct steward steward;

static int64_t boot(void)
{
	const char *why;
	int r = discover_machine(&kernel.machine, ram(kernel.devicetree), VM_DEVICETREE_BYTES,
				 &why);
	if (r < 0) {
		string_copy(kernel.report, sizeof(kernel.report), why);
		return r;
	}
	frames_init(&steward.frames, ram(0), kernel.machine.free_start, kernel.machine.free_end);
	identity_init();
	return 0;
}

struct space task_space(const struct task *task)
{
	return (struct space){.frames = &steward.frames,
			      .pml4 = task->pml4,
			      .owner = (uint8_t)(FRAME_OF_TASK + task->channel)};
}

int64_t steward_main(enum steward_request request, struct task *client)
{
	kernel.report_length = 0;
	switch (request) {
	case STEWARD_BOOT:
		return boot();
	case STEWARD_START:
		return program_load(client);
	case STEWARD_CALL:
		return calls_serve(client);
	case STEWARD_FAULT:
		return fault_judge(client);
	case STEWARD_END:
		frames_give_all(&steward.frames, (uint8_t)(FRAME_OF_TASK + client->channel));
		return 0;
	}
	return 0;
}
