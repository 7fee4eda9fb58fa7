/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_CPIO_H
#define ISOLAB_TINY_CPIO_H
/* cpio: the files of an archive of the format "newc", which an initrd is. It may be damaged. */
#include <stdbool.h>
#include <stdint.h>

struct cpio_entry {
	const char *name; /* no slash at its start */
	const char *data; /* stays in the archive */
	uint32_t length, mode, inode;
};

/* Reads the entry at *offset, 0 at first, and moves on. False: the archive ends. */
bool cpio_next(const void *archive, uint64_t size, uint64_t *offset, struct cpio_entry *ret_entry);
/* Finds an entry by its name. */
bool cpio_find(const void *archive, uint64_t size, const char *name, struct cpio_entry *ret_entry);

#endif
