/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registers of VIRTIO 1.2, section 4.2.2: 32 bits each, from 0x100 on the configuration in any
 * width. A driver sets a device up in the order of section 3.1.1: reset, ACKNOWLEDGE, DRIVER,
 * features, FEATURES_OK (which does not stick if the features are not ours), queues, DRIVER_OK.
 * What comes in another order is ignored; what makes no sense (a queue outside the RAM) has the
 * device ask for a reset.
 */
#include <endian.h>
#include <string.h>

#include "virtio.h"

enum mmio_register {
	MAGIC = 0x000,
	VERSION = 0x004,
	DEVICE_ID = 0x008,
	VENDOR_ID = 0x00c,
	DEVICE_FEATURES = 0x010,
	DEVICE_FEATURES_SELECT = 0x014,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SELECT = 0x024,
	QUEUE_SELECT = 0x030,
	QUEUE_SIZE_MAX = 0x034,
	QUEUE_SIZE = 0x038,
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050,
	INTERRUPT_STATUS = 0x060,
	INTERRUPT_ACKNOWLEDGE = 0x064,
	STATUS = 0x070,
	QUEUE_DESCRIPTORS = 0x080, /* each of the three: lower half, upper half */
	QUEUE_AVAILABLE = 0x090,
	QUEUE_USED = 0x0a0,
	SHARED_MEMORY = 0x0b0, /* length and base, four registers: there is none */
	SHARED_MEMORY_END = 0x0bc,
	CONFIG_GENERATION = 0x0fc,
	CONFIG = 0x100,
};

enum {
	MAGIC_VALUE = 0x74726976,  /* "virt" */
	VENDOR_VALUE = 0x4c4f5349, /* "ISOL" */
	STATUS_OF_DRIVER = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK |
			   VIRTIO_FEATURES_OK | VIRTIO_FAILED,
};

/* The selected queue, or NULL. */
static struct virtqueue *selected(struct virtio_device *device)
{
	return device->queue_select < device->ops->queue_count
		   ? &device->queues[device->queue_select]
		   : NULL;
}

static uint32_t half(uint64_t value, uint32_t select)
{
	return select > 1 ? 0 : (uint32_t)(value >> (32 * select));
}

static void set_half(uint64_t *value, uint32_t select, uint32_t to)
{
	if (select > 1)
		return;
	*value &= select ? 0xffffffffu : ~0xffffffffull;
	*value |= (uint64_t)to << (32 * select);
}

/* ---- reading ---- */

static uint64_t read_config(const struct virtio_device *device, uint64_t offset, unsigned width)
{
	uint64_t value = 0;

	if (offset < device->config_bytes && width <= device->config_bytes - offset)
		memcpy(&value, device->config + offset, width);
	return le64toh(value);
}

static uint32_t read_register(struct virtio_device *device, uint64_t offset)
{
	const struct virtqueue *queue = selected(device);

	switch (offset) {
	case MAGIC:
		return MAGIC_VALUE;
	case VERSION:
		return 2;
	case DEVICE_ID:
		return device->ops->id;
	case VENDOR_ID:
		return VENDOR_VALUE;
	case DEVICE_FEATURES:
		return half(device->features, device->features_select);
	case QUEUE_SIZE_MAX:
		return queue ? queue->size_max : 0;
	case QUEUE_READY:
		return queue && queue->is_ready;
	case STATUS:
		return device->status;
	case CONFIG_GENERATION:
		return device->generation;
	default:
		return offset >= SHARED_MEMORY && offset <= SHARED_MEMORY_END ? UINT32_MAX : 0;
	}
}

uint64_t virtio_mmio_read(void *arg, uint64_t offset, unsigned width)
{
	struct virtio_device *device = arg;
	uint64_t value = 0;

	if (offset == INTERRUPT_STATUS)
		return device->interrupt_status;
	pthread_mutex_lock(&device->lock);
	if (offset >= CONFIG)
		value = read_config(device, offset - CONFIG, width);
	else if (width == 4)
		value = read_register(device, offset);
	pthread_mutex_unlock(&device->lock);
	return value;
}

/* ---- writing ---- */

static void reset(struct virtio_device *device)
{
	for (unsigned i = 0; i < device->ops->queue_count; i++)
		device->queues[i] = (struct virtqueue){.size_max = device->ops->queue_size};
	device->driver_features = 0;
	device->features_select = device->driver_features_select = device->queue_select = 0;
	device->status = 0;
	device->interrupt_status = 0;
	device->has_used = false;
	if (device->ops->reset)
		device->ops->reset(device);
}

static void write_status(struct virtio_device *device, uint32_t value)
{
	uint32_t before = device->status;

	if (value == 0) {
		reset(device);
		return;
	}
	if (value & VIRTIO_FEATURES_OK && !(before & VIRTIO_FEATURES_OK) &&
	    (device->driver_features & ~device->features ||
	     !virtio_has(device, VIRTIO_F_VERSION_1)))
		value &= ~(uint32_t)VIRTIO_FEATURES_OK;
	if (!((before | value) & VIRTIO_FEATURES_OK))
		value &= ~(uint32_t)VIRTIO_DRIVER_OK;
	device->status |= value & STATUS_OF_DRIVER;
	if (device->status & ~before & VIRTIO_DRIVER_OK)
		virtio_kick(device); /* it may have something to say first */
}

static void write_ready(struct virtio_device *device, struct virtqueue *queue, uint32_t value)
{
	if (value == 0 || queue->is_ready) {
		queue->is_ready = value != 0;
		return;
	}
	queue->taken = queue->given = 0;
	queue->is_ready = virtqueue_is_valid(queue, device->memory);
	if (!queue->is_ready) {
		device->status |= VIRTIO_NEEDS_RESET;
		virtio_config_changed(device);
		virtio_kick(device); /* it may have something to end */
	}
}

/* A queue's size and places; they stand while it is ready. */
static void write_queue(struct virtqueue *queue, uint64_t offset, uint32_t value)
{
	uint32_t upper = offset & 4 ? 1 : 0;

	if (queue->is_ready)
		return;
	switch (offset & ~4ull) {
	case QUEUE_SIZE & ~4:
		if (offset == QUEUE_SIZE)
			queue->size = value <= queue->size_max ? (uint16_t)value : 0;
		break;
	case QUEUE_DESCRIPTORS:
		set_half(&queue->descriptors, upper, value);
		break;
	case QUEUE_AVAILABLE:
		set_half(&queue->available, upper, value);
		break;
	case QUEUE_USED:
		set_half(&queue->used, upper, value);
		break;
	default:
		break;
	}
}

static void write_register(struct virtio_device *device, uint64_t offset, uint32_t value)
{
	struct virtqueue *queue = selected(device);

	switch (offset) {
	case DEVICE_FEATURES_SELECT:
		device->features_select = value;
		break;
	case DRIVER_FEATURES_SELECT:
		device->driver_features_select = value;
		break;
	case DRIVER_FEATURES:
		if (!(device->status & VIRTIO_FEATURES_OK))
			set_half(&device->driver_features, device->driver_features_select, value);
		break;
	case QUEUE_SELECT:
		device->queue_select = value;
		break;
	case QUEUE_NOTIFY: /* KVM takes most of them (linux/io.c) */
		virtio_kick(device);
		break;
	case STATUS:
		write_status(device, value);
		break;
	case QUEUE_READY:
		if (queue)
			write_ready(device, queue, value);
		break;
	default:
		if (queue)
			write_queue(queue, offset, value);
	}
}

static void write_config(struct virtio_device *device, uint64_t offset, unsigned width,
			 uint64_t value)
{
	const uint64_t bytes = htole64(value);

	if (!device->ops->configured || offset >= device->config_bytes ||
	    width > device->config_bytes - offset)
		return;
	memcpy(device->config + offset, &bytes, width);
	device->ops->configured(device, offset, width);
}

void virtio_mmio_write(void *arg, uint64_t offset, unsigned width, uint64_t value)
{
	struct virtio_device *device = arg;

	if (offset == INTERRUPT_ACKNOWLEDGE) {
		device->interrupt_status &= (uint32_t)~value;
		return;
	}
	pthread_mutex_lock(&device->lock);
	if (offset >= CONFIG)
		write_config(device, offset - CONFIG, width, value);
	else if (width == 4)
		write_register(device, offset, (uint32_t)value);
	pthread_mutex_unlock(&device->lock);
}
