/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox: what the monitor wants of us (vm/abi.h, struct vm_control): programs to start, signals
 * to deliver, and the news that input has come or that output can go on. It writes there while the
 * processor is stopped, between any two of our instructions, so each word is taken with one
 * exchange.
 */
#include <asm/errno.h>

#include "kernel.h"

static void start(uint32_t channel)
{
	struct task *task = &kernel.tasks[channel];
	int r = -EAGAIN;
	if (task->state == TASK_FREE && (!channel || task_count() < kernel.machine.tasks_max)) {
		task->channel = channel;
		r = program_load(task);
	}
	if (r < 0) {
		mailbox_answer(VM_ANSWER_STARTED, channel, (uint32_t)-r);
		return;
	}
	task->pid = ++kernel.last_pid;
	task->start_ns = clock_now_ns();
	task->is_announced = false; /* schedule() does that with its first turn */
	task_set_state(task, TASK_RUNNABLE);
}

void mailbox_answer(unsigned kind, uint32_t channel, uint32_t value)
{
	nucleus_write_port(kernel.machine.mailbox_port, VM_ANSWER(kind, channel, value));
}

static void wake(uint32_t channel)
{
	uint32_t waiting = kernel.waits_input | kernel.waits_output;
	if (waiting >> channel & 1)
		task_set_state(&kernel.tasks[channel], TASK_RUNNABLE);
}

static void deliver_signals(uint32_t channel)
{
	uint64_t *word = &control()->channel[channel].signals;
	uint64_t signals = __atomic_exchange_n(word, 0, __ATOMIC_RELAXED);
	for (; signals; signals &= signals - 1)
		task_signal(&kernel.tasks[channel], (unsigned)__builtin_ctzll(signals) + 1);
}

/* Takes a word of bits and does `serve` for each channel in it. */
static void take(uint32_t *word, void (*serve)(uint32_t channel))
{
	uint32_t bits = __atomic_exchange_n(word, 0, __ATOMIC_RELAXED) & ((1U << VM_CHANNELS) - 1);
	for (; bits; bits &= bits - 1)
		serve((uint32_t)__builtin_ctz(bits));
}

void mailbox_serve(void)
{
	struct vm_control *news = control();
	take(&news->readable, wake);
	take(&news->writable, wake);
	take(&news->start, start);
	take(&news->signalled, deliver_signals);
}
