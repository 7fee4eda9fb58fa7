/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_UNPACK_H
#define ISOLAB_VM_UNPACK_H
/*
 * unpack: compressed bytes of a file, taken apart by libarchive. What comes out is bounded: a file
 * of a few bytes may hold terabytes of zeros.
 */
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct unpack_source {
	int fd;
	uint64_t start, bytes;   /* the compressed part of the file */
	const char *compression; /* as bzimage_compression() has it; NULL: it is plain */
	uint64_t limit;          /* at most so many bytes come out */
};

/* Calls `take` with what comes out, piece by piece; a negative result of it ends all. -EBADMSG: it
 * is damaged, -EFBIG: more than the limit, -ENOTSUP: this libarchive cannot do it. */
int unpack(const struct unpack_source *source,
	   int (*take)(void *arg, const void *bytes, size_t length, struct err *e), void *arg,
	   struct err *e);

/* The kernel in a bzImage, written to `to`: an ELF file for this processor. -ENOTSUP: its
 * compression is not known. */
int unpack_kernel(int fd, int to, struct err *e);

#endif
