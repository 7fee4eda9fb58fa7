/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_DISK_H
#define ISOLAB_VM_DISK_H
/*
 * disk: a raw image file (or block device) as a guest's disk: read-only, or with copy-on-write over
 * it: what the guest writes goes into a nameless file beside it and is gone with the sandbox, the
 * image never changes. The nameless file holds holes where nothing was written, so it never gets
 * larger than the image.
 *
 * Nothing is mapped: an image that shrinks while it is in use is a short read, not a SIGBUS.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum { DISK_SECTOR = 512, DISK_CLUSTER = 4096 };
#define DISK_BYTES_MAX (1ull << 40)

struct disk {
	int image_fd;
	int changes_fd;   /* -1: read-only */
	uint64_t bytes;   /* whole sectors */
	uint8_t *changed; /* bit n: cluster n lies in changes_fd */
};

/* Opens the image; it stays open, its path is not needed again. -ENOENT …, -EINVAL: it is no raw
 * image; -EBUSY: somebody holds it exclusively (flock(2)). */
int disk_open(struct disk *disk, const char *path, bool is_read_only, struct err *e);
/* The same with an image of our own that is open already; it is the disk's from now on. */
int disk_take(struct disk *disk, int image_fd, bool is_read_only, struct err *e);
/* A file without a name, empty: in $TMPDIR or /var/tmp, else in memory. A descriptor or -errno. */
int disk_make_nameless(struct err *e);
/* Fine on one that was not opened, if its descriptors are -1. */
void disk_close(struct disk *disk);

/* Where the bytes from `offset` on lie, at most `length`: returns how many of them lie together,
 * and in which descriptor (at the same offset). offset and length are within the disk. */
uint64_t disk_find(const struct disk *disk, uint64_t offset, uint64_t length, int *ret_fd);
/* Before [offset, offset + length) is written into changes_fd: brings what of its first and last
 * cluster is not covered. 0 or -errno. */
int disk_prepare(struct disk *disk, uint64_t offset, uint64_t length);
/* After it has been written. */
void disk_written(struct disk *disk, uint64_t offset, uint64_t length);

#endif
