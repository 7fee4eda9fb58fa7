/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_TASK_H
#define ISOLAB_TINY_TASK_H
/*
 * task: one running program. There are VM_CHANNELS of them at most, and task n is the program of
 * channel n of the monitor's mailbox: 0 is the main program, whose end is the machine's end.
 */
#include <stdbool.h>
#include <stdint.h>

#include "memlayout.h"

/* The registers of an interrupted program, in the order in which nucleus.S pushes and pops them
 * (the last first). */
struct frame {
	uint64_t r15, r14, r13, r12, rbx, rbp, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

enum task_state {
	TASK_FREE = 0,
	TASK_RUNNABLE,
	TASK_WAITS_INPUT, /* its read() is made again when there is input */
	TASK_WAITS_OUTPUT /* its write() is made again when the monitor takes more */,
	TASK_SLEEPS, /* until wake_ns */
};

enum { TASK_FILES = 8, FILE_FIRST = 3 /* 0, 1, 2 are the console */ };

/* An open file or directory: read-only bytes somewhere in RAM (a frame of the task, or the
 * initrd). */
struct file {
	const char *data; /* NULL: closed */
	uint32_t length, position;
	uint64_t frame_gpa; /* the frame to be freed with it, 0: none */
	uint32_t device, mode;
	uint64_t inode;
};

struct task {
	struct frame frame;
	uint64_t pml4;     /* gpa: its address space */
	void *fpu;         /* its frame for what fpu.c saves while another task runs */
	bool is_fpu_saved; /* false: its registers are as at the start */

	uint32_t channel;
	uint32_t pid;
	enum task_state state;
	bool is_announced; /* the monitor knows that it has started */
	uint64_t wake_ns;  /* of TASK_SLEEPS */
	uint64_t start_ns;
	uint64_t turns; /* how often it was given the processor */

	uint64_t heap_start, heap_end; /* brk */
	struct file files[TASK_FILES];
	char name[24];
};

#endif
