/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VOLUME_COPY_H
#define ISOLAB_VM_VOLUME_COPY_H
/*
 * volume_copy: a directory or file of the host as an image with a file system (ext4), for a machine
 * that cannot be shown the real one. mke2fs makes it (its option -d), enclosed (enclosed.h); it is
 * a nameless file and goes with its descriptor. What it was made from lies in there under the name
 * ENCLOSED_NAME; owners are what they are for a container of the same user.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* Bytes of files: more is refused, since each start makes the copy anew. */
#define VOLUME_COPY_BYTES_MAX (4ull << 30)

/* What a directory or file takes in an image. */
struct volume_size {
	uint64_t bytes; /* of its files, in whole blocks */
	uint64_t entries;
};

/* -EFBIG: more than VOLUME_COPY_BYTES_MAX. What is mounted in it counts, too. */
int volume_copy_measure(const char *source, struct volume_size *ret, struct err *e);
/* Makes the image of `source`, absolute; *ret_fd is read-only and for the caller to close.
 * -ENOENT: there is no mke2fs. -EINTR: a SIGINT or SIGTERM that is blocked has come; it still
 * waits. */
int volume_copy_make(const char *source, bool is_file, int *ret_fd, struct err *e);

#endif
