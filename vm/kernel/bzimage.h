/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_BZIMAGE_H
#define ISOLAB_VM_BZIMAGE_H
/*
 * bzimage: where things are in a bzImage: the header that a boot loader reads, the compressed
 * kernel in it ("payload"), the text of its version. See Documentation/arch/x86/boot.rst.
 *
 *	0x1f1		the setup header, in the real-mode part of (setup_sects + 1) sectors
 *	  +…		the text of the version, at kernel_version + 0x200
 *	behind it	the protected-mode part: a program that unpacks
 *	  payload_offset	the kernel, compressed, payload_length bytes with the size of what
 *			comes out in its last four
 */
#include <stdint.h>

#include "err.h"

enum { BZIMAGE_RELEASE_MAX = 128 };

struct bzimage {
	uint64_t payload_start, payload_bytes; /* in the file; 0: it has none that could be found */
	uint64_t unpacked_bytes;               /* as it says */
	char release[BZIMAGE_RELEASE_MAX];     /* "6.1.0-18-cloud-amd64"; empty: it does not say */
};

/* Reads it from `fd`. -ENOEXEC: it is no bzImage at all; -EBADMSG: its numbers lead outside the
 * file, which is cut off or damaged. */
int bzimage_read(int fd, struct bzimage *ret, struct err *e);

/* How the payload is compressed, by its first `length` bytes: "gzip", "xz", "lzma", "bzip2", "lz4",
 * "zstd"; NULL: not known. */
const char *bzimage_compression(const uint8_t *head, uint64_t length);

#endif
