/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The buffers of queue 0 are offered again as soon as they have been read; queue 1 has one packet
 * at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "vsock_peers.h"

struct driver driver;
static const char pattern[] = "/tmp/isolab-test-vsock-XXXXXX";
static char folder[sizeof(pattern)];
static uint16_t buffers_used; /* of RECEIVE */

/* ---- the host's program ---- */

static void address_of(struct sockaddr_un *address)
{
	address->sun_family = AF_UNIX;
	snprintf(address->sun_path, sizeof(address->sun_path), "%s/vsock", folder);
}

int call(const char *line)
{
	struct sockaddr_un address = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	address_of(&address);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	virtio_serve(&driver.device);
	return fd;
}

const char *hear(int fd)
{
	static char text[200];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return "-";
	text[n] = '\0';
	return text;
}

/* ---- the guest ---- */

static void offer(unsigned index)
{
	driver_descriptor(&driver, RECEIVE, index, BUFFERS + index * BUFFER_BYTES, BUFFER_BYTES,
			  DRIVER_WRITE, 0);
	driver_announce(&driver, RECEIVE, index);
}

bool get(struct packet *ret, uint8_t *data)
{
	uint32_t written;
	unsigned index = buffers_used % DRIVER_QUEUE_SIZE;

	if (!driver_used(&driver, RECEIVE, &written))
		return false;
	memory_read(&driver.memory, BUFFERS + index * BUFFER_BYTES, ret, sizeof(*ret));
	assert_int_equal(written, sizeof(*ret) + ret->length);
	if (data)
		memory_read(&driver.memory, BUFFERS + index * BUFFER_BYTES + sizeof(*ret), data,
			    ret->length);
	buffers_used++;
	offer(index);
	return true;
}

struct packet expect(unsigned operation)
{
	struct packet packet = {0}, another;

	assert_true(get(&packet, NULL));
	assert_int_equal(packet.operation, operation);
	assert_int_equal(packet.source_cid, HOST);
	assert_int_equal(packet.target_cid, GUEST);
	assert_int_equal(packet.type, 1);
	assert_false(get(&another, NULL));
	return packet;
}

void send_packet(const struct packet *packet, const void *data, uint32_t bytes)
{
	uint32_t written;

	memory_write(&driver.memory, SENT, packet, sizeof(*packet));
	if (data)
		memory_write(&driver.memory, SENT + sizeof(*packet), data, bytes);
	driver_descriptor(&driver, TRANSMIT, 0, SENT, (uint32_t)sizeof(*packet) + bytes, 0, 0);
	driver_announce(&driver, TRANSMIT, 0);
	virtio_serve(&driver.device);
	driver_used(&driver, TRANSMIT, &written);
}

struct packet packet_to(uint32_t host_port, unsigned operation)
{
	return (struct packet){.source_cid = GUEST,
			       .target_cid = HOST,
			       .source_port = 1234,
			       .target_port = host_port,
			       .type = 1,
			       .operation = (uint16_t)operation,
			       .window = 100000};
}

void say(uint32_t host_port, unsigned operation)
{
	const struct packet packet = packet_to(host_port, operation);

	send_packet(&packet, NULL, 0);
}

void say_data(uint32_t host_port, const void *data, uint32_t bytes)
{
	struct packet packet = packet_to(host_port, VSOCK_DATA);

	packet.length = bytes;
	send_packet(&packet, data, bytes);
}

void say_shutdown(uint32_t host_port, uint32_t flags)
{
	struct packet packet = packet_to(host_port, VSOCK_SHUTDOWN);

	packet.flags = flags;
	send_packet(&packet, NULL, 0);
}

bool has_broken_rules(void)
{
	return driver_read(&driver, 0x070) & VIRTIO_NEEDS_RESET;
}

int open_stream(uint32_t *ret_port)
{
	int fd = call("CONNECT 1234\n");
	struct packet request = expect(VSOCK_REQUEST);
	char wanted[32];

	assert_int_equal(request.target_port, 1234);
	assert_int_equal(request.window, VSOCK_WINDOW);
	*ret_port = request.source_port;
	say(*ret_port, VSOCK_RESPONSE);
	snprintf(wanted, sizeof(wanted), "OK %u\n", *ret_port);
	assert_string_equal(hear(fd), wanted);
	return fd;
}

void poll_sockets(void)
{
	virtio_serve_watch(&driver.device, 0, 1);
}

/* ---- setting up ---- */

int plug_in(void **state)
{
	struct sockaddr_un address = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)state;
	memcpy(folder, pattern, sizeof(pattern));
	if (!mkdtemp(folder))
		return -1;
	address_of(&address);
	driver_init(&driver);
	buffers_used = 0;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0 ||
	    virtio_vsock_init(&driver.device, fd, &driver.memory, NULL) < 0)
		return -1;
	driver_start(&driver, 0);
	for (unsigned i = 0; i < DRIVER_QUEUE_SIZE; i++)
		offer(i);
	return 0;
}

int pull_out(void **state)
{
	char path[64];

	(void)state;
	driver_finish(&driver);
	snprintf(path, sizeof(path), "%s/vsock", folder);
	unlink(path);
	return rmdir(folder);
}
