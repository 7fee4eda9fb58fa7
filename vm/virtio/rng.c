/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The entropy device, VIRTIO 1.2 section 5.4: one queue of buffers to be filled with random bytes.
 * The host kernel's own generator fills them; a large buffer gets a part, as the section allows,
 * so that no guest holds the thread.
 */
#include <sys/random.h>

#include "virtio.h"

enum { BYTES_AT_ONCE = 4096, CHAINS_AT_ONCE = 16 };

static int process(struct virtio_device *device, unsigned queue)
{
	struct virtio_chain chain;
	uint8_t bytes[BYTES_AT_ONCE];

	for (int turn = 0; turn < CHAINS_AT_ONCE; turn++) {
		int r = virtio_take(device, queue, &chain);
		if (r <= 0)
			return r;
		size_t wanted = chain.writable_bytes < sizeof(bytes) ? (size_t)chain.writable_bytes
								     : sizeof(bytes);
		ssize_t got = getrandom(bytes, wanted, 0);
		size_t written = virtio_chain_write(&chain, device->memory, 0, bytes,
						    got > 0 ? (size_t)got : 0);
		virtio_give(device, queue, &chain, (uint32_t)written);
	}
	return 1;
}

static const struct virtio_ops rng_ops = {
    .name = "rng",
    .id = 4,
    .queue_count = 1,
    .queue_size = 64,
    .process = process,
};

int virtio_rng_init(struct virtio_device *device, struct memory *memory, struct err *e)
{
	return virtio_init(device, &rng_ops, NULL, memory, e);
}
