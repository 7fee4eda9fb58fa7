/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtio-net (section 5.1): a card whose cable is a tap. Queue 0 holds the driver's empty buffers,
 * queue 1 its frames; before each frame stands a header, which the tap has in the same form.
 *
 * Frames go between tap and guest memory in one readv or writev each, unseen. What the driver says
 * in a frame's header is copied out and cut down to what it has negotiated; that its numbers fit
 * the frame is checked by the kernel, which is used to that from every tap. A frame that the tap
 * does not take now is lost, as on any wire: so nobody waits, and a flood slows only itself.
 *
 * What surprises: of the 12 bytes of the header the tap writes 10 and skips the last two, the
 * number of buffers. And while the driver has no empty buffer the tap must not be watched: it would
 * be ready for ever.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fd.h"
#include "virtio.h"

enum {
	QUEUE_RECEIVE,
	QUEUE_SEND,
	QUEUES,
	QUEUE_SIZE = 256,
	WATCH_TAP = 0,
	HEADER_BYTES = 12,
	/* what a driver must have room for (section 5.1.6.3.1), and what one frame can be */
	RECEIVE_BYTES_MINIMUM = HEADER_BYTES + ETH_FRAME_LEN,
	SEND_BYTES_MINIMUM = HEADER_BYTES + ETH_HLEN,
	SEND_BYTES_MAXIMUM = HEADER_BYTES + ETH_HLEN + 4 + 65535,
};

/* Sections 5.1.3, 5.1.4, 5.1.6. */
#define F_CSUM      (1ull << 0)
#define F_MTU       (1ull << 3)
#define F_MAC       (1ull << 5)
#define F_HOST_TSO4 (1ull << 11)
#define F_HOST_TSO6 (1ull << 12)
#define F_STATUS    (1ull << 16)

enum { LINK_IS_UP = 1, NEEDS_SUM = 1, SEGMENT_NONE = 0, SEGMENT_TCP4 = 1, SEGMENT_TCP6 = 4 };

struct config {
	uint8_t hardware_address[6];
	uint16_t status, queue_pairs, mtu;
};

struct header {
	uint8_t flags, segment_type;
	uint16_t header_bytes, segment_bytes, sum_start, sum_offset, buffers;
};
_Static_assert(sizeof(struct header) == HEADER_BYTES, "a frame's header");

struct net {
	int tap_fd; /* owned */
};

static void watch_tap(struct virtio_device *device, bool is_wanted)
{
	const struct net *net = device->state;

	virtio_watch(device, WATCH_TAP, net->tap_fd, is_wanted ? POLLIN : 0);
}

/* The tap is gone: its holder was killed. The driver sees an unplugged cable. */
static void unplug(struct virtio_device *device)
{
	struct config config;

	memcpy(&config, device->config, device->config_bytes);
	config.status = 0;
	memcpy(device->config, &config, device->config_bytes);
	watch_tap(device, false);
	virtio_config_changed(device);
}

/* ---- receiving ---- */

/* Reads a frame into the chain. Its bytes; 0: none is there; -EPROTO, -EIO. */
static ssize_t read_frame(struct virtio_device *device, const struct virtio_chain *chain)
{
	static const uint8_t one_buffer[] = {1, 0};
	const struct net *net = device->state;
	struct iovec parts[VIRTQUEUE_SIZE_MAX];
	uint64_t bytes;

	if (chain->writable_bytes < RECEIVE_BYTES_MINIMUM)
		return -EPROTO;
	unsigned count = virtio_chain_iovec(chain, device->memory, true, 0, SEND_BYTES_MAXIMUM,
					    parts, VIRTQUEUE_SIZE_MAX, &bytes);
	ssize_t n = readv(net->tap_fd, parts, (int)count);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -EIO;
	virtio_chain_write(chain, device->memory, offsetof(struct header, buffers), one_buffer,
			   sizeof(one_buffer));
	return n;
}

static int receive(struct virtio_device *device)
{
	struct virtio_chain chain;

	for (int i = 0; i < QUEUE_SIZE; i++) {
		int r = virtio_take(device, QUEUE_RECEIVE, &chain);
		watch_tap(device, r == 1);
		if (r <= 0)
			return r;
		ssize_t n = read_frame(device, &chain);
		if (n <= 0)
			virtqueue_untake(&device->queues[QUEUE_RECEIVE]);
		if (n == -EIO)
			unplug(device);
		if (n <= 0)
			return n == -EPROTO ? -EPROTO : 0;
		virtio_give(device, QUEUE_RECEIVE, &chain, (uint32_t)n);
	}
	return 1;
}

/* ---- sending ---- */

static bool may_segment(const struct virtio_device *device, unsigned type)
{
	if (type == SEGMENT_TCP4)
		return virtio_has(device, F_HOST_TSO4);
	return type == SEGMENT_TCP6 && virtio_has(device, F_HOST_TSO6);
}

/* Leaves of a header what was negotiated, and nothing where the driver says what we do not know. */
static void clean_header(const struct virtio_device *device, struct header *header)
{
	bool has_sum = header->flags & NEEDS_SUM && virtio_has(device, F_CSUM);

	header->buffers = 0;
	header->flags = has_sum ? NEEDS_SUM : 0;
	if (!has_sum)
		header->sum_start = header->sum_offset = 0;
	if (!has_sum || !may_segment(device, header->segment_type)) {
		header->segment_type = SEGMENT_NONE;
		header->segment_bytes = header->header_bytes = 0;
	}
}

static void write_frame(const struct virtio_device *device, const struct virtio_chain *chain)
{
	const struct net *net = device->state;
	struct header header;
	struct iovec parts[VIRTQUEUE_SIZE_MAX + 1];
	uint64_t bytes;

	if (chain->readable_bytes < SEND_BYTES_MINIMUM ||
	    chain->readable_bytes > SEND_BYTES_MAXIMUM)
		return;
	virtio_chain_read(chain, device->memory, 0, &header, sizeof(header));
	clean_header(device, &header);
	parts[0] = (struct iovec){.iov_base = &header, .iov_len = sizeof(header)};
	unsigned count = virtio_chain_iovec(chain, device->memory, false, sizeof(header),
					    SEND_BYTES_MAXIMUM, parts + 1, VIRTQUEUE_SIZE_MAX,
					    &bytes);
	ssize_t unused = writev(net->tap_fd, parts, (int)count + 1);
	(void)unused;
}

static int send(struct virtio_device *device)
{
	struct virtio_chain chain;

	for (int i = 0; i < QUEUE_SIZE; i++) {
		int r = virtio_take(device, QUEUE_SEND, &chain);
		if (r <= 0)
			return r;
		write_frame(device, &chain);
		virtio_give(device, QUEUE_SEND, &chain, 0);
	}
	return 1;
}

/* ---- the device ---- */

static int net_process(struct virtio_device *device, unsigned queue)
{
	return queue == QUEUE_SEND ? send(device) : receive(device);
}

static int net_on_ready(struct virtio_device *device, unsigned watch, short revents)
{
	(void)watch, (void)revents;
	return receive(device);
}

/* Frames that come meanwhile are the kernel's to drop. */
static void net_reset(struct virtio_device *device)
{
	watch_tap(device, false);
}

static void net_finish(struct virtio_device *device)
{
	struct net *net = device->state;

	if (net)
		fd_close(&net->tap_fd);
	free(net);
	device->state = NULL;
}

static const struct virtio_ops net_ops = {
    .name = "net",
    .id = 1,
    .features = F_MAC | F_MTU | F_STATUS | F_CSUM | F_HOST_TSO4 | F_HOST_TSO6,
    .queue_count = QUEUES,
    .queue_size = QUEUE_SIZE,
    .process = net_process,
    .on_ready = net_on_ready,
    .reset = net_reset,
    .finish = net_finish,
};

int virtio_net_init(struct virtio_device *device, const struct virtio_net_setup *setup,
		    struct memory *memory, struct err *e)
{
	struct config config = {.status = LINK_IS_UP, .queue_pairs = 1, .mtu = setup->mtu};
	struct net *net = calloc(1, sizeof(*net));

	if (!net)
		return err_sys(e, ENOMEM, "make a network card");
	net->tap_fd = -1;
	int r = virtio_init(device, &net_ops, net, memory, e);
	if (r < 0)
		return r; /* net_finish() has been called, the tap is still the caller's */
	net->tap_fd = setup->tap_fd;
	memcpy(config.hardware_address, setup->hardware_address, sizeof(config.hardware_address));
	device->config_bytes = sizeof(config);
	memcpy(device->config, &config, device->config_bytes);
	return 0;
}
