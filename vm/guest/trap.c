/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trap: every way into the kernel but the first ends here, with the registers of whom it
 * interrupted: a task, or the processor asleep (from ring 0), or the kernel itself, which is a
 * panic.
 *
 * System calls come in two ways. `syscall` at its best lands at ring 0: vector VECTOR_SYSCALL, made
 * up by nucleus.S. At its worst it lands in the gate at ring 3, whose `cli` gives a protection
 * fault. Both leave the return address in RCX and the flags in R11. Everything in those two
 * registers may be forged by a jump to the gate, so they are checked here.
 */
#include "calls.h"
#include "kernel.h"

/* Whatever the task did to its flags, it can be interrupted. */
static void save(struct task *task, const struct frame *frame)
{
	task->frame = *frame;
	task->frame.rflags |= FLAGS_FIXED | FLAGS_INTERRUPT;
}

static void begin_call(struct frame *frame)
{
	frame->rip = frame->rcx;
	frame->rflags = (frame->r11 & FLAGS_USER) | FLAGS_FIXED | FLAGS_INTERRUPT;
	frame->cs = SELECTOR_USER_CODE;
	frame->ss = SELECTOR_USER_DATA;
	if (frame->rip >= USER_END)
		frame->rip = 0; /* iretq would fault at ring 0; a fault at 0 is the task's */
}

static void trap_of_task(struct task *task, const struct frame *frame, uint64_t address)
{
	bool is_gate = frame->vector == VECTOR_PROTECTION && frame->rip == GATE;
	save(task, frame);
	if (is_gate || frame->vector == VECTOR_SYSCALL) {
		begin_call(&task->frame);
		calls_serve(task);
	} else {
		fault_judge(task, address);
	}
}

_Noreturn void trap(const struct frame *frame, uint64_t address)
{
	bool is_interrupt = frame->vector == VM_VECTOR_TIMER || frame->vector == VM_VECTOR_EVENT;
	bool is_from_ring0 = (frame->cs & 3) == 0; /* that is: the processor was idle */
	if (kernel.is_inside || is_from_ring0 != (kernel.runnable == 0) ||
	    (is_from_ring0 && !is_interrupt))
		panic(VM_PANIC_FAULT, frame, address, "fault in the kernel");
	kernel.is_inside = true;

	if (!is_interrupt) {
		trap_of_task(kernel.current, frame, address);
	} else {
		if (!is_from_ring0)
			save(kernel.current, frame);
		if (frame->vector == VM_VECTOR_TIMER)
			clock_tick();
		else
			mailbox_serve();
	}
	schedule();
}
