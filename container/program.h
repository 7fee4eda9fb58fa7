/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_PROGRAM_H
#define ISOLAB_CONTAINER_PROGRAM_H
/*
 * program: what the first bytes of a file say about running it. The file is the image's, so its
 * bytes are foreign: every offset and length is checked.
 */
#include <stdbool.h>
#include <stddef.h>

enum { PROGRAM_HEAD_MAX = 4096, PROGRAM_NEEDS_MAX = 256 };

enum program_type { PROGRAM_EMPTY, PROGRAM_TEXT, PROGRAM_SCRIPT, PROGRAM_ELF };

struct program {
	enum program_type type;
	/* The interpreter of a "#!" line as the kernel reads it, the loader of a dynamically linked
	 * ELF, or "". */
	char needs[PROGRAM_NEEDS_MAX];
	bool is_foreign;     /* an ELF of another processor than ours, or of 32 bits */
	const char *machine; /* of an ELF: "aarch64", "unknown" */
};

/* Looks at the first `length` bytes (PROGRAM_HEAD_MAX are enough). Never fails: what cannot be
 * read is PROGRAM_TEXT, what is not said is "". */
void program_read_head(const void *head, size_t length, struct program *ret);

/* The processor that runs us, as `machine` calls it. */
extern const char program_our_machine[];

#endif
