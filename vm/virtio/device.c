/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all devices share beside their registers: turns, interrupts, watched descriptors, words. The
 * interrupt of a turn is raised once, at its end, and only if a queue's driver wants it. It is an
 * edge: eventfd → KVM → I/O APIC. The status bit is set before the edge, so that the handler finds
 * it; a bit set while the handler acknowledges is lost with it, but then the handler has not yet
 * looked at the rings.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fd.h"
#include "virtio.h"

enum { INTERRUPT_USED = 1, INTERRUPT_CONFIG = 2 };

static void ring(int fd)
{
	const uint64_t one = 1;
	ssize_t unused = write(fd, &one, sizeof(one)); /* full: it has been rung */

	(void)unused;
}

int virtio_init(struct virtio_device *device, const struct virtio_ops *ops, void *state,
		struct memory *memory, struct err *e)
{
	*device = (struct virtio_device){
	    .ops = ops,
	    .state = state,
	    .memory = memory,
	    .features = ops->features | VIRTIO_F_VERSION_1,
	    .kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	    .interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	pthread_mutex_init(&device->lock, NULL);
	for (unsigned i = 0; i < ops->queue_count; i++)
		device->queues[i].size_max = ops->queue_size;
	for (unsigned i = 0; i < VIRTIO_WATCHES_MAX; i++)
		device->watches[i].fd = -1;
	if (device->kick_fd >= 0 && device->interrupt_fd >= 0)
		return 0;
	int r = err_sys(e, errno, "make the bells of the %s device", ops->name);
	virtio_finish(device);
	return r;
}

void virtio_finish(struct virtio_device *device)
{
	if (!device->ops)
		return;
	if (device->ops->finish)
		device->ops->finish(device);
	fd_close(&device->kick_fd);
	fd_close(&device->interrupt_fd);
	pthread_mutex_destroy(&device->lock);
	device->ops = NULL;
}

/* ---- for devices ---- */

bool virtio_is_up(const struct virtio_device *device)
{
	return (device->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK;
}

bool virtio_has(const struct virtio_device *device, uint64_t features)
{
	return (device->driver_features & features) == features;
}

int virtio_take(struct virtio_device *device, unsigned queue, struct virtio_chain *ret_chain)
{
	struct virtqueue *from = &device->queues[queue];

	return from->is_ready && virtio_is_up(device)
		   ? virtqueue_take(from, device->memory, ret_chain)
		   : 0;
}

void virtio_give(struct virtio_device *device, unsigned queue, const struct virtio_chain *chain,
		 uint32_t written)
{
	struct virtqueue *to = &device->queues[queue];

	virtqueue_give(to, device->memory, chain->head, written);
	device->has_used |= virtqueue_wants_interrupt(to, device->memory);
}

static void interrupt(struct virtio_device *device, uint32_t cause)
{
	device->interrupt_status |= cause;
	ring(device->interrupt_fd);
}

void virtio_config_changed(struct virtio_device *device)
{
	device->generation++;
	if (device->status & VIRTIO_DRIVER_OK)
		interrupt(device, INTERRUPT_CONFIG);
}

void virtio_watch(struct virtio_device *device, unsigned watch, int fd, short events)
{
	device->watches[watch] = (struct virtio_watch){events ? fd : -1, events};
}

void virtio_wake(struct virtio_device *device)
{
	if (device->wake)
		device->wake(device->wake_arg);
}

void virtio_say(struct virtio_device *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(device->word, sizeof(device->word), format, arguments);
	va_end(arguments);
	virtio_wake(device);
}

/* ---- for whoever runs them ---- */

void virtio_kick(struct virtio_device *device)
{
	ring(device->kick_fd);
}

static void refuse(struct virtio_device *device)
{
	device->status |= VIRTIO_NEEDS_RESET;
	virtio_say(device, "the guest's driver broke the rules of its queues: no more service "
			   "until it resets the device");
	virtio_config_changed(device);
}

/* The end of a turn whose worst result is `r`. */
static void end_turn(struct virtio_device *device, int r)
{
	if (device->has_used)
		interrupt(device, INTERRUPT_USED);
	device->has_used = false;
	if (r < 0)
		refuse(device);
	else if (r > 0)
		virtio_kick(device);
}

static int serve_queues(struct virtio_device *device)
{
	int result = 0;

	for (unsigned i = 0; i < device->ops->queue_count; i++) {
		if (!device->queues[i].is_ready || !virtio_is_up(device) || result < 0)
			continue;
		int r = device->ops->process(device, i);
		result = r < 0 || r > result ? r : result;
	}
	return result;
}

void virtio_serve(struct virtio_device *device)
{
	uint64_t count;
	ssize_t unused = read(device->kick_fd, &count, sizeof(count));

	(void)unused;
	pthread_mutex_lock(&device->lock);
	end_turn(device, device->ops->turn ? device->ops->turn(device) : serve_queues(device));
	pthread_mutex_unlock(&device->lock);
}

void virtio_serve_watch(struct virtio_device *device, unsigned watch, short revents)
{
	pthread_mutex_lock(&device->lock);
	/* It may have been taken back between poll(2) and here. */
	if (device->watches[watch].fd >= 0)
		end_turn(device, device->ops->on_ready(device, watch, revents));
	pthread_mutex_unlock(&device->lock);
}

bool virtio_take_word(struct virtio_device *device, char *buffer, size_t size)
{
	pthread_mutex_lock(&device->lock);
	bool has_word = device->word[0];
	snprintf(buffer, size, "%s", device->word);
	device->word[0] = '\0';
	pthread_mutex_unlock(&device->lock);
	return has_word;
}
