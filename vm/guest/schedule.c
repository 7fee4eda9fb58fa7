/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schedule: whose turn it is. Tasks that can run are bits of kernel.runnable; they take turns in the order of their numbers. A turn
 * ends by waiting, by ending, or, if there is another task to run, by the timer (clock.c). When nobody can run the processor sleeps
 * until an interrupt.
 *
 * There is no kernel stack to be switched: a trap has left all of a task in its `frame`, so running a task is: tell the TSS
 * where the next trap shall push, load CR3 if the address space is another one, and frame_resume().
 *
 * The steward is run in the same way, but is no task: it has no turn, it is called (steward_run) and answers (trap.c). Its rflags
 * ask for no interrupts, yet an emulated processor may let them in all the same: trap.c lets those wait.
 */
#include "kernel.h"
#include "x86.h"

/* The task state segment of tables.S, as far as we change it. */
extern struct {
	uint32_t reserved;
	uint64_t ring0_stack;
} __attribute__((packed)) task_state;

extern char steward_pml4[];

static struct frame steward_frame = {
    .cs = SELECTOR_USER_CODE,
    .ss = SELECTOR_USER_DATA,
    .rflags = FLAGS_FIXED,
};

static _Noreturn void enter(struct frame *frame, uint64_t pml4)
{
	if (kernel.active_frame != frame) {
		kernel.active_frame = frame;
		task_state.ring0_stack = (uint64_t)(frame + 1);
	}
	if (kernel.active_pml4 != pml4) {
		kernel.active_pml4 = pml4;
		x86_write_cr3(pml4);
	}
	frame_resume(frame);
}

_Noreturn void steward_run(enum steward_request request, struct task *client)
{
	kernel.request = request;
	kernel.client = client;
	kernel.is_steward_active = true;
	steward_frame.rip = (uint64_t)steward_entry;
	steward_frame.rsp = (uint64_t)steward_stack_top;
	steward_frame.rdi = request;
	steward_frame.rsi = (uint64_t)client;
	enter(&steward_frame, gpa_of(steward_pml4));
}

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

void task_repeat_call(struct task *task)
{
	task->frame.rip -= 2; /* the length of `syscall`; RAX is still its number */
}

_Noreturn void task_end(struct task *task, uint32_t wait_status)
{
	if (task->channel == 0)
		x86_write_port(kernel.machine.power_port, wait_status);
	task->wait_status = wait_status;
	if (kernel.fpu_owner == task)
		kernel.fpu_owner = NULL;
	task_set_state(task, TASK_FREE);
	steward_run(STEWARD_END, task);
}

_Noreturn void task_ended(struct task *task)
{
	x86_write_port(kernel.machine.mailbox_port,
		       VM_ANSWER(VM_ANSWER_ENDED, task->channel, task->wait_status));
	schedule();
}

/* The running task until its turn is over, then the next one in the circle. NULL: nobody. */
static struct task *next_task(void)
{
	uint32_t runnable = kernel.runnable;
	if (!runnable)
		return NULL;
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

static void take_fpu(struct task *task)
{
	if (kernel.fpu_owner == task)
		return;
	if (kernel.fpu_owner)
		x86_save_fpu(kernel.fpu_owner->fpu);
	x86_restore_fpu(task->fpu);
	kernel.fpu_owner = task;
}

_Noreturn void schedule(void)
{
	if (kernel.is_tick_pending) {
		kernel.is_tick_pending = false;
		clock_tick();
	}
	if (kernel.is_event_pending) {
		kernel.is_event_pending = false;
		mailbox_serve();
	}
	clock_arm();
	struct task *task = next_task();
	if (!task)
		idle_wait();
	if (kernel.current != task || kernel.is_turn_over) {
		kernel.current = task;
		kernel.is_turn_over = false;
		task->turns++;
	}
	take_fpu(task);
	enter(&task->frame, task->pml4);
}
