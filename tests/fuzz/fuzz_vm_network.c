/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a machine's outside takes from strangers. The first byte says which: the agent's messages
 * about network and volumes, as somebody may forge them; a vhost-user answer; the network card,
 * with a guest whose RAM, rings and all, is what the bytes say.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"
#include "vhost.h"
#include "virtio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	RAM = 16 << 10,
	QUEUE_BYTES = 0x1000,
	AVAILABLE = 0x400,
	USED = 0x800,
	QUEUE_SIZE = 8,
	TURNS = 4,
	FRAME_MAX = 1600,
};

static void try_messages(const uint8_t *data, size_t size)
{
	struct agent_network network;
	struct agent_mount mount;
	const char *first, *second;
	uint8_t *body = malloc(size + 1); /* exactly: what is read beyond it is found */

	if (!body)
		return;
	memcpy(body, data, size);
	if (agent_decode_network(body, size, &network, &first, &second, NULL) == 0) {
		assert(*first && !strchr(first, '\n') && !strchr(second, '\n'));
		assert(network.prefix_length <= 32);
	}
	if (agent_decode_mount(body, size, &mount, &first, &second, NULL) == 0)
		assert(*first && *second == '/' && strlen(second) < size);
	free(body);
}

static void try_answer(const uint8_t *data, size_t size)
{
	uint64_t number;

	if (vhost_check_answer(data, size, 1, &number) == 0)
		assert(size == 20);
	if (vhost_check_answer(data, size, 11, &number) == 0)
		assert(number <= UINT32_MAX);
}

/* The driver accepts what is offered, and says where its queues lie. */
static void set_up(struct virtio_device *device)
{
	virtio_mmio_write(device, 0x070, 4, 0);
	virtio_mmio_write(device, 0x024, 4, 0);
	virtio_mmio_write(device, 0x020, 4, (uint32_t)device->features);
	virtio_mmio_write(device, 0x024, 4, 1);
	virtio_mmio_write(device, 0x020, 4, device->features >> 32);
	virtio_mmio_write(device, 0x070, 4, 11);
	for (unsigned i = 0; i < device->ops->queue_count; i++) {
		virtio_mmio_write(device, 0x030, 4, i);
		virtio_mmio_write(device, 0x038, 4, QUEUE_SIZE);
		virtio_mmio_write(device, 0x080, 4, i * QUEUE_BYTES);
		virtio_mmio_write(device, 0x090, 4, i * QUEUE_BYTES + AVAILABLE);
		virtio_mmio_write(device, 0x0a0, 4, i * QUEUE_BYTES + USED);
		virtio_mmio_write(device, 0x044, 4, 1);
	}
	virtio_mmio_write(device, 0x070, 4, 15);
}

/* Announces one more chain in each queue, has it served, and lets a frame come in. */
static void turn(struct virtio_device *device, const struct memory *memory, int far)
{
	static const uint8_t frame[FRAME_MAX];
	uint8_t sent[FRAME_MAX];

	for (unsigned i = 0; i < device->ops->queue_count; i++) {
		uint64_t index_at = i * QUEUE_BYTES + AVAILABLE + 2;
		uint16_t index;
		memory_read(memory, index_at, &index, sizeof(index));
		index++;
		memory_write(memory, index_at, &index, sizeof(index));
	}
	ssize_t unused = write(far, frame, 12 + memory->host[0] * 6u);
	virtio_serve(device);
	virtio_serve_watch(device, 0, 1);
	while (read(far, sent, sizeof(sent)) > 0)
		;
	(void)unused;
}

static void try_card(const uint8_t *data, size_t size)
{
	static const uint8_t own[] = {2, 'i', 'o', 'b', 0, 5};
	struct virtio_net_setup setup = {.hardware_address = own, .mtu = 1500};
	struct virtio_device device;
	struct memory memory;
	int ends[2];

	if (memory_init(&memory, RAM, NULL) < 0)
		return;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == 0) {
		setup.tap_fd = ends[0];
		assert(virtio_net_init(&device, &setup, &memory, NULL) == 0);
		set_up(&device);
		memcpy(memory.host, data, size < RAM ? size : RAM);
		/* so that the first turn finds one new chain in each queue */
		memset(memory.host + AVAILABLE + 2, 0, 2);
		memset(memory.host + QUEUE_BYTES + AVAILABLE + 2, 0, 2);
		for (int i = 0; i < TURNS; i++)
			turn(&device, &memory, ends[1]);
		virtio_finish(&device);
		close(ends[1]);
	}
	memory_finish(&memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *data, size_t size) = {try_messages, try_answer,
									  try_card};

	if (size > 0)
		tries[data[0] % 3](data + 1, size - 1);
	return 0;
}
