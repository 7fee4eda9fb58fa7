// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Questions come by UDP from the lab only. One that is sent on gets a random number of ours and is
 * remembered until its answer comes, or until its place is needed; the socket outside is connected,
 * so nobody but the server is heard there. What does not fit is dropped: whoever asked asks again.
 */
#include "resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"

enum { PACKETS_PER_TURN = 64, PORT = 53 };

/* An answer from outside may be longer than ours; EDNS clients offer up to 4096 bytes. */
enum { FOREIGN_MAX = 4096 };

void resolver_init(struct resolver *resolver)
{
	*resolver = (struct resolver){.fd = -1, .upstream_fd = -1};
}

static int open_socket(struct err *e)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? err_sys(e, errno, "make a socket for names") : fd;
}

static struct sockaddr_in make_address(uint32_t address)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(PORT),
				    .sin_addr.s_addr = htonl(address)};
}

int resolver_open(struct resolver *resolver, struct err *e)
{
	struct sockaddr_in address = make_address(resolver->zone.network + 1);
	auto_close int fd = open_socket(e);

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(e, errno, "listen for questions about names");
	resolver->fd = fd_move(&fd);
	return 0;
}

void resolver_allow_outside(struct resolver *resolver, uint32_t server)
{
	resolver->upstream = server;
	resolver->zone.can_forward = true;
}

/* With the first question: earlier the way out may not stand yet. */
static bool open_upstream(struct resolver *resolver)
{
	struct sockaddr_in address = make_address(resolver->upstream);
	auto_close int fd = -1;

	if (resolver->upstream_fd >= 0)
		return true;
	fd = open_socket(NULL);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return false;
	resolver->upstream_fd = fd_move(&fd);
	return true;
}

void resolver_close(struct resolver *resolver)
{
	fd_close(&resolver->fd);
	fd_close(&resolver->upstream_fd);
}

static struct resolver_pending *find_pending(struct resolver *resolver, uint16_t id)
{
	for (size_t i = 0; i < RESOLVER_PENDING_MAX; i++)
		if (resolver->pending[i].asked_ns && resolver->pending[i].id == id)
			return &resolver->pending[i];
	return NULL;
}

/* A free place, else the one that waits longest. */
static struct resolver_pending *take_place(struct resolver *resolver)
{
	struct resolver_pending *oldest = &resolver->pending[0];

	for (size_t i = 1; i < RESOLVER_PENDING_MAX; i++)
		if (resolver->pending[i].asked_ns < oldest->asked_ns)
			oldest = &resolver->pending[i];
	return oldest;
}

static void forward(struct resolver *resolver, uint8_t *packet, size_t length,
		    const struct sockaddr_in *client)
{
	uint16_t id;

	if (!open_upstream(resolver) || getrandom(&id, sizeof(id), 0) != sizeof(id) ||
	    find_pending(resolver, id))
		return;
	struct resolver_pending *pending = take_place(resolver);
	*pending = (struct resolver_pending){.client = *client, .id = id};
	memcpy(&pending->their_id, packet, sizeof(id));
	memcpy(packet, &id, sizeof(id));
	if (send(resolver->upstream_fd, packet, length, 0) == (ssize_t)length)
		pending->asked_ns = clock_now_ns();
}

/* Only the lab may ask: not what comes in from outside, nor ourselves. */
static bool is_from_lab(const struct resolver *resolver, const struct sockaddr_in *client,
			socklen_t size)
{
	uint32_t address = ntohl(client->sin_addr.s_addr);

	return size == sizeof(*client) && client->sin_family == AF_INET &&
	       (address & 0xffffff00) == resolver->zone.network &&
	       address != resolver->zone.network + 1;
}

void resolver_on_question(struct resolver *resolver)
{
	uint8_t packet[DNS_QUESTION_MAX + 1], answer[DNS_ANSWER_MAX];

	for (int i = 0; i < PACKETS_PER_TURN; i++) {
		struct sockaddr_in client;
		socklen_t size = sizeof(client);
		ssize_t n = recvfrom(resolver->fd, packet, sizeof(packet), 0,
				     (struct sockaddr *)&client, &size);
		size_t length;
		if (n < 0)
			return;
		if (!is_from_lab(resolver, &client, size))
			continue;
		switch (dns_handle(&resolver->zone, packet, (size_t)n, answer, &length)) {
		case DNS_ANSWER:
			sendto(resolver->fd, answer, length, 0, (struct sockaddr *)&client, size);
			break;
		case DNS_FORWARD:
			forward(resolver, packet, (size_t)n, &client);
			break;
		case DNS_DROP:
			break;
		}
	}
}

void resolver_on_upstream(struct resolver *resolver)
{
	uint8_t packet[FOREIGN_MAX];

	for (int i = 0; i < PACKETS_PER_TURN; i++) {
		ssize_t n = recv(resolver->upstream_fd, packet, sizeof(packet), 0);
		uint16_t id;
		if (n < 0 && errno != ECONNREFUSED)
			return;
		if (n < DNS_HEADER_BYTES)
			continue;
		memcpy(&id, packet, sizeof(id));
		struct resolver_pending *pending = find_pending(resolver, id);
		if (!pending)
			continue;
		memcpy(packet, &pending->their_id, sizeof(id));
		sendto(resolver->fd, packet, (size_t)n, 0, (struct sockaddr *)&pending->client,
		       sizeof(pending->client));
		pending->asked_ns = 0;
	}
}
