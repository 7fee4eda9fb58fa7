/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TINY_TASK_H
#define TINY_TASK_H
/*
 * task: one running program. There are VM_CHANNELS of them at most, and task n is the program of channel n of the monitor's
 * mailbox: 0 is the main program, whose end is the machine's end.
 *
 * Ring 0 and the steward share this structure; they never run at the same time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "memlayout.h"

/*
 * The registers of an interrupted program, as they lie on the stack: pushed by trap_entry (entry.S) from the end of the first
 * line upwards, by the vector's stub, and, the last five, by the processor itself.
 */
struct frame {
	uint64_t r15, r14, r13, r12, rbx, rbp, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct frame) == FRAME_BYTES, "entry.S knows the frame's size");
_Static_assert(__builtin_offsetof(struct frame, cs) == FRAME_CS, "entry.S looks at CS");

enum task_state {
	TASK_FREE = 0,
	TASK_RUNNABLE,
	TASK_WAITS_INPUT, /* its read() is made again when there is input */
	TASK_WAITS_OUTPUT /* its write() is made again when the monitor takes more */,
	TASK_SLEEPS, /* until wake_ns */
};

enum { TASK_FILES = 8, FILE_FIRST = 3 /* 0, 1, 2 are the console */ };

/* An open file: read-only bytes somewhere in RAM (a frame of the task, or the initrd). */
struct file {
	const char *data; /* NULL: closed */
	uint32_t length, position;
	uint64_t frame_gpa; /* the frame to be freed with it, 0: none */
};

struct task {
	struct frame frame;                            /* first: the TSS points at its end */
	uint64_t pml4;                                 /* gpa: its address space */
	uint8_t fpu[512] __attribute__((aligned(16))); /* of FXSAVE; while another task runs */

	uint32_t channel;
	uint32_t pid;
	enum task_state state;
	uint64_t wake_ns; /* of TASK_SLEEPS */
	uint64_t start_ns;
	uint64_t turns;       /* how often it was given the processor */
	uint32_t wait_status; /* of one that has ended */

	/* The steward's. */
	uint64_t heap_start, heap_end; /* brk */
	uint64_t stack_bottom;         /* lowest page of the stack that is mapped */
	struct file files[TASK_FILES];
	char name[24];
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct frame) % 16 == 0, "the processor aligns the stack that the TSS names");

#endif
