/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock: what time it is, and the timer. The clock is the processor's own counter, which the device
 * tree gives the speed of: time begins for us at our first instruction. (Always read at ring 3:
 * ring 0 may see another counter.) The timer is a device that interrupts once, so many µs from now.
 * We only set it when somebody sleeps or several tasks share the processor: an idle machine gets no
 * interrupt at all ("tickless").
 */
#include "kernel.h"
#include "x86.h"

static const uint64_t turn_ns = 10 * 1000 * 1000;

void clock_start(void)
{
	kernel.tsc_start = x86_read_tsc();
}

uint64_t clock_now_ns(void)
{
	__extension__ typedef unsigned __int128 wide;
	wide ticks = x86_read_tsc() - kernel.tsc_start;
	return (uint64_t)(ticks * kernel.machine.tsc_multiplier >> 32);
}

void clock_tick(void)
{
	uint64_t now_ns = clock_now_ns();
	kernel.timer_ns = 0;
	for (uint32_t left = kernel.sleeping; left; left &= left - 1) {
		struct task *task = &kernel.tasks[__builtin_ctz(left)];
		if (task->wake_ns <= now_ns)
			task_set_state(task, TASK_RUNNABLE);
	}
	if (kernel.turn_end_ns && kernel.turn_end_ns <= now_ns) {
		kernel.turn_end_ns = 0;
		kernel.is_turn_over = true;
	}
}

/* The next time at which something is to be done; UINT64_MAX: never. */
static uint64_t next_due_ns(uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;
	if (kernel.runnable & (kernel.runnable - 1)) {
		if (!kernel.turn_end_ns)
			kernel.turn_end_ns = now_ns + turn_ns;
		next_ns = kernel.turn_end_ns;
	} else {
		kernel.turn_end_ns = 0;
	}
	for (uint32_t left = kernel.sleeping; left; left &= left - 1) {
		uint64_t wake_ns = kernel.tasks[__builtin_ctz(left)].wake_ns;
		if (wake_ns < next_ns)
			next_ns = wake_ns;
	}
	return next_ns;
}

void clock_arm(void)
{
	uint64_t now_ns = clock_now_ns(), next_ns = next_due_ns(now_ns);
	if (next_ns == UINT64_MAX || (kernel.timer_ns && kernel.timer_ns <= next_ns))
		return; /* nothing to do, or it goes off early enough and then we come here again */
	uint64_t wait_us = next_ns > now_ns ? (next_ns - now_ns + 999) / 1000 : 1;
	kernel.timer_ns = next_ns;
	nucleus_write_port(kernel.machine.timer_port,
			   wait_us < UINT32_MAX ? (uint32_t)wait_us : UINT32_MAX);
}
