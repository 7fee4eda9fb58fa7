/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Queues and packets of the socket device (vsock.h). A packet is a header of 44 bytes and, if it
 * carries data, as many bytes as it says. The header is copied out and checked; data goes between
 * the guest's memory and a stream's window or socket.
 *
 * Nothing is kept for the guest but a few bits for each stream, and sixteen resets for streams that
 * are none: when those are full its packets wait, and so it does.
 */
#include <endian.h>
#include <errno.h>

#include "vsock.h"

enum { PACKETS_AT_ONCE = 64, TYPE_STREAM = 1 };

struct packet {
	uint64_t source_cid, target_cid;
	uint32_t source_port, target_port, length;
	uint16_t type, operation;
	uint32_t flags, window, forwarded;
} __attribute__((packed));
_Static_assert(sizeof(struct packet) == 44, "a packet's header");

/* ---- to the guest ---- */

static void put_packet(struct virtio_device *device, const struct virtio_chain *chain,
		       const struct packet *packet)
{
	virtio_chain_write(chain, device->memory, 0, packet, sizeof(*packet));
	virtio_give(device, VSOCK_QUEUE_RECEIVE, chain,
		    (uint32_t)sizeof(*packet) + le32toh(packet->length));
}

static struct packet packet_for(uint32_t guest_port, uint32_t host_port,
				enum vsock_operation operation)
{
	return (struct packet){.source_cid = htole64(VSOCK_HOST),
			       .target_cid = htole64(VSOCK_GUEST),
			       .source_port = htole32(host_port),
			       .target_port = htole32(guest_port),
			       .type = htole16(TYPE_STREAM),
			       .operation = htole16((uint16_t)operation)};
}

static struct packet packet_of(struct vsock_stream *stream, enum vsock_operation operation)
{
	struct packet packet = packet_for(stream->guest_port, stream->host_port, operation);

	packet.window = htole32(VSOCK_WINDOW);
	packet.forwarded = htole32(stream->forwarded);
	stream->told = stream->forwarded;
	stream->pending &= ~(1u << operation);
	if (operation == VSOCK_SHUTDOWN)
		packet.flags = htole32(stream->is_hung_up ? VSOCK_NO_MORE : VSOCK_NO_MORE_SENT);
	return packet;
}

/* Data of a stream into the chain. False: there is none after all. */
static bool put_data(struct virtio_device *device, const struct virtio_chain *chain,
		     struct vsock_stream *stream)
{
	struct iovec pieces[VIRTQUEUE_SIZE_MAX];
	uint32_t credit = vsock_credit(stream);
	uint64_t bytes;
	unsigned count = virtio_chain_iovec(chain, device->memory, true, sizeof(struct packet),
					    credit < VSOCK_WINDOW ? credit : VSOCK_WINDOW, pieces,
					    VIRTQUEUE_SIZE_MAX, &bytes);
	size_t length = count ? vsock_read(stream, pieces, count) : 0;

	if (length == 0)
		return false;
	struct packet packet = packet_of(stream, VSOCK_DATA);
	packet.length = htole32((uint32_t)length);
	put_packet(device, chain, &packet);
	return true;
}

/* What is said first. An end is pending only when all data has been read. */
static enum vsock_operation next_operation(const struct vsock_stream *stream)
{
	static const enum vsock_operation order[] = {VSOCK_RESET, VSOCK_REQUEST, VSOCK_RESPONSE,
						     VSOCK_CREDIT_UPDATE, VSOCK_SHUTDOWN};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (stream->pending & 1u << order[i])
			return order[i];
	return VSOCK_DATA;
}

/* One packet of a stream that has one. False: it had none, and the chain is still free. */
static bool put_one(struct virtio_device *device, const struct virtio_chain *chain,
		    struct vsock_stream *stream)
{
	enum vsock_operation operation = next_operation(stream);

	if (operation == VSOCK_DATA)
		return put_data(device, chain, stream);
	const struct packet packet = packet_of(stream, operation);
	put_packet(device, chain, &packet);
	if (operation == VSOCK_RESET)
		vsock_forget(stream);
	return true;
}

static bool has_packet(const struct vsock_stream *stream)
{
	return stream->pending || vsock_credit(stream);
}

/* The next stream with something to say, in turns; NULL: none. */
static struct vsock_stream *next_stream(struct vsock *vsock)
{
	for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++) {
		unsigned at = (vsock->next_stream + i) % VSOCK_CONNECTIONS_MAX;
		if (!has_packet(&vsock->streams[at]))
			continue;
		vsock->next_stream = at + 1;
		return &vsock->streams[at];
	}
	return NULL;
}

int vsock_fill(struct virtio_device *device, struct vsock *vsock)
{
	struct virtio_chain chain;
	struct vsock_stream *stream = NULL;

	for (int turn = 0; turn < PACKETS_AT_ONCE; turn++) {
		if (!vsock->lost_count && !(stream = next_stream(vsock)))
			return 0;
		int r = virtio_take(device, VSOCK_QUEUE_RECEIVE, &chain);
		if (r <= 0)
			return r;
		if (chain.writable_bytes <= sizeof(struct packet))
			return -EPROTO;
		if (vsock->lost_count) {
			const struct vsock_lost *lost = &vsock->lost[--vsock->lost_count];
			const struct packet packet = packet_for(lost->guest_port, lost->host_port,
								VSOCK_RESET);
			put_packet(device, &chain, &packet);
		} else if (!put_one(device, &chain, stream)) {
			virtqueue_untake(&device->queues[VSOCK_QUEUE_RECEIVE]);
		}
	}
	return 1;
}

/* ---- from the guest ---- */

static struct vsock_stream *find_stream(struct vsock *vsock, const struct packet *packet)
{
	for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++) {
		struct vsock_stream *stream = &vsock->streams[i];
		if (stream->state >= VSOCK_REQUESTED && stream->state != VSOCK_DRAINING &&
		    stream->guest_port == packet->source_port &&
		    stream->host_port == packet->target_port)
			return stream;
	}
	return NULL;
}

/* A connection of the guest's finds a program of the host that waits for it. */
static bool connect_guest(struct vsock *vsock, const struct packet *packet)
{
	for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++) {
		struct vsock_stream *stream = &vsock->streams[i];
		if (stream->state != VSOCK_WAITING || stream->host_port != packet->target_port)
			continue;
		stream->guest_port = packet->source_port;
		stream->peer_window = packet->window;
		stream->peer_forwarded = packet->forwarded;
		stream->pending |= 1u << VSOCK_RESPONSE;
		vsock_open(stream);
		return true;
	}
	return false;
}

/* False: more than the guest was told there is room for. */
static bool take_data(struct virtio_device *device, struct vsock_stream *stream,
		      const struct virtio_chain *chain, uint32_t length)
{
	struct iovec pieces[2];
	uint64_t offset = sizeof(struct packet);

	if (length > vsock_room(stream))
		return false;
	unsigned count = vsock_window(stream, length, pieces);
	for (unsigned i = 0; i < count; i++)
		offset += virtio_chain_read(chain, device->memory, offset, pieces[i].iov_base,
					    pieces[i].iov_len);
	stream->received += length;
	vsock_forward(stream);
	return true;
}

/* A packet of a stream that there is. False: it has no place there. */
static bool obey(struct virtio_device *device, struct vsock_stream *stream,
		 const struct virtio_chain *chain, const struct packet *packet)
{
	bool is_open = stream->state == VSOCK_OPEN;

	if (packet->operation == VSOCK_RESET) {
		vsock_guest_reset(stream);
		return true;
	}
	if (stream->state == VSOCK_RESETTING)
		return true; /* it was on its way */
	stream->peer_window = packet->window;
	stream->peer_forwarded = packet->forwarded;
	switch (packet->operation) {
	case VSOCK_RESPONSE:
		if (!is_open)
			vsock_open(stream);
		return !is_open;
	case VSOCK_DATA:
		return is_open && !(stream->guest_shutdown & VSOCK_NO_MORE_SENT) &&
		       take_data(device, stream, chain, packet->length);
	case VSOCK_CREDIT_UPDATE:
		return is_open;
	case VSOCK_CREDIT_REQUEST:
		stream->pending |= 1u << VSOCK_CREDIT_UPDATE;
		return is_open;
	case VSOCK_SHUTDOWN:
		if (is_open)
			vsock_guest_shutdown(stream, packet->flags);
		return is_open;
	default:
		return false;
	}
}

static void serve(struct virtio_device *device, const struct virtio_chain *chain,
		  const struct packet *packet)
{
	struct vsock *vsock = device->state;
	struct vsock_stream *stream = find_stream(vsock, packet);
	bool is_ours = packet->source_cid == VSOCK_GUEST && packet->target_cid == VSOCK_HOST &&
		       packet->type == TYPE_STREAM;

	if (is_ours && stream) {
		if (!obey(device, stream, chain, packet))
			vsock_reset(stream);
		return;
	}
	if (is_ours && packet->operation == VSOCK_REQUEST && connect_guest(vsock, packet))
		return;
	if (packet->operation != VSOCK_RESET)
		vsock->lost[vsock->lost_count++] = (struct vsock_lost){packet->source_port,
								       packet->target_port};
}

static bool read_packet(struct virtio_device *device, const struct virtio_chain *chain,
			struct packet *ret)
{
	struct packet raw;

	if (virtio_chain_read(chain, device->memory, 0, &raw, sizeof(raw)) != sizeof(raw) ||
	    le32toh(raw.length) > chain->readable_bytes - sizeof(raw))
		return false;
	*ret = (struct packet){.source_cid = le64toh(raw.source_cid),
			       .target_cid = le64toh(raw.target_cid),
			       .source_port = le32toh(raw.source_port),
			       .target_port = le32toh(raw.target_port),
			       .length = le32toh(raw.length),
			       .type = le16toh(raw.type),
			       .operation = le16toh(raw.operation),
			       .flags = le32toh(raw.flags),
			       .window = le32toh(raw.window),
			       .forwarded = le32toh(raw.forwarded)};
	return true;
}

int vsock_drain(struct virtio_device *device, struct vsock *vsock)
{
	struct virtio_chain chain;
	struct packet packet;

	for (int turn = 0; turn < PACKETS_AT_ONCE; turn++) {
		if (vsock->lost_count == VSOCK_LOST_MAX)
			return 0; /* goes on when the guest has taken some */
		int r = virtio_take(device, VSOCK_QUEUE_TRANSMIT, &chain);
		if (r <= 0)
			return r;
		if (!read_packet(device, &chain, &packet))
			return -EPROTO;
		serve(device, &chain, &packet);
		virtio_give(device, VSOCK_QUEUE_TRANSMIT, &chain, 0);
	}
	return 1;
}
