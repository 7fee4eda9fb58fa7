/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_KERNEL_H
#define ISOLAB_TINY_KERNEL_H
/*
 * kernel: the state of the whole kernel, and what its files offer each other.
 *
 * All of it runs with interrupts off and from one trap to the next resume, so nothing here needs a
 * lock, and no function waits.
 */
#include <stddef.h>

#include "frames.h"
#include "machine.h"
#include "memlayout.h"
#include "nucleus.h"
#include "space.h"
#include "task.h"
#include "text.h"

enum { BOOT_ID_BYTES = 37 };

struct kernel {
	struct machine machine; /* from the device tree */
	struct frames frames;   /* free memory */
	bool is_inside;         /* a trap now would be our own fault */

	struct task tasks[VM_CHANNELS];
	struct task *current;   /* whose turn it is, also while the kernel is idle */
	struct task *fpu_owner; /* whose SSE registers the processor holds */
	uint64_t fpu_parts;     /* for XSAVE; 0: FXSAVE */
	uint32_t last_pid;

	/* Bit n: tasks[n]. */
	uint32_t runnable, sleeping, waits_input, waits_output;

	uint64_t tsc_start;
	uint64_t timer_ns;    /* what the timer is set to, 0: off */
	uint64_t turn_end_ns; /* when the turn of the running task ends, 0: never */
	bool is_turn_over;

	uint64_t random_counter;
	char boot_id[BOOT_ID_BYTES];
};

extern struct kernel kernel;

/* RAM through the window. */
static inline void *ram(uint64_t gpa)
{
	return (void *)(VM_WINDOW + gpa); /* an address is a number here */
}

static inline uint64_t gpa_of(const void *address)
{
	return (uint64_t)address - VM_WINDOW;
}

static inline struct vm_control *control(void)
{
	return ram(VM_GPA_CONTROL);
}

static inline uint8_t owner_of(const struct task *task)
{
	return (uint8_t)(FRAME_OF_TASK + task->channel);
}

static inline struct space task_space(const struct task *task)
{
	return (struct space){&kernel.frames, task->pml4, owner_of(task)};
}

/* schedule.c */
/* Gives the processor to whom it is due, or sleeps. The only way out of the kernel. */
_Noreturn void schedule(void);
void task_set_state(struct task *task, enum task_state state);
/* Ends a task with a wait(2) status. The end of the main task is the machine's. */
void task_end(struct task *task, uint32_t wait_status);
/* Delivers a signal: there are no handlers, so it ends the task or is ignored. */
void task_signal(struct task *task, unsigned number);
uint32_t task_count(void);

/* clock.c */
void clock_start(void);
uint64_t clock_now_ns(void);
/* The timer went off: wakes sleepers, ends the turn of the running task. */
void clock_tick(void);
/* Sets the timer to the next thing due, if there is any. */
void clock_arm(void);

/* fpu.c */
/* Finds out how much there is to be saved. */
void fpu_init(void);
/* The registers are the task's from now on; those of the task before are saved. */
void fpu_take(struct task *task);

/* mailbox.c: serves what the monitor has left in its mailbox. */
void mailbox_serve(void);
/* Tells the monitor: enum VM_ANSWER_…, and an errno or a wait status. */
void mailbox_answer(unsigned kind, uint32_t channel, uint32_t value);

/* program.c: loads the program of the task's channel. 0, -ENOEXEC, -ENOMEM. */
int program_load(struct task *task);

/* console.c: one packet, one exit. Returns bytes taken, or -errno; -EAGAIN: nothing now. */
int64_t console_write(const struct task *task, uint32_t stream, uint64_t address, uint64_t length);
int64_t console_write_vector(const struct task *task, uint32_t stream, uint64_t vector,
			     uint64_t count);
/* A sentence of the kernel itself, on the stderr of the task: its name, what is the matter, and
 * details, which may be NULL. */
void console_report(const struct task *task, const char *what, const struct text *details);
/* Input into the task's memory: bytes, 0 at the end, -errno; -EAGAIN: nothing yet. */
int64_t console_read(const struct task *task, uint64_t address, uint64_t size);

/* fault.c: the task has done what the processor does not allow; `address`: of a page fault. */
void fault_judge(struct task *task, uint64_t address);
/* Gives the task the stack between its RSP and what it has already. False: nothing was missing. */
bool fault_reach_stack(const struct task *task);

/* identity.c: makes the boot id. */
void identity_init(void);

/* panic.c: the kernel's last words. `frame` may be NULL. */
_Noreturn void panic(enum vm_panic_kind kind, const struct frame *frame, uint64_t address,
		     const char *what);

#endif
