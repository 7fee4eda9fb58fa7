/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_BOOT_H
#define ISOLAB_VM_BOOT_H
/*
 * boot: at which step a machine is that boots by itself, from what it says: the firmware on its
 * debug port, everybody else on the serial console. Nothing is asked of the guest and nothing
 * estimated: a step ends when the host sees the words that the next one begins with. The words come
 * in pieces, and are foreign.
 */
#include <stddef.h>
#include <stdint.h>

/* In their order. Each stands for the end of a step of this name. */
enum boot_step {
	BOOT_FIRMWARE,     /* SeaBIOS jumps to the disk's first sector */
	BOOT_BOOTLOADER,   /* GRUB has loaded kernel and initramfs, and jumps */
	BOOT_KERNEL_ENTRY, /* the kernel's first line */
	BOOT_INIT,         /* systemd's first line */
	BOOT_STEPS,
};

enum boot_line { BOOT_LINE_FIRMWARE, BOOT_LINE_CONSOLE };

/* Zero-initialise. */
struct boot {
	size_t matched[BOOT_STEPS];    /* bytes of each step's words seen in a row */
	uint64_t ended_ns[BOOT_STEPS]; /* 0: not yet, or never seen */
};

/* Bytes that were read from a line at `now_ns`. Only the first time counts, and nothing that
 * belongs before a step that was already seen. */
void boot_hear(struct boot *boot, enum boot_line line, const void *bytes, size_t length,
	       uint64_t now_ns);

/* The step's name in the timeline, and one line about it. */
const char *boot_step_name(enum boot_step step);
const char *boot_step_why(enum boot_step step);

#endif
