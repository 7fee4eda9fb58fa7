/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls: the table of system calls, and the smallest ones. What does not stand in the table does
 * not exist on this kernel: -ENOSYS, "not implemented", which is not to be mistaken for
 * "forbidden".
 */
#include "calls.h"

#include <asm/errno.h>
#include <asm/unistd_64.h>

static int64_t call_exit(struct task *task, const struct frame *frame)
{
	task_end(task, (frame->rdi & 0xff) << 8);
	return CALL_LEFT;
}

static int64_t call_getpid(struct task *task, const struct frame *frame)
{
	(void)frame;
	return task->pid;
}

/* User, group and parent: nobody but root is here, and nobody started us. */
static int64_t call_zero(struct task *task, const struct frame *frame)
{
	(void)task, (void)frame;
	return 0;
}

static int64_t call_sched_yield(struct task *task, const struct frame *frame)
{
	(void)task, (void)frame;
	kernel.is_turn_over = true;
	return 0;
}

static int64_t call_kill(struct task *task, const struct frame *frame)
{
	if (frame->rsi > 64)
		return -EINVAL;
	for (unsigned i = 0; i < VM_CHANNELS; i++) {
		struct task *victim = &kernel.tasks[i];
		if (victim->state == TASK_FREE || victim->pid != frame->rdi)
			continue;
		task_signal(victim, (unsigned)frame->rsi);
		return task->state == TASK_FREE ? CALL_LEFT : 0;
	}
	return -ESRCH;
}

static const struct {
	uint64_t number;
	int64_t (*serve)(struct task *, const struct frame *);
} calls[] = {
    {__NR_read, call_read},
    {__NR_write, call_write},
    {__NR_writev, call_writev},
    {__NR_open, call_open},
    {__NR_openat, call_openat},
    {__NR_close, call_close},
    {__NR_lseek, call_lseek},
    {__NR_fstat, call_fstat},
    {__NR_newfstatat, call_newfstatat},
    {__NR_getdents64, call_getdents64},
    {__NR_ioctl, call_ioctl},
    {__NR_brk, call_brk},
    {__NR_mmap, call_mmap},
    {__NR_munmap, call_munmap},
    {__NR_mprotect, call_mprotect},
    {__NR_exit, call_exit},
    {__NR_exit_group, call_exit},
    {__NR_getpid, call_getpid},
    {__NR_gettid, call_getpid},
    {__NR_getppid, call_zero},
    {__NR_getuid, call_zero},
    {__NR_geteuid, call_zero},
    {__NR_getgid, call_zero},
    {__NR_getegid, call_zero},
    {__NR_kill, call_kill},
    {__NR_sched_yield, call_sched_yield},
    {__NR_clock_gettime, call_clock_gettime},
    {__NR_nanosleep, call_nanosleep},
    {__NR_clock_nanosleep, call_clock_nanosleep},
    {__NR_uname, call_uname},
    {__NR_sysinfo, call_sysinfo},
    {__NR_getrandom, call_getrandom},
};

static int64_t serve(struct task *task, const struct frame *frame)
{
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].number == frame->rax)
			return calls[i].serve(task, frame);
	}
	return -ENOSYS;
}

void calls_serve(struct task *task)
{
	struct frame *frame = &task->frame;
	int64_t result = serve(task, frame);
	if (result == -EFAULT && fault_reach_stack(task))
		result = serve(task, frame); /* a buffer on stack that was never touched yet */
	if (result == CALL_REPEAT)
		frame->rip -= 2; /* the length of `syscall`; RAX is still its number */
	else if (result != CALL_LEFT)
		frame->rax = (uint64_t)result;
}
