/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_CONSOLE_H
#define ISOLAB_VM_CONSOLE_H
/*
 * virtio_console: lines of bytes between the guest and the worker (VIRTIO 1.2, section 5.3), whole
 * buffers at a time. Two forms of the same device:
 *
 *	a terminal	/dev/hvc0 in the guest, with a size that can change
 *	a named port	/dev/vport…, found by its name in /sys/class/virtio-ports/…/name
 *
 * They are two devices, not two ports of one, since Linux versions disagree about the layout of a
 * port's message of a new size; a device with one port tells it in its configuration.
 *
 * All of this takes the device's lock; the worker's thread calls it.
 */
#include "virtio.h"

/* `name`: of the port, borrowed; NULL: a terminal. -errno. */
int virtio_console_init(struct virtio_device *device, const char *name, struct memory *memory,
			struct err *e);
/* Bytes to the guest; returns how many were taken. Room that comes later is told by device->wake.
 */
size_t virtio_console_send(struct virtio_device *device, const void *bytes, size_t length);
/* Takes bytes that the guest has sent; device->wake tells that there are some. What is not taken
 * stays with the guest's driver, whose writers then wait. */
size_t virtio_console_take(struct virtio_device *device, void *buffer, size_t size);
/* A terminal's new size. */
void virtio_console_resize(struct virtio_device *device, unsigned rows, unsigned columns);

#endif
