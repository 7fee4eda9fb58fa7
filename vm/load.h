/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_LOAD_H
#define ISOLAB_VM_LOAD_H
/*
 * load: the guest's kernel and initrd, mapped over its memory, and where everything came to lie.
 */
#include <stdint.h>

#include "err.h"

struct vm;

enum { LAYOUT_SEGMENTS = 8, LAYOUT_FILES = 32, LAYOUT_NAME = 64 };

/* A piece of the kernel with its permissions (PF_R | PF_W | PF_X). */
struct segment {
	uint64_t start, end; /* gpa, page boundaries */
	uint32_t flags;
};

/* A file in the initrd. */
struct initrd_file {
	char name[LAYOUT_NAME]; /* "bin/true" */
	uint64_t gpa, bytes;
};

/* Where things lie. Filled before the guest runs, so that nothing has to be looked up in memory
 * it can write. */
struct layout {
	uint64_t entry; /* virtual address of the kernel's first instruction */
	struct segment segments[LAYOUT_SEGMENTS];
	unsigned segment_count;
	uint64_t kernel_end;
	uint64_t initrd_start, initrd_end;
	struct initrd_file files[LAYOUT_FILES];
	unsigned file_count;
	uint64_t free_start, free_end; /* RAM that is nobody's */
	uint64_t programs_start, programs_end;
};

/* Maps the kernel (a static ELF file for this machine) and fills entry, segments, kernel_end.
 * -ENOEXEC says what is wrong. */
int load_kernel(struct vm *vm, int fd, struct err *e);
/* Maps the initrd behind the kernel, lists its files, and divides what is left. */
int load_initrd(struct vm *vm, int fd, struct err *e);

/* The file of that name in the list; a name without a slash is looked for in "bin/", a leading
 * slash is ignored. NULL: none. */
const struct initrd_file *layout_find(const struct layout *layout, const char *name);

#endif
