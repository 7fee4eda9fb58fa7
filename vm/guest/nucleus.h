/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_NUCLEUS_H
#define ISOLAB_TINY_NUCLEUS_H
/* nucleus: what the kernel, at ring 3, asks of its few lines at ring 0. See nucleus.S. */
#include <stdint.h>

#include "task.h"

/* Runs a task: its registers, its address space. The next trap begins with an empty kernel
 * stack. */
_Noreturn void nucleus_resume(const struct frame *frame, uint64_t pml4);
/* Runs a new task, whose RDX must be 0, right after writing to a port: a way to ring 0 less. */
_Noreturn void nucleus_start(const struct frame *frame, uint64_t pml4, uint16_t port,
			     uint32_t value);
/* outl: one exit to the monitor. */
void nucleus_write_port(uint16_t port, uint32_t value);
/* Two of the monitor's marks at once, VM_MARK_KERNEL_READY and VM_MARK_INIT: a way to ring 0
 * less. */
void nucleus_mark_ready(void);
/* Sleeps until an interrupt. */
_Noreturn void nucleus_halt(void);

extern char gate[]; /* the page that tasks may execute */

/* What the nucleus calls. */
_Noreturn void kernel_main(uint64_t devicetree);
_Noreturn void trap(const struct frame *frame, uint64_t address);

#endif
