/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Registers as section 4.2.2 has them, queues at fixed places of a small memory. The arrays are
 * written as a driver would write them, but nothing is checked: that is the device's part.
 */
#include "virtio_driver.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void driver_init(struct driver *driver)
{
	memset(driver, 0, sizeof(*driver));
	if (memory_init(&driver->memory, DRIVER_RAM, NULL) < 0)
		abort();
}

void driver_finish(struct driver *driver)
{
	virtio_finish(&driver->device);
	memory_finish(&driver->memory);
}

uint32_t driver_read(struct driver *driver, uint64_t offset)
{
	return (uint32_t)virtio_mmio_read(&driver->device, offset, 4);
}

void driver_write(struct driver *driver, uint64_t offset, uint32_t value)
{
	virtio_mmio_write(&driver->device, offset, 4, value);
}

static void lay_queue(struct driver *driver, unsigned queue)
{
	uint32_t base = queue * DRIVER_QUEUE_BYTES;

	driver->announced[queue] = driver->seen[queue] = 0;
	memset(driver->memory.host + base, 0, DRIVER_QUEUE_BYTES);
	driver_write(driver, 0x030, queue);
	driver_write(driver, 0x038, DRIVER_QUEUE_SIZE);
	driver_write(driver, 0x080, base);
	driver_write(driver, 0x090, base + DRIVER_AVAILABLE);
	driver_write(driver, 0x0a0, base + DRIVER_USED);
	driver_write(driver, 0x044, 1);
}

uint32_t driver_start(struct driver *driver, uint64_t features)
{
	driver_write(driver, 0x070, 0);
	driver_write(driver, 0x070, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	driver_write(driver, 0x024, 0);
	driver_write(driver, 0x020, (uint32_t)features);
	driver_write(driver, 0x024, 1);
	driver_write(driver, 0x020, (uint32_t)((features | VIRTIO_F_VERSION_1) >> 32));
	driver_write(driver, 0x070, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	for (unsigned i = 0; i < driver->device.ops->queue_count; i++)
		lay_queue(driver, i);
	driver_write(driver, 0x070,
		     VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
	return driver_read(driver, 0x070);
}

void driver_descriptor(struct driver *driver, unsigned queue, unsigned index, uint64_t address,
		       uint32_t length, unsigned flags, unsigned next)
{
	const struct {
		uint64_t address;
		uint32_t length;
		uint16_t flags, next;
	} descriptor = {address, length, (uint16_t)flags, (uint16_t)next};

	memory_write(&driver->memory, queue * DRIVER_QUEUE_BYTES + index * sizeof(descriptor),
		     &descriptor, sizeof(descriptor));
}

void driver_announce(struct driver *driver, unsigned queue, unsigned head)
{
	uint64_t ring = queue * DRIVER_QUEUE_BYTES + DRIVER_AVAILABLE;
	uint16_t index = driver->announced[queue]++, entry = (uint16_t)head;

	memory_write(&driver->memory, ring + 4 + 2ull * (index % DRIVER_QUEUE_SIZE), &entry, 2);
	memory_write(&driver->memory, ring + 2, &driver->announced[queue], 2);
}

bool driver_used(struct driver *driver, unsigned queue, uint32_t *ret_written)
{
	uint64_t ring = queue * DRIVER_QUEUE_BYTES + DRIVER_USED;
	uint16_t index, *seen = &driver->seen[queue];

	memory_read(&driver->memory, ring + 2, &index, 2);
	if (index == *seen)
		return false;
	memory_read(&driver->memory, ring + 4 + 8ull * (*seen % DRIVER_QUEUE_SIZE) + 4, ret_written,
		    4);
	(*seen)++;
	return true;
}

uint32_t driver_interrupt(struct driver *driver)
{
	uint64_t count;

	if (read(driver->device.interrupt_fd, &count, sizeof(count)) < 0)
		return 0;
	uint32_t status = driver_read(driver, 0x060);
	driver_write(driver, 0x064, status);
	return status;
}
