/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_MEMLAYOUT_H
#define ISOLAB_TINY_MEMLAYOUT_H
/*
 * memlayout: where everything lives. C and assembly read it, so only plain numbers stand here.
 *
 * Physical memory is drawn in vm/abi.h: the monitor lays it out. This is virtual memory, as a task
 * sees it:
 *
 *	0x000000000000 +--------------------+
 *	               | nothing            |  so that NULL faults
 *	0x000000010000 +--------------------+ USER_BASE
 *	               | program (0x400000) |  where its linker put it
 *	               | heap (brk), upward |
 *	               | …                  |
 *	0x00003fc00000 +--------------------+ GATE: one page that tasks may execute, see nucleus.S
 *	0x00003fc10000 +--------------------+ STACK_LIMIT
 *	               | stack, downward    |  16 KiB laid out by the monitor, more on page faults
 *	0x00003fe00000 +--------------------+ VM_STACK_TOP
 *	0x000040000000 +--------------------+ MAP_BASE
 *	               | mmap               |  the first hole that is large enough
 *	0x007fffffffff +--------------------+ USER_END
 *	               | a very large hole  |
 *	0xffffffff80000000 +----------------+ VM_WINDOW: all of RAM once more, and in it:
 *	               | the kernel         |  VM_WINDOW + VM_GPA_KERNEL
 *	               | RAM                |
 *	0xffffffffffffffff +----------------+
 *
 * Entry 511 of the PML4, the window, is the same in every address space but for one bit: tasks see
 * it as the supervisor's, so that only ring 0 may touch it; in the kernel's own PML4 it has the
 * user bit, since the kernel's C code runs at ring 3 (nucleus.S).
 */
#include "../abi.h"

#define PAGE_BYTES 0x1000

#define USER_BASE   0x10000
#define GATE        0x3fc00000
#define STACK_LIMIT 0x3fc10000
#define MAP_BASE    0x40000000
#define USER_END    0x8000000000 /* one PML4 entry: 512 GiB */

/* Segment selectors; 3 is the ring. STAR asks for the order user data, user code. */
#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA   (0x18 | 3)
#define SELECTOR_USER_CODE   (0x20 | 3)
#define SELECTOR_TSS         0x28

/* RFLAGS: bit 1 is always set, IF lets interrupts in. */
#define FLAGS_FIXED     0x002
#define FLAGS_INTERRUPT 0x200
/* What a task chooses itself: CF PF AF ZF SF DF OF; not the trap flag. */
#define FLAGS_USER 0xcd5

/* Page table entries (Intel SDM vol. 3, 4.5). ACCESSED and DIRTY are set from the start: no
 * processor has to write our tables. */
#define PAGE_PRESENT  0x001
#define PAGE_WRITE    0x002
#define PAGE_USER     0x004
#define PAGE_ACCESSED 0x020
#define PAGE_DIRTY    0x040
#define PAGE_NX       0x8000000000000000
#define PAGE_FRAME    0x000ffffffffff000

/* Bytes of code for each vector, see nucleus.S. */
#define VECTOR_BYTES 64

/* Exceptions, and the one number that no exception has: a system call that came the fast way. */
#define VECTOR_BREAKPOINT 3
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE_FAULT 14
#define VECTORS           0x22
#define VECTOR_SYSCALL    0x7f

#endif
