// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Messages between a worker and the holder of the lab network: one struct, one packet. A packet
 * of another size, with another magic, an unknown type, or with a text that does not end, is
 * refused as a whole. Descriptors beyond the first are closed by the kernel for want of room,
 * since the buffer for control data holds one. See unix(7), recvmsg(2).
 */
#include "net_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"
#include "packet.h"
#include "str.h"

int net_wire_send(int socket, const struct net_wire *message, int fd)
{
	struct net_wire copy = *message;
	const struct iovec data = {.iov_base = &copy, .iov_len = sizeof(copy)};
	ssize_t n;

	copy.magic = NET_WIRE_MAGIC;
	n = packet_send(socket, &data, 1, &fd, fd >= 0, MSG_DONTWAIT);
	return n < 0 ? (int)n : 0;
}

static bool is_ended(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

int net_wire_check(const void *packet, size_t length, struct net_wire *ret_message)
{
	struct net_wire message;

	if (length != sizeof(message))
		return -EPROTO;
	memcpy(&message, packet, sizeof(message));
	bool is_known = (message.type >= NET_JOIN && message.type <= NET_LIST) ||
			(message.type >= NET_JOINED && message.type <= NET_ERROR);
	if (message.magic != NET_WIRE_MAGIC || !is_known ||
	    !is_ended(message.name, sizeof(message.name)) ||
	    !is_ended(message.hostname, sizeof(message.hostname)) ||
	    !is_ended(message.text, sizeof(message.text)) ||
	    !is_ended(message.hint, sizeof(message.hint)) ||
	    !is_ended(message.lease.uplink, sizeof(message.lease.uplink)))
		return -EPROTO;
	*ret_message = message;
	return 0;
}

static int await(int socket, int timeout_ms)
{
	struct pollfd ready = {.fd = socket, .events = POLLIN};
	int r;

	do
		r = poll(&ready, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

int net_wire_receive(int socket, int timeout_ms, struct net_wire *ret_message, int *ret_fd)
{
	/* One byte more than a message: a longer packet shows itself. */
	char bytes[sizeof(struct net_wire) + 1];
	const struct iovec data = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	auto_close int fd = -1;
	size_t count = 1;
	int r = timeout_ms ? await(socket, timeout_ms) : 0;

	if (r < 0)
		return r;
	ssize_t n = packet_receive(socket, &data, 1, &fd, &count, MSG_DONTWAIT, NULL);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return 0;
	r = net_wire_check(bytes, (size_t)n, ret_message);
	if (r < 0)
		return r;
	*ret_fd = fd_move(&fd);
	return 1;
}

void net_wire_set_error(struct net_wire *message, const struct err *e)
{
	*message = (struct net_wire){.type = NET_ERROR, .number = (uint32_t)e->code};
	str_copy(message->text, sizeof(message->text), e->what);
	str_copy(message->hint, sizeof(message->hint), e->hint);
}

int net_wire_take_error(const struct net_wire *message, struct err *e)
{
	bool is_errno = message->number > 0 && message->number < 4096;
	int r = err_set(e, is_errno ? (int)message->number : EPROTO, "%s",
			*message->text ? message->text : "the lab network refused");

	return *message->hint ? err_hint(e, r, "%s", message->hint) : r;
}

char *net_wire_format_address(char *buffer, size_t size, uint32_t address)
{
	snprintf(buffer, size, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		 address >> 8 & 255, address & 255);
	return buffer;
}
