/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_ELF_H
#define ISOLAB_TINY_ELF_H
/* elf: what a static program's file says about how it wants to lie in memory. The file may be
 * hostile. */
#include <stdint.h>

enum { ELF_SEGMENTS = 8 };

struct elf_segment {
	uint64_t address;      /* in the task; not aligned */
	uint64_t memory_bytes; /* the part behind file_bytes is zero */
	uint64_t offset, file_bytes;
	unsigned rights; /* SPACE_* */
};

struct elf_program {
	uint64_t entry;
	uint64_t end; /* of the highest segment: where the heap can begin */
	uint32_t count;
	struct elf_segment segments[ELF_SEGMENTS]; /* ascending; no two share a page */
};

/* Reads the file at `data` and checks all of it: what is returned lies in USER_BASE … GATE and
 * within the file. -ENOEXEC, and a sentence in *ret_why. */
int elf_read(struct elf_program *program, const void *data, uint64_t size, const char **ret_why);

#endif
