/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ring of bytes each way, between the worker, who has one end, and the guest's queues. A chain
 * that does not fit the ring is put back, with a note how much of it has gone. A named port has
 * two more queues, for messages about ports: the driver says that it is there, we say that there is
 * a port, it says that it has made it, we say that it is open and what it is called: in that
 * order, so that who finds the name may write at once.
 */
#include "console.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RING_BYTES = 64 * 1024,
	PIECE_BYTES = 4096,
	CHAINS_AT_ONCE = 64,
	PORT_NAME_MAX = 64,
};
enum { QUEUE_RECEIVE, QUEUE_TRANSMIT, QUEUE_CONTROL_RECEIVE, QUEUE_CONTROL_TRANSMIT };
enum { /* features */
       FEATURE_SIZE = 1 << 0,
       FEATURE_MULTIPORT = 1 << 1
};

enum console_event {
	DEVICE_READY = 0,
	PORT_ADD = 1,
	PORT_READY = 3,
	PORT_OPEN = 6,
	PORT_NAME = 7,
};

struct message {
	uint32_t port;
	uint16_t event, value;
};

struct config {
	uint16_t columns, rows;
	uint32_t ports;
};

struct ring {
	uint8_t bytes[RING_BYTES];
	size_t head, tail; /* free-running */
};

struct console {
	const char *name;
	struct ring to_guest, from_guest;
	uint64_t chain_offset; /* so much of the first chain of QUEUE_TRANSMIT has gone */
	unsigned pending;      /* bit n: the message of event n is to be sent */
};

/* ---- rings ---- */

static size_t ring_room(const struct ring *ring)
{
	return RING_BYTES - (ring->head - ring->tail);
}

static size_t ring_put(struct ring *ring, const uint8_t *bytes, size_t length)
{
	if (length > ring_room(ring))
		length = ring_room(ring);
	for (size_t i = 0; i < length; i++)
		ring->bytes[ring->head++ % RING_BYTES] = bytes[i];
	return length;
}

/* Copies the first bytes, which stay until the tail moves on. */
static size_t ring_peek(const struct ring *ring, uint8_t *bytes, size_t length)
{
	if (length > ring->head - ring->tail)
		length = ring->head - ring->tail;
	for (size_t i = 0; i < length; i++)
		bytes[i] = ring->bytes[(ring->tail + i) % RING_BYTES];
	return length;
}

/* ---- bytes ---- */

/* Fills the guest's buffers, one piece each: what a driver offers is a page as a rule. */
static int fill(struct virtio_device *device, struct console *console)
{
	struct ring *ring = &console->to_guest;
	bool was_full = ring_room(ring) == 0;
	struct virtio_chain chain;
	uint8_t piece[PIECE_BYTES];
	int r = 0;

	while (ring->head != ring->tail && (r = virtio_take(device, QUEUE_RECEIVE, &chain)) > 0) {
		size_t length = ring_peek(ring, piece, sizeof(piece));
		length = virtio_chain_write(&chain, device->memory, 0, piece, length);
		ring->tail += length;
		virtio_give(device, QUEUE_RECEIVE, &chain, (uint32_t)length);
		if (length == 0)
			return -EPROTO; /* a buffer of no bytes: it could go on for ever */
	}
	if (was_full && ring_room(ring))
		virtio_wake(device);
	return r < 0 ? r : 0;
}

/* True if all of a chain has gone into the ring. */
static bool drain_chain(struct virtio_device *device, struct console *console,
			const struct virtio_chain *chain)
{
	uint8_t piece[PIECE_BYTES];

	while (console->chain_offset < chain->readable_bytes) {
		size_t length = ring_room(&console->from_guest);
		if (length > sizeof(piece))
			length = sizeof(piece);
		length = virtio_chain_read(chain, device->memory, console->chain_offset, piece,
					   length);
		if (length == 0)
			return false;
		console->chain_offset += ring_put(&console->from_guest, piece, length);
	}
	console->chain_offset = 0;
	return true;
}

static int drain(struct virtio_device *device, struct console *console)
{
	struct ring *ring = &console->from_guest;
	size_t before = ring->head;
	struct virtio_chain chain;
	int r = 1;

	for (int turn = 0; turn < CHAINS_AT_ONCE && r > 0; turn++) {
		r = virtio_take(device, QUEUE_TRANSMIT, &chain);
		if (r <= 0)
			break;
		if (!drain_chain(device, console, &chain)) {
			virtqueue_untake(&device->queues[QUEUE_TRANSMIT]);
			r = 0; /* goes on when the worker has taken some */
		} else {
			virtio_give(device, QUEUE_TRANSMIT, &chain, 0);
		}
	}
	if (ring->head != before)
		virtio_wake(device);
	return r;
}

/* ---- messages about ports ---- */

static int send_messages(struct virtio_device *device, struct console *console)
{
	static const enum console_event order[] = {PORT_ADD, PORT_OPEN, PORT_NAME};
	struct {
		struct message message;
		char name[PORT_NAME_MAX];
	} body = {0};
	struct virtio_chain chain;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		size_t length = sizeof(body.message);
		if (!(console->pending & 1u << order[i]))
			continue;
		int r = virtio_take(device, QUEUE_CONTROL_RECEIVE, &chain);
		if (r <= 0)
			return r;
		body.message = (struct message){0, htole16(order[i]), htole16(1)};
		if (order[i] == PORT_NAME) {
			size_t bytes = strnlen(console->name, sizeof(body.name));
			memcpy(body.name, console->name, bytes);
			length += bytes;
		}
		length = virtio_chain_write(&chain, device->memory, 0, &body, length);
		virtio_give(device, QUEUE_CONTROL_RECEIVE, &chain, (uint32_t)length);
		console->pending &= ~(1u << order[i]);
	}
	return 0;
}

static int take_messages(struct virtio_device *device, struct console *console)
{
	struct virtio_chain chain;
	int r = 1;

	for (int turn = 0; turn < CHAINS_AT_ONCE; turn++) {
		struct message message = {.event = UINT16_MAX};
		r = virtio_take(device, QUEUE_CONTROL_TRANSMIT, &chain);
		if (r <= 0)
			break;
		virtio_chain_read(&chain, device->memory, 0, &message, sizeof(message));
		virtio_give(device, QUEUE_CONTROL_TRANSMIT, &chain, 0);
		if (le16toh(message.event) == DEVICE_READY)
			console->pending |= 1u << PORT_ADD;
		if (le16toh(message.event) == PORT_READY)
			console->pending |= 1u << PORT_OPEN | 1u << PORT_NAME;
	}
	int sent = send_messages(device, console);
	return sent < 0 ? sent : r;
}

/* ---- the device ---- */

static int process(struct virtio_device *device, unsigned queue)
{
	struct console *console = device->state;

	switch (queue) {
	case QUEUE_RECEIVE:
		return fill(device, console);
	case QUEUE_TRANSMIT:
		return drain(device, console);
	case QUEUE_CONTROL_RECEIVE:
		return send_messages(device, console);
	default:
		return take_messages(device, console);
	}
}

static void reset(struct virtio_device *device)
{
	struct console *console = device->state;

	console->chain_offset = 0;
	console->pending = 0;
}

static void finish(struct virtio_device *device)
{
	free(device->state);
}

static const struct virtio_ops terminal_ops = {
    .name = "console",
    .id = 3,
    .features = FEATURE_SIZE,
    .queue_count = 2,
    .queue_size = 64,
    .process = process,
    .reset = reset,
    .finish = finish,
};

static const struct virtio_ops port_ops = {
    .name = "port",
    .id = 3,
    .features = FEATURE_MULTIPORT,
    .queue_count = 4,
    .queue_size = 64,
    .process = process,
    .reset = reset,
    .finish = finish,
};

int virtio_console_init(struct virtio_device *device, const char *name, struct memory *memory,
			struct err *e)
{
	const struct config config = {.ports = htole32(1)};
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return err_sys(e, ENOMEM, "make a console");
	console->name = name;
	int r = virtio_init(device, name ? &port_ops : &terminal_ops, console, memory, e);
	if (r < 0)
		return r;
	device->config_bytes = sizeof(config);
	memcpy(device->config, &config, sizeof(config));
	return 0;
}

size_t virtio_console_send(struct virtio_device *device, const void *bytes, size_t length)
{
	struct console *console = device->state;

	pthread_mutex_lock(&device->lock);
	size_t taken = ring_put(&console->to_guest, bytes, length);
	pthread_mutex_unlock(&device->lock);
	if (taken)
		virtio_kick(device);
	return taken;
}

size_t virtio_console_take(struct virtio_device *device, void *buffer, size_t size)
{
	struct console *console = device->state;

	pthread_mutex_lock(&device->lock);
	bool was_full = ring_room(&console->from_guest) == 0;
	size_t taken = ring_peek(&console->from_guest, buffer, size);
	console->from_guest.tail += taken;
	pthread_mutex_unlock(&device->lock);
	if (was_full && taken)
		virtio_kick(device);
	return taken;
}

void virtio_console_resize(struct virtio_device *device, unsigned rows, unsigned columns)
{
	struct config config = {.columns = htole16((uint16_t)columns),
				.rows = htole16((uint16_t)rows),
				.ports = htole32(1)};

	pthread_mutex_lock(&device->lock);
	memcpy(device->config, &config, sizeof(config));
	virtio_config_changed(device);
	pthread_mutex_unlock(&device->lock);
}
