/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_PROGRAM_H
#define ISOLAB_VM_PROGRAM_H
/*
 * program: what shall run inside: an ELF file in the guest's memory, and the first stack it finds.
 */
#include <stdint.h>

#include "err.h"
#include "memory.h"

/* A static ELF program that lies whole in guest memory. */
struct program {
	uint64_t gpa, bytes;
	uint64_t entry;
	uint64_t headers; /* where its program headers show in its own address space, 0 = nowhere */
	uint16_t header_count;
};

/* Checks that the `bytes` at `gpa` are a program the teaching kernel can run; fills *ret.
 * -ENOEXEC and why not. */
int program_inspect(const struct memory *memory, uint64_t gpa, uint64_t bytes, struct program *ret,
		    struct err *e);

/*
 * Lays the first stack (abi.h, VM_STACK_TOP) into the VM_STACK_BYTES at `gpa`: argc, argv,
 * environment, auxv, strings, as execve(2) does. *ret_pointer is the first RSP. -E2BIG when the
 * words do not fit.
 */
int program_build_stack(const struct memory *memory, uint64_t gpa, const struct program *program,
			char *const argv[], char *const env[], uint64_t *ret_pointer,
			struct err *e);

#endif
