/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * syscall: the system calls that need few instructions. They have Linux's numbers, arguments and results, so that the very same
 * static program runs here. All others, the unknown ones too, are the steward's (steward/calls.c).
 *
 * A handler returns the result for RAX, or leaves by schedule() when the task has to wait. A waiting write is made again
 * from the start when it can go on.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "kernel.h"

enum { FD_STDOUT = 1, FD_STDERR = 2 };
enum { SECOND_NS = 1000 * 1000 * 1000 };

/* Hands on a result of the console; if it is full the task waits. */
static int64_t written(struct task *task, int64_t result)
{
	if (result != -EAGAIN)
		return result;
	task_repeat_call(task);
	task_set_state(task, TASK_WAITS_OUTPUT);
	schedule();
}

static bool is_output(uint64_t fd)
{
	return fd <= FD_STDERR; /* 0 too: a terminal is open for both */
}

static uint32_t stream_of(uint64_t fd)
{
	return fd == FD_STDERR ? VM_STDERR : VM_STDOUT;
}

static int64_t call_write(struct task *task, const struct frame *frame)
{
	if (!is_output(frame->rdi))
		return -EBADF;
	return written(task, console_write(task, stream_of(frame->rdi), frame->rsi, frame->rdx));
}

static int64_t call_writev(struct task *task, const struct frame *frame)
{
	if (!is_output(frame->rdi))
		return -EBADF;
	return written(task,
		       console_write_vector(task, stream_of(frame->rdi), frame->rsi, frame->rdx));
}

static int64_t call_exit(struct task *task, const struct frame *frame)
{
	task_end(task, (frame->rdi & 0xff) << 8);
}

static int64_t call_getpid(struct task *task, const struct frame *frame)
{
	(void)frame;
	return task->pid;
}

static int64_t call_zero(struct task *task, const struct frame *frame)
{
	(void)task, (void)frame;
	return 0; /* user, group and parent */
}

static int64_t call_yield(struct task *task, const struct frame *frame)
{
	(void)frame;
	task->frame.rax = 0;
	kernel.is_turn_over = true;
	schedule();
}

/* Which clock is meant: nanoseconds to be added to our own. -EINVAL: none that we have. */
static int clock_offset(uint64_t clock, uint64_t *ret_offset_ns)
{
	enum {
		REALTIME = 0,
		MONOTONIC = 1,
		MONOTONIC_RAW = 4,
		COARSE_REALTIME = 5,
		COARSE = 6,
		BOOTTIME = 7
	};
	switch (clock) {
	case REALTIME:
	case COARSE_REALTIME:
		*ret_offset_ns = kernel.machine.realtime_ns;
		return 0;
	case MONOTONIC:
	case MONOTONIC_RAW:
	case COARSE:
	case BOOTTIME:
		*ret_offset_ns = 0;
		return 0;
	}
	return -EINVAL;
}

static int64_t call_clock_gettime(struct task *task, const struct frame *frame)
{
	(void)task;
	uint64_t offset_ns, address = frame->rsi;
	if (clock_offset(frame->rdi, &offset_ns) < 0)
		return -EINVAL;
	uint64_t now_ns = clock_now_ns() + offset_ns;
	if (address >= USER_END || user_store(address, now_ns / SECOND_NS) < 0 ||
	    user_store(address + 8, now_ns % SECOND_NS) < 0)
		return -EFAULT;
	return 0;
}

static int64_t sleep_until(struct task *task, uint64_t wake_ns)
{
	task->frame.rax = 0;
	task->wake_ns = wake_ns;
	task_set_state(task, TASK_SLEEPS);
	schedule();
}

/* Reads a struct timespec of the task; what is too long for our clock is cut to 100 years. */
static int load_time(uint64_t address, uint64_t *ret_ns)
{
	static const uint64_t longest = 100ULL * 365 * 24 * 3600;
	uint64_t seconds, nanoseconds;
	if (address >= USER_END || user_load(address, &seconds) < 0 ||
	    user_load(address + 8, &nanoseconds) < 0)
		return -EFAULT;
	if ((int64_t)seconds < 0 || nanoseconds >= SECOND_NS)
		return -EINVAL;
	*ret_ns = (seconds < longest ? seconds : longest) * SECOND_NS + nanoseconds;
	return 0;
}

static int64_t call_nanosleep(struct task *task, const struct frame *frame)
{
	uint64_t length_ns;
	int r = load_time(frame->rdi, &length_ns);
	return r < 0 ? r : sleep_until(task, clock_now_ns() + length_ns);
}

static int64_t call_clock_nanosleep(struct task *task, const struct frame *frame)
{
	enum { TIMER_ABSTIME = 1 };
	uint64_t offset_ns, time_ns;
	int r = clock_offset(frame->rdi, &offset_ns);
	if (r == 0)
		r = load_time(frame->rdx, &time_ns);
	if (r < 0)
		return r;
	if (!(frame->rsi & TIMER_ABSTIME))
		return sleep_until(task, clock_now_ns() + time_ns);
	return sleep_until(task, time_ns > offset_ns ? time_ns - offset_ns : 0);
}

static int64_t call_kill(struct task *task, const struct frame *frame)
{
	if (frame->rsi > 64)
		return -EINVAL;
	for (unsigned i = 0; i < VM_CHANNELS; i++) {
		struct task *victim = &kernel.tasks[i];
		if (victim->state == TASK_FREE || victim->pid != frame->rdi)
			continue;
		task->frame.rax = 0;
		task_signal(victim, (unsigned)frame->rsi);
		return 0;
	}
	return -ESRCH;
}

static int64_t (*const calls[])(struct task *, const struct frame *) = {
    [__NR_write] = call_write,
    [__NR_writev] = call_writev,
    [__NR_exit] = call_exit,
    [__NR_exit_group] = call_exit,
    [__NR_getpid] = call_getpid,
    [__NR_gettid] = call_getpid,
    [__NR_getppid] = call_zero,
    [__NR_getuid] = call_zero,
    [__NR_geteuid] = call_zero,
    [__NR_getgid] = call_zero,
    [__NR_getegid] = call_zero,
    [__NR_sched_yield] = call_yield,
    [__NR_clock_gettime] = call_clock_gettime,
    [__NR_nanosleep] = call_nanosleep,
    [__NR_clock_nanosleep] = call_clock_nanosleep,
    [__NR_kill] = call_kill,
};

_Noreturn void syscall_serve(struct task *task)
{
	struct frame *frame = &task->frame;
	uint64_t number = frame->rax;
	if (number >= sizeof(calls) / sizeof(calls[0]) || !calls[number]) {
		kernel.now_ns = clock_now_ns();
		steward_run(STEWARD_CALL, task);
	}
	frame->rax = (uint64_t)calls[number](task, frame);
	frame_resume(frame);
}
