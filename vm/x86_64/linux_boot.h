/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_LINUX_BOOT_H
#define ISOLAB_VM_LINUX_BOOT_H
/*
 * linux_boot: a Linux kernel, its initramfs and its command line, laid into the guest's memory as
 * the x86 boot protocol asks (Documentation/arch/x86/boot.rst, "64-bit boot protocol").
 *
 *	0x00000500	GDT: null, null, code 0x10, data 0x18
 *	0x00006000	the same in other words, for who is entered by PVH (pvh.h)
 *	0x00007000	boot_params, the "zero page"
 *	0x00009000	page tables: the first 4 GiB, each address mapped to itself
 *	0x00020000	command line
 *	0x000e0000	ACPI tables (acpi.h)
 *	0x00100000	a bzImage; an ELF kernel lies where its program headers say
 *	RAM's end	the initramfs, on a page boundary
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "memory.h"

enum {
	LINUX_GDT = 0x500,
	LINUX_BOOT_PARAMS = 0x7000,
	LINUX_PAGE_TABLES = 0x9000,
	LINUX_COMMAND_LINE = 0x20000,
	LINUX_COMMAND_LINE_BYTES = 2048,
	LINUX_BIOS_START = 0x9fc00, /* from here to 1 MiB nothing is RAM for the kernel */
	LINUX_HIGH_START = 0x100000,
	LINUX_CODE_SELECTOR = 0x10,
	LINUX_DATA_SELECTOR = 0x18,
};

/* What lies where, or will. */
struct linux_image {
	uint64_t entry;         /* in 64-bit mode, RSI = LINUX_BOOT_PARAMS; or is_pvh: see pvh.h */
	uint64_t end;           /* first byte behind all the kernel will use while it starts */
	uint64_t initramfs_max; /* the initramfs must end at or before this address */
	uint64_t initramfs_start, initramfs_bytes;
	bool is_elf, is_pvh;
};

/* Reads the kernel's headers, a bzImage's or an ELF vmlinux's: where it wants to lie. -ENOEXEC says
 * what the file is instead. */
int linux_measure_kernel(int fd, struct linux_image *ret, struct err *e);

/* The memory without which it does not come up with so large an initramfs: beside the kernel that
 * lies there twice, as an archive and as files. */
uint64_t linux_memory_needed(const struct linux_image *image, uint64_t initramfs_bytes);

/*
 * Lays the kernel and writes boot_params, page tables and GDT. -ENOEXEC as above; -ENOMEM says how
 * much memory it needs.
 */
int linux_load_kernel(struct memory *memory, int fd, struct linux_image *ret, struct err *e);

/* Reserves room for an initramfs of `bytes` at the end of RAM and notes it in boot_params; the
 * caller writes it to image->initramfs_start. -ENOMEM: it does not fit beside the kernel. */
int linux_place_initramfs(struct memory *memory, struct linux_image *image, uint64_t bytes,
			  struct err *e);

/* Writes the command line and says where the ACPI tables begin. -E2BIG. */
int linux_set_command_line(struct memory *memory, const char *text, uint64_t acpi, struct err *e);

#endif
