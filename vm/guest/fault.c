/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fault: a task has done what the processor does not allow. If it only needed a larger stack it
 * gets one, else it ends with the signal that Linux would send, and its stderr says where and why.
 */
#include "kernel.h"

enum { SIGNAL_ILL = 4, SIGNAL_TRAP = 5, SIGNAL_BUS = 7, SIGNAL_FPE = 8, SIGNAL_SEGV = 11 };

/* By vector (Intel SDM vol. 3, 6.15); all others end with SIGSEGV. */
static const struct fault_kind {
	int fatal_signal;
	const char *about;
} kinds[32] = {
    [0] = {SIGNAL_FPE, "divided by zero"},
    [1] = {SIGNAL_TRAP, "debug trap"},
    [3] = {SIGNAL_TRAP, "breakpoint"},
    [4] = {SIGNAL_SEGV, "overflow"},
    [5] = {SIGNAL_SEGV, "out of bounds"},
    [6] = {SIGNAL_ILL, "invalid instruction"},
    [7] = {SIGNAL_ILL, "no such coprocessor"},
    [11] = {SIGNAL_BUS, "no such segment"},
    [12] = {SIGNAL_BUS, "stack address that cannot be"},
    [13] = {SIGNAL_SEGV, "instruction or address that a program may not use"},
    [14] = {SIGNAL_SEGV, "segmentation fault"},
    [16] = {SIGNAL_FPE, "floating point error"},
    [17] = {SIGNAL_BUS, "address not aligned"},
    [19] = {SIGNAL_FPE, "floating point error"},
};

/* The error code of a page fault. */
enum { FAULT_PRESENT = 1, FAULT_WRITE = 2, FAULT_FETCH = 16 };

static bool is_stack(uint64_t address)
{
	return address >= STACK_LIMIT && address < VM_STACK_TOP;
}

/* The stack grows by the page that was touched. */
static bool grow_stack(const struct task *task, uint64_t address)
{
	struct space space = task_space(task);
	if (task->frame.vector != VECTOR_PAGE_FAULT || (task->frame.error_code & FAULT_PRESENT))
		return false;
	return is_stack(address) && space_map_new(&space, address & ~(uint64_t)(PAGE_BYTES - 1),
						  SPACE_READ | SPACE_WRITE) == 0;
}

bool fault_reach_stack(const struct task *task)
{
	enum { RED_ZONE = 128 };
	uint64_t page = (task->frame.rsp - RED_ZONE) & ~(uint64_t)(PAGE_BYTES - 1);
	struct space space = task_space(task);
	bool has_grown = false;
	for (; is_stack(page); page += PAGE_BYTES)
		has_grown |= space_map_new(&space, page, SPACE_READ | SPACE_WRITE) == 0;
	return has_grown;
}

static void add_page_fault(struct text *text, uint64_t address, uint64_t error_code)
{
	const char *what = error_code & FAULT_FETCH   ? ": jump to "
			   : error_code & FAULT_WRITE ? ": write to "
						      : ": read of ";
	text_add(text, what);
	text_add_hex(text, address);
	text_add(text,
		 error_code & FAULT_PRESENT ? ", which it may not" : ", where nothing is mapped");
}

void fault_judge(struct task *task, uint64_t address)
{
	char details[128];
	const struct frame *frame = &task->frame;
	const struct fault_kind *kind = &kinds[frame->vector & 31];
	struct text text = {.start = details, .size = sizeof(details)};
	if (grow_stack(task, address))
		return;
	if (frame->vector == VECTOR_PAGE_FAULT)
		add_page_fault(&text, address, frame->error_code);
	text_add(&text, " (at ");
	text_add_hex(&text, frame->rip);
	text_add(&text, ")");
	console_report(task, kind->about ? kind->about : "exception", &text);
	task_signal(task, kind->fatal_signal ? (unsigned)kind->fatal_signal : SIGNAL_SEGV);
}
