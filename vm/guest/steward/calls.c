/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls: the system calls that take many instructions, by Linux's numbers. What stands neither here nor in ../syscall.c does not
 * exist on this kernel: -ENOSYS, "not implemented", which is not to be mistaken for "forbidden".
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "steward.h"

static int64_t (*const calls[])(struct task *, const struct frame *) = {
    [__NR_read] = files_read,
    [__NR_open] = files_open,
    [__NR_openat] = files_open_at,
    [__NR_close] = files_close,
    [__NR_lseek] = files_seek,
    [__NR_ioctl] = files_ioctl,
    [__NR_brk] = memory_brk,
    [__NR_mmap] = memory_map,
    [__NR_munmap] = memory_unmap,
    [__NR_mprotect] = memory_protect,
    [__NR_uname] = identity_uname,
    [__NR_sysinfo] = identity_sysinfo,
    [__NR_getrandom] = identity_random,
};

enum steward_answer calls_serve(struct task *task)
{
	struct frame *frame = &task->frame;
	uint64_t number = frame->rax;
	int64_t result = -ENOSYS;
	if (number < sizeof(calls) / sizeof(calls[0]) && calls[number])
		result = calls[number](task, frame);
	if (result == CALL_WAITS)
		return STEWARD_WAIT_INPUT;
	frame->rax = (uint64_t)result;
	return STEWARD_RESUME;
}
