/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trap: every way into the kernel ends here, with the registers of whom it interrupted. Who was that?
 *
 *	a task		a system call, a fault, the end of its turn, or news from the monitor
 *	the steward	it has finished its request (it says so by `ud2`); or an interrupt, which has to wait until then
 *	ring 0		it was idle; or it touched a page of a task that is not there (user_load, user_store); or it is broken
 *
 * System calls come in two ways. `syscall` at its best lands at ring 0: vector VECTOR_SYSCALL, made up by entry.S. At its worst it
 * lands in the gate at ring 3, whose `cli` gives a protection fault. Both leave the return address in RCX and the flags in R11.
 * Everything in those two registers may be forged by a jump to the gate, so they are checked here.
 */
#include "kernel.h"
#include "x86.h"

static _Noreturn void trap_from_kernel(struct frame *frame)
{
	switch (frame->vector) {
	case VM_VECTOR_TIMER:
		clock_tick();
		schedule();
	case VM_VECTOR_EVENT:
		kernel.is_event_pending = true;
		schedule();
	case VECTOR_PAGE_FAULT:
		if (frame->rip == (uint64_t)user_store || frame->rip == (uint64_t)user_load) {
			frame->rip = (uint64_t)user_fault;
			frame_resume(frame);
		}
	}
	panic(VM_PANIC_FAULT, frame, "fault at ring 0");
}

static _Noreturn void steward_answered(int64_t result)
{
	struct task *client = kernel.client;
	kernel.is_steward_active = false;
	switch (kernel.request) {
	case STEWARD_BOOT:
		kernel_booted(result);
	case STEWARD_START:
		mailbox_started(client, result);
		schedule();
	case STEWARD_END:
		task_ended(client);
	case STEWARD_CALL:
	case STEWARD_FAULT:
		break;
	}
	if (result == STEWARD_WAIT_INPUT) {
		task_repeat_call(client);
		task_set_state(client, TASK_WAITS_INPUT);
	} else if (result == STEWARD_KILL) {
		if (kernel.report_length)
			console_report(client, kernel.report, kernel.report_length);
		task_end(client, (uint32_t)kernel.fatal_signal);
	}
	schedule();
}

static _Noreturn void trap_from_steward(struct frame *frame)
{
	switch (frame->vector) {
	case VECTOR_INVALID:
		steward_answered((int64_t)frame->rax);
	case VM_VECTOR_TIMER:
		kernel.is_tick_pending = true;
		frame_resume(frame);
	case VM_VECTOR_EVENT:
		kernel.is_event_pending = true;
		frame_resume(frame);
	}
	panic(VM_PANIC_FAULT, frame, "fault in the steward, the kernel's half at ring 3");
}

static _Noreturn void trap_from_task(struct task *task)
{
	struct frame *frame = &task->frame;
	switch (frame->vector) {
	case VECTOR_PROTECTION:
		if (frame->rip != GATE)
			break;
		frame->rip = frame->rcx;
		frame->rflags = frame->r11;
		/* fall through */
	case VECTOR_SYSCALL:
		frame->rflags = (frame->rflags & FLAGS_USER) | FLAGS_FIXED | FLAGS_INTERRUPT;
		if (frame->rip >= USER_END)
			frame->rip =
			    0; /* iretq would fault at ring 0; a page fault at 0 is the task's own */
		syscall_serve(task);
	case VM_VECTOR_TIMER:
		clock_tick();
		schedule();
	case VM_VECTOR_EVENT:
		kernel.is_event_pending = true;
		schedule();
	case VECTOR_PAGE_FAULT:
		kernel.fault_address = x86_read_cr2();
		break;
	}
	steward_run(STEWARD_FAULT, task);
}

_Noreturn void trap(struct frame *frame)
{
	if ((frame->cs & 3) == 0)
		trap_from_kernel(frame);
	if (kernel.is_steward_active)
		trap_from_steward(frame);
	trap_from_task(kernel.current);
}
