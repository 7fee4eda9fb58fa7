/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TINY_KERNEL_H
#define TINY_KERNEL_H
/*
 * kernel: the state of the whole kernel, and what its files offer each other.
 *
 * The kernel has two halves. Ring 0 (this directory) does what only ring 0 can, in few instructions: traps, turns, clock, console.
 * The steward (steward/) is trusted like ring 0 but runs at ring 3, where instructions are always native: it reads the device
 * tree, loads programs, builds address spaces, writes /proc, copies and clears memory. Ring 0 calls it like a function: see
 * steward_run(). While it runs nothing else does.
 */
#include <stddef.h>

#include "machine.h"
#include "memlayout.h"
#include "task.h"

/* What ring 0 asks of the steward. Its answer is steward_main()'s result. */
enum steward_request {
	STEWARD_BOOT,  /* read the device tree → 0 */
	STEWARD_START, /* load a channel's program into the task → 0 or -errno */
	STEWARD_CALL,  /* a system call of the task → enum steward_answer */
	STEWARD_FAULT, /* the task has faulted → enum steward_answer */
	STEWARD_END,   /* free what the task had → 0 */
};

enum steward_answer {
	STEWARD_RESUME,     /* the task goes on */
	STEWARD_WAIT_INPUT, /* the system call is to be made again when the channel has input */
	STEWARD_KILL, /* the task ends by kernel.fatal_signal; kernel.report says why, on its stderr */
};

enum { REPORT_BYTES = 256 };

struct kernel {
	struct machine machine; /* filled in by the steward from the device tree */
	uint64_t devicetree;    /* gpa */

	struct task tasks[VM_CHANNELS];
	struct task *current;   /* NULL: idle */
	struct task *fpu_owner; /* whose SSE registers the processor holds */
	uint32_t runnable;      /* bit n: tasks[n] */
	uint32_t sleeping;
	uint32_t waits_input, waits_output;
	uint32_t last_pid;
	uint64_t active_pml4; /* what CR3 holds */

	/* The steward at work: request and for whom; `steward` is its registers, as those of a task. */
	struct frame *active_frame; /* of the running task or the steward */
	enum steward_request request;
	struct task *client;
	bool is_steward_active;
	bool is_event_pending; /* the mailbox has something new */
	bool is_tick_pending;
	uint32_t starting, signalled; /* bits taken from the mailbox, not served yet */

	uint64_t tsc_start;
	uint64_t
	    now_ns; /* when the system call was made: the steward cannot read the clock, ring 3 may have another counter */
	uint64_t turn_end_ns; /* when the running task's turn ends, 0: never */
	uint64_t timer_ns;    /* what the timer is set to, 0: off */
	bool is_turn_over;

	int fatal_signal;
	uint64_t fault_address;
	uint32_t report_length;
	char report[REPORT_BYTES];
};

extern struct kernel kernel;

/* RAM through the window. */
static inline void *ram(uint64_t gpa)
{
	return (void *)(VM_WINDOW + gpa); /* NOLINT: an address is a number here */
}

static inline uint64_t gpa_of(const void *address)
{
	return (uint64_t)address - VM_WINDOW;
}

static inline struct vm_control *control(void)
{
	return ram(VM_GPA_CONTROL);
}

static inline struct vm_input *channel_input(uint32_t channel)
{
	return ram(VM_GPA_CHANNELS + channel * VM_CHANNEL_BYTES + VM_CHANNEL_INPUT);
}

/* entry.S */
_Noreturn void frame_resume(struct frame *frame);
_Noreturn void idle_wait(void);
void steward_entry(void);
int user_store(uint64_t address, uint64_t value);
int user_load(uint64_t address, uint64_t *ret_value);
void user_fault(void);
extern char gate[], steward_stack_top[], frame_iret[];

/* main.c: the first request has been answered; go on starting. */
_Noreturn void kernel_booted(int64_t result);

/* trap.c: every way into the kernel but the first. */
_Noreturn void trap(struct frame *frame);

/* schedule.c */
/* Gives the processor to whom it is due, or sleeps. The only way on after a trap. */
_Noreturn void schedule(void);
/* Lets the steward answer a request for `client` (may be NULL); trap() goes on at steward_answered(). */
_Noreturn void steward_run(enum steward_request request, struct task *client);
void task_set_state(struct task *task, enum task_state state);
/* Makes the task's system call happen once more when it runs again: waiting calls do so. */
void task_repeat_call(struct task *task);
/* Ends a task with a wait(2) status. */
_Noreturn void task_end(struct task *task, uint32_t wait_status);
/* The steward has freed it. */
_Noreturn void task_ended(struct task *task);

/* clock.c */
void clock_start(void);
uint64_t clock_now_ns(void);
/* The timer went off: wakes sleepers, ends the turn of the running task. */
void clock_tick(void);
/* Sets the timer to the next thing due, if anything is; tickless otherwise. */
void clock_arm(void);

/* mailbox.c: serves what the monitor has left in its mailbox. Returns when nothing is left, may leave by steward_run(). */
void mailbox_serve(void);
/* The steward has loaded the program (or could not). */
void mailbox_started(struct task *task, int64_t result);
/* Delivers a signal: there are no handlers, so it ends the task or is ignored. */
void task_signal(struct task *task, unsigned number);

/* console.c: one packet, one exit. Returns bytes taken, or -errno; -EAGAIN: nothing now. */
int64_t console_write(const struct task *task, uint32_t stream, uint64_t address, uint64_t length);
int64_t console_write_vector(const struct task *task, uint32_t stream, uint64_t vector,
			     uint64_t count);
/* Text of the kernel itself, on the stderr of the task. */
void console_report(const struct task *task, const char *text, uint32_t length);

/* syscall.c: does the system call of the current task. */
_Noreturn void syscall_serve(struct task *task);

/* panic.c: the kernel's last words. */
_Noreturn void panic(enum vm_panic_kind kind, const struct frame *frame, const char *what);

#endif
