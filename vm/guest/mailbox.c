/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox: what the monitor wants of us (vm/abi.h, struct vm_control): programs to start, signals to deliver, and the news that
 * input has come or that output can go on. It writes there while the processor is stopped, between any two of our instructions, so
 * each word is taken with one exchange.
 */
#include <asm/errno.h>

#include "kernel.h"
#include "x86.h"

static uint32_t take(uint32_t *word)
{
	return *word ? __atomic_exchange_n(word, 0, __ATOMIC_RELAXED) : 0;
}

static void answer(unsigned kind, uint32_t channel, uint32_t value)
{
	x86_write_port(kernel.machine.mailbox_port, VM_ANSWER(kind, channel, value));
}

static uint32_t count_tasks(void)
{
	uint32_t count = 0;
	for (unsigned i = 0; i < VM_CHANNELS; i++)
		count += kernel.tasks[i].state != TASK_FREE;
	return count;
}

/* Begins with the lowest of the programs to start; schedule() brings us back for the next. */
static void start_next(void)
{
	uint32_t channel = (uint32_t)__builtin_ctz(kernel.starting);
	struct task *task = &kernel.tasks[channel];
	kernel.starting &= kernel.starting - 1;
	kernel.is_event_pending = true;
	if (task->state != TASK_FREE || (channel && count_tasks() >= kernel.machine.tasks_max)) {
		answer(VM_ANSWER_STARTED, channel, EAGAIN);
		return;
	}
	task->channel = channel;
	task->pid = ++kernel.last_pid;
	steward_run(STEWARD_START, task);
}

void mailbox_started(struct task *task, int64_t result)
{
	if (result == 0) {
		task->start_ns = clock_now_ns();
		task_set_state(task, TASK_RUNNABLE);
	}
	answer(VM_ANSWER_STARTED, task->channel, (uint32_t)-result);
}

static void wake(uint32_t channels)
{
	for (; channels; channels &= channels - 1)
		task_set_state(&kernel.tasks[__builtin_ctz(channels)], TASK_RUNNABLE);
}

void task_signal(struct task *task, unsigned number)
{
	static const uint64_t ignored = 1ULL << 17 /* CHLD */ | 1ULL << 18 /* CONT */ |
					1ULL << 19 /* STOP */ | 1ULL << 20 /* TSTP */ |
					1ULL << 21 /* TTIN */ | 1ULL << 22 /* TTOU */ |
					1ULL << 23 /* URG */ | 1ULL << 28 /* WINCH */;
	if (task->state != TASK_FREE && number && number < 64 && !(ignored >> number & 1))
		task_end(task, number);
}

static void deliver_signals(uint32_t channels)
{
	kernel.is_event_pending = true; /* a task_end() does not come back here */
	for (; channels; channels &= channels - 1) {
		uint32_t channel = (uint32_t)__builtin_ctz(channels);
		uint64_t *word = &control()->channel[channel].signals;
		uint64_t signals = __atomic_exchange_n(word, 0, __ATOMIC_RELAXED);
		kernel.signalled &= ~(1U << channel);
		for (; signals; signals &= signals - 1)
			task_signal(&kernel.tasks[channel], (unsigned)__builtin_ctzll(signals) + 1);
	}
}

void mailbox_serve(void)
{
	struct vm_control *news = control();
	wake(take(&news->readable) & kernel.waits_input);
	wake(take(&news->writable) & kernel.waits_output);
	kernel.starting |= take(&news->start);
	kernel.signalled |= take(&news->signalled);
	if (kernel.signalled)
		deliver_signals(kernel.signalled & ~kernel.starting);
	if (kernel.starting)
		start_next();
}
