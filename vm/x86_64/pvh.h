/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_PVH_H
#define ISOLAB_VM_PVH_H
/*
 * pvh: the way into an ELF kernel that a note in it offers (the Xen project's "x86/HVM direct boot
 * ABI", docs/misc/pvh.pandoc; Linux has it with CONFIG_PVH): 32-bit protected mode without paging,
 * EBX = the address of a description of the machine. It is for kernels whose ELF header does not
 * say where 64-bit mode may enter them.
 *
 *	0x00006000	start info, behind it the list of modules (the initramfs), the memory map
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

enum { PVH_START_INFO = 0x6000 };

/* Looks for the note in bytes of a PT_NOTE segment: any bytes. True: *ret_entry is its address. */
bool pvh_find_entry(const uint8_t *notes, size_t length, uint32_t *ret_entry);

/* Writes the description: memory, and where the command line lies. */
void pvh_write(struct memory *memory, uint64_t command_line);
/* Adds to it. */
void pvh_set_initramfs(struct memory *memory, uint64_t start, uint64_t bytes);
void pvh_set_acpi(struct memory *memory, uint64_t tables);

#endif
