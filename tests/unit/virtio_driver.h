/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TEST_VIRTIO_DRIVER_H
#define ISOLAB_TEST_VIRTIO_DRIVER_H
/*
 * virtio_driver: the guest's side of a virtio device on plain memory: it negotiates, lays queues
 * and chains, and reads what comes back. Good manners or bad ones are up to the test.
 */
#include "virtio.h"

enum {
	DRIVER_RAM = 1 << 20,
	DRIVER_QUEUE_SIZE = 8,
	DRIVER_QUEUE_BYTES = 0x1000, /* queue n lies at n * this, its arrays at … */
	DRIVER_AVAILABLE = 0x400,
	DRIVER_USED = 0x800,
	DRIVER_DATA = 0x10000, /* free for buffers */
	DRIVER_NEXT = 1,
	DRIVER_WRITE = 2,
};

struct driver {
	struct memory memory;
	struct virtio_device device;
	uint16_t announced[VIRTIO_QUEUES_MAX], seen[VIRTIO_QUEUES_MAX];
};

/* Memory only; the test makes the device. */
void driver_init(struct driver *driver);
void driver_finish(struct driver *driver);

uint32_t driver_read(struct driver *driver, uint64_t offset);
void driver_write(struct driver *driver, uint64_t offset, uint32_t value);
/* Section 3.1.1 up to DRIVER_OK, with these features beside VERSION_1. Returns the status. */
uint32_t driver_start(struct driver *driver, uint64_t features);
void driver_descriptor(struct driver *driver, unsigned queue, unsigned index, uint64_t address,
		       uint32_t length, unsigned flags, unsigned next);
/* Announces the chain that begins with descriptor `head`. */
void driver_announce(struct driver *driver, unsigned queue, unsigned head);
/* A chain was given back: true, and how many bytes were written to it. */
bool driver_used(struct driver *driver, unsigned queue, uint32_t *ret_written);
/* One interrupt came since the last time; its status, acknowledged. 0: none came. */
uint32_t driver_interrupt(struct driver *driver);

#endif
