/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A virtio device and a guest that does what the bytes say: accesses to its registers, writes into
 * its RAM (where the queues lie), turns of the devices' thread. First byte: which device. Then
 * orders: a byte that chooses, and its operands. So that few bytes lead far, the guest may begin
 * with a driver that has already set the queues up (order 0).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "block.h"
#include "console.h"
#include "vsock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAM = 64 << 10, QUEUE_BYTES = 0x1000, QUEUE_SIZE = 8 };

struct input {
	const uint8_t *at, *end;
};

static uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	if (bytes > (size_t)(input->end - input->at))
		bytes = (size_t)(input->end - input->at);
	memcpy(&value, input->at, bytes);
	input->at += bytes;
	return value;
}

static void set_up(struct virtio_device *device)
{
	const uint64_t features = device->features;

	virtio_mmio_write(device, 0x070, 4, 0);
	virtio_mmio_write(device, 0x020, 4, (uint32_t)features);
	virtio_mmio_write(device, 0x024, 4, 1);
	virtio_mmio_write(device, 0x020, 4, features >> 32);
	virtio_mmio_write(device, 0x070, 4, 11);
	for (unsigned i = 0; i < device->ops->queue_count; i++) {
		virtio_mmio_write(device, 0x030, 4, i);
		virtio_mmio_write(device, 0x038, 4, QUEUE_SIZE);
		virtio_mmio_write(device, 0x080, 4, i * QUEUE_BYTES);
		virtio_mmio_write(device, 0x090, 4, i * QUEUE_BYTES + 0x400);
		virtio_mmio_write(device, 0x0a0, 4, i * QUEUE_BYTES + 0x800);
		virtio_mmio_write(device, 0x044, 4, 1);
	}
	virtio_mmio_write(device, 0x070, 4, 15);
}

/* A chain of one or two descriptors, announced; the bytes say where, how long and which way. */
static void announce(struct virtio_device *device, struct memory *memory, struct input *input)
{
	uint64_t queue = take(input, 1) % VIRTIO_QUEUES_MAX * QUEUE_BYTES;
	uint16_t index;
	struct {
		uint64_t address;
		uint32_t length;
		uint16_t flags, next;
	} descriptors[2];

	for (int i = 0; i < 2; i++) {
		uint8_t shape = (uint8_t)take(input, 1);
		descriptors[i].address = 0x8000 + (uint64_t)(shape >> 4) * 0x400;
		descriptors[i].length = (uint32_t)take(input, 1) * (shape & 8 ? 64 : 1);
		descriptors[i].flags = shape & 3;
		descriptors[i].next = 1;
	}
	memory_write(memory, queue, descriptors, sizeof(descriptors));
	if (memory_read(memory, queue + 0x402, &index, 2) < 0)
		return;
	index++;
	memory_write(memory, queue + 0x402, &index, 2);
	virtio_serve(device);
}

/* ---- the host's side of a socket device ---- */

enum { VISITORS = 4 };

static const struct sockaddr_un vsock_address = {.sun_family = AF_UNIX,
						 .sun_path = "\0fuzz_vm_virtio"};
static const socklen_t vsock_address_bytes = offsetof(struct sockaddr_un, sun_path) +
					     sizeof("\0fuzz_vm_virtio");

struct visitors {
	int fds[VISITORS];
};

static int listen_for(struct visitors *visitors)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = vsock_address;

	/* several fuzzers at the same time */
	memcpy(address.sun_path + 5, &(pid_t){getpid()}, sizeof(pid_t));
	memset(visitors->fds, -1, sizeof(visitors->fds));
	if (bind(fd, (const struct sockaddr *)&address, vsock_address_bytes) < 0 ||
	    listen(fd, VISITORS) < 0)
		abort();
	return fd;
}

/* One comes, says something, hears something, or goes. */
static void visit(struct visitors *visitors, struct input *input)
{
	static const char *const lines[] = {"CONNECT 1\n", "LISTEN 1\n", "CONNECT 2", "x\n"};
	struct sockaddr_un address = vsock_address;
	uint8_t what = (uint8_t)take(input, 1);
	int *fd = &visitors->fds[what % VISITORS];
	char bytes[4096] = "";
	const char *line = lines[what >> 6];

	memcpy(address.sun_path + 5, &(pid_t){getpid()}, sizeof(pid_t));
	if (*fd < 0) {
		*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(*fd, (const struct sockaddr *)&address, vsock_address_bytes) == 0)
			send(*fd, line, strlen(line), MSG_NOSIGNAL);
	} else if (what & 4) {
		close(*fd);
		*fd = -1;
	} else if (what & 8) {
		recv(*fd, bytes, sizeof(bytes), 0);
	} else if (what & 16) {
		shutdown(*fd, SHUT_WR);
	} else {
		send(*fd, bytes, what & 32 ? sizeof(bytes) : 5, MSG_NOSIGNAL);
	}
}

/* A header with good numbers, where a chain may begin. */
static void speak(struct memory *memory, struct input *input)
{
	uint8_t what = (uint8_t)take(input, 1);
	const struct {
		uint64_t source_cid, target_cid;
		uint32_t source_port, target_port, length;
		uint16_t type, operation;
		uint32_t flags, window, forwarded;
	} __attribute__((packed)) header = {.source_cid = 3,
					    .target_cid = 2,
					    .source_port = 1,
					    .target_port = what & 8 ? 1 : (1u << 30) + (what >> 6),
					    .length = what & 16 ? (uint32_t)take(input, 2) : 0,
					    .type = 1,
					    .operation = what & 7,
					    .flags = what >> 5,
					    .window = 5000};

	memory_write(memory, 0x8000, &header, sizeof(header));
}

/* The worker's side of a console. */
static void exchange(struct virtio_device *device, struct input *input)
{
	static const uint8_t bytes[3000];
	uint8_t buffer[sizeof(bytes)];

	if (device->ops->id != 3)
		return;
	virtio_console_send(device, bytes, take(input, 1) * 10);
	virtio_console_take(device, buffer, take(input, 1) * 10);
}

/* What is beside the guest: the other side of the device. */
static void meet(struct virtio_device *device, struct memory *memory, struct visitors *visitors,
		 struct input *input)
{
	if (device->ops->id != 19) {
		exchange(device, input);
		return;
	}
	if (take(input, 1) & 1)
		visit(visitors, input);
	else
		speak(memory, input);
	virtio_serve_watch(device, 0, 1);
}

static void obey(struct virtio_device *device, struct memory *memory, struct visitors *visitors,
		 struct input *input)
{
	uint8_t bytes[64];
	uint8_t order = (uint8_t)take(input, 1);
	unsigned width = 1u << (order >> 6);

	switch (order & 7) {
	case 0:
		set_up(device);
		break;
	case 1:
		virtio_mmio_write(device, take(input, 2) & 0x1fc, 4, take(input, 4));
		break;
	case 2:
		virtio_mmio_read(device, take(input, 2) % (0x1000 - 8), width);
		break;
	case 3:
		virtio_mmio_write(device, 0x100 + take(input, 1), width, take(input, width));
		break;
	case 4: {
		uint64_t to = take(input, 2), length = take(input, 1) % sizeof(bytes);
		for (uint64_t i = 0; i < length; i++)
			bytes[i] = (uint8_t)take(input, 1);
		memory_write(memory, to, bytes, length);
		break;
	}
	case 5:
		announce(device, memory, input);
		break;
	case 6:
		meet(device, memory, visitors, input);
		break;
	default:
		virtio_serve(device);
	}
}

/* A disk of nine clusters, made once. */
static const char *make_image(void)
{
	static char path[] = "/tmp/fuzz_vm_virtio.XXXXXX";
	static int fd = -1;
	static char link[32];

	if (fd < 0) {
		fd = mkstemp(path);
		unlink(path);
		if (ftruncate(fd, 9 * 4096) < 0)
			abort();
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	}
	return link;
}

static int make(struct virtio_device *device, uint64_t which, struct memory *memory,
		struct visitors *visitors)
{
	if (which & 8)
		return virtio_vsock_init(device, listen_for(visitors), memory, NULL);
	switch (which & 3) {
	case 3:
		return virtio_block_init(device, make_image(), which & 4, 0, memory, NULL);
	case 1:
		return virtio_console_init(device, NULL, memory, NULL);
	case 2:
		return virtio_console_init(device, "port", memory, NULL);
	default:
		return virtio_rng_init(device, memory, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size};
	struct virtio_device device;
	struct memory memory;
	struct visitors visitors = {{-1, -1, -1, -1}};

	if (memory_init(&memory, RAM, NULL) < 0)
		return 0;
	if (make(&device, take(&input, 1), &memory, &visitors) == 0) {
		while (input.at < input.end)
			obey(&device, &memory, &visitors, &input);
		virtio_finish(&device);
	}
	for (int i = 0; i < VISITORS; i++)
		if (visitors.fds[i] >= 0)
			close(visitors.fds[i]);
	memory_finish(&memory);
	return 0;
}
