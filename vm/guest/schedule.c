/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schedule: whose turn it is. Tasks that can run are bits of kernel.runnable; they take turns in
 * the order of their numbers. A turn ends by waiting, by ending, or, if there is another task to
 * run, by the timer (clock.c). When nobody can run the processor sleeps until an interrupt.
 *
 * There is no kernel stack to be switched: a trap has left all of a task in its `frame`, so running
 * one means loading that.
 */
#include "kernel.h"

void task_set_state(struct task *task, enum task_state state)
{
	uint32_t bit = 1U << task->channel;
	kernel.runnable &= ~bit;
	kernel.sleeping &= ~bit;
	kernel.waits_input &= ~bit;
	kernel.waits_output &= ~bit;
	task->state = state;
	switch (state) {
	case TASK_RUNNABLE:
		kernel.runnable |= bit;
		break;
	case TASK_SLEEPS:
		kernel.sleeping |= bit;
		break;
	case TASK_WAITS_INPUT:
		kernel.waits_input |= bit;
		break;
	case TASK_WAITS_OUTPUT:
		kernel.waits_output |= bit;
		break;
	case TASK_FREE:
		break;
	}
}

void task_end(struct task *task, uint32_t wait_status)
{
	if (task->channel == 0)
		nucleus_write_port(kernel.machine.power_port, wait_status); /* the end */
	if (kernel.fpu_owner == task)
		kernel.fpu_owner = NULL;
	task_set_state(task, TASK_FREE);
	frames_give_all(&kernel.frames, owner_of(task));
	if (!task->is_announced) /* it was killed before its first turn */
		mailbox_answer(VM_ANSWER_STARTED, task->channel, 0);
	mailbox_answer(VM_ANSWER_ENDED, task->channel, wait_status);
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

uint32_t task_count(void)
{
	uint32_t count = 0;
	for (unsigned i = 0; i < VM_CHANNELS; i++)
		count += kernel.tasks[i].state != TASK_FREE;
	return count;
}

/* The running task until its turn is over, then the next one in the circle. */
static struct task *next_task(void)
{
	uint32_t runnable = kernel.runnable;
	if (kernel.current) {
		uint32_t number = kernel.current->channel;
		if (!kernel.is_turn_over && (runnable & (1U << number)))
			return kernel.current;
		uint32_t behind = runnable & ~((2U << number) - 1);
		if (behind)
			runnable = behind;
	}
	return &kernel.tasks[__builtin_ctz(runnable)];
}

_Noreturn void schedule(void)
{
	clock_arm();
	kernel.is_inside = false;
	if (!kernel.runnable)
		nucleus_halt();
	struct task *task = next_task();
	if (kernel.current != task || kernel.is_turn_over) {
		kernel.current = task;
		kernel.is_turn_over = false;
		task->turns++;
	}
	fpu_take(task);
	if (task->is_announced)
		nucleus_resume(&task->frame, task->pml4);
	task->is_announced = true;
	nucleus_start(&task->frame, task->pml4, (uint16_t)kernel.machine.mailbox_port,
		      VM_ANSWER(VM_ANSWER_STARTED, task->channel, 0));
}
