/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VIRTIO_BLOCK_H
#define ISOLAB_VM_VIRTIO_BLOCK_H
/*
 * virtio_block: a disk (disk.h) behind a virtio queue, VIRTIO 1.2 section 5.2: /dev/vda, /dev/vdb …
 */
#include "virtio.h"

/* `path` of a raw image, absolute; `number` of the disk, for its serial number "isolab-N". The
 * image is opened here. -errno as disk_open. */
int virtio_block_init(struct virtio_device *device, const char *path, bool is_read_only,
		      unsigned number, struct memory *memory, struct err *e);
/* The same with an image that is open already (disk_take) and a serial number of the caller's, at
 * most 20 bytes. The descriptor is its own from now on, also if it fails. */
int virtio_block_take(struct virtio_device *device, int image_fd, bool is_read_only,
		      const char *serial, struct memory *memory, struct err *e);

#endif
