/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TEST_VSOCK_PEERS_H
#define ISOLAB_TEST_VSOCK_PEERS_H
/*
 * vsock_peers: both sides of a socket device on plain memory: a program of the host at the Unix
 * socket, and a driver that speaks for the guest, with manners or without, as the test wishes.
 */
#include <stdbool.h>
#include <stdint.h>

#include "virtio_driver.h"
#include "vsock.h"

enum {
	RECEIVE,
	TRANSMIT,
	BUFFER_BYTES = 4096,
	BUFFERS = DRIVER_DATA,            /* of RECEIVE, one for each descriptor */
	SENT = DRIVER_DATA + 0x20000,     /* one packet of TRANSMIT */
	SENT_DATA_MAX = 64 * 1024 + 1024, /* what it may carry */
	HOST = 2,
	GUEST = 3,
};

struct packet {
	uint64_t source_cid, target_cid;
	uint32_t source_port, target_port, length;
	uint16_t type, operation;
	uint32_t flags, window, forwarded;
} __attribute__((packed));

extern struct driver driver;

int call(const char *line);
/* What is there to be read; "": its end. "-": nothing yet. */
const char *hear(int fd);
/* The next packet of the device's, its data behind it; false: none came. Its buffer is offered
 * again. */
bool get(struct packet *ret, uint8_t *data);
/* Without more words: that packet has come, and no other. */
struct packet expect(unsigned operation);
void send_packet(const struct packet *packet, const void *data, uint32_t bytes);
/* A packet from the guest's port 1234. */
struct packet packet_to(uint32_t host_port, unsigned operation);
void say(uint32_t host_port, unsigned operation);
void say_data(uint32_t host_port, const void *data, uint32_t bytes);
void say_shutdown(uint32_t host_port, uint32_t flags);
bool has_broken_rules(void);
/* A stream to the guest's port 1234. Its host's end, and port. */
int open_stream(uint32_t *ret_port);
/* What epoll would wake the thread for. */
void poll_sockets(void);
int plug_in(void **state);
int pull_out(void **state);

#endif
