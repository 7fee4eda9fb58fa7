/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_CPIO_H
#define ISOLAB_TINY_CPIO_H
/* cpio: finding a file in an archive of the format "newc", which an initrd is. The archive may
 * be damaged. */
#include <stdbool.h>
#include <stdint.h>

/* Finds the regular file `path` (no slash at its start); its bytes stay in the archive. */
bool cpio_find(const void *archive, uint64_t size, const char *path, const char **ret_data,
	       uint32_t *ret_length);

#endif
