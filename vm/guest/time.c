/* SPDX-License-Identifier: GPL-3.0-or-later */
/* time: the system calls about clocks. There is one clock; CLOCK_REALTIME is it plus what the
 * device tree said at the start. */
#include <asm/errno.h>
#include <linux/time.h>

#include "calls.h"

/* A struct timespec as it lies in a task's memory. */
struct moment {
	uint64_t seconds, nanoseconds;
};

/* What is to be added to our clock. */
static int clock_offset(uint64_t clock, uint64_t *ret_offset_ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ret_offset_ns = kernel.machine.realtime_ns;
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ret_offset_ns = 0;
		return 0;
	}
	return -EINVAL;
}

int64_t call_clock_gettime(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	uint64_t offset_ns;
	if (clock_offset(frame->rdi, &offset_ns) < 0)
		return -EINVAL;
	uint64_t now_ns = clock_now_ns() + offset_ns;
	struct moment now = {now_ns / SECOND_NS, now_ns % SECOND_NS};
	return space_write(&space, frame->rsi, &now, sizeof(now));
}

/* Reads a moment of the task; what is too long for our clock is cut to 100 years. */
static int read_moment(const struct task *task, uint64_t address, uint64_t *ret_ns)
{
	static const uint64_t longest = 100ULL * 365 * 24 * 3600;
	struct space space = task_space(task);
	struct moment moment;
	if (space_read(&space, address, &moment, sizeof(moment)) < 0)
		return -EFAULT;
	if ((int64_t)moment.seconds < 0 || moment.nanoseconds >= SECOND_NS)
		return -EINVAL;
	uint64_t seconds = moment.seconds < longest ? moment.seconds : longest;
	*ret_ns = seconds * SECOND_NS + moment.nanoseconds;
	return 0;
}

static int64_t sleep_until(struct task *task, uint64_t wake_ns)
{
	task->wake_ns = wake_ns;
	task_set_state(task, TASK_SLEEPS);
	return 0; /* what it finds when it wakes */
}

int64_t call_nanosleep(struct task *task, const struct frame *frame)
{
	uint64_t length_ns;
	int r = read_moment(task, frame->rdi, &length_ns);
	return r < 0 ? r : sleep_until(task, clock_now_ns() + length_ns);
}

int64_t call_clock_nanosleep(struct task *task, const struct frame *frame)
{
	uint64_t offset_ns, time_ns;
	int r = clock_offset(frame->rdi, &offset_ns);
	if (r == 0)
		r = read_moment(task, frame->rdx, &time_ns);
	if (r < 0)
		return r;
	if (!(frame->rsi & TIMER_ABSTIME))
		return sleep_until(task, clock_now_ns() + time_ns);
	return sleep_until(task, time_ns > offset_ns ? time_ns - offset_ns : 0);
}
