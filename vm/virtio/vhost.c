/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A message is a header (request, flags, size), a body of a form that the request fixes, and at
 * most one descriptor. Requests that ask something are answered in the same form; of the others we
 * ask for a yes (REPLY_ACK), if the other program knows that, so that a refusal is noticed where it
 * happens and not when the guest waits for ever.
 */
#include "vhost.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "packet.h"

enum {
	FLAG_VERSION = 1,
	FLAG_VERSION_MASK = 3,
	FLAG_REPLY = 4,
	FLAG_NEED_REPLY = 8,
	RAM_REGIONS = 1,
};

enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	SET_VRING_ENABLE = 18,
};

#define F_VERSION_1         (1ull << 32)
#define F_PROTOCOL_FEATURES (1ull << 30)
#define PROTOCOL_REPLY_ACK  (1ull << 3)

struct header {
	uint32_t request, flags, size;
};

struct vring_state {
	uint32_t index, number;
};

struct vring_addresses {
	uint32_t index, flags;
	uint64_t descriptors, used, available, log;
};

struct memory_table {
	uint32_t count, padding;
	uint64_t guest_address, size, user_address, file_offset;
};

union body {
	uint64_t number;
	struct vring_state state;
	struct vring_addresses addresses;
	struct memory_table table;
};

/* Apart, since on the wire there is no gap between the two. */
struct message {
	struct header header;
	union body body;
};

/* ---- one message ---- */

static int send_message(const struct vhost *vhost, const struct message *message, int fd)
{
	struct iovec parts[] = {
	    {.iov_base = (void *)&message->header, .iov_len = sizeof(message->header)},
	    {.iov_base = (void *)&message->body, .iov_len = message->header.size},
	};
	ssize_t n = packet_send(vhost->socket, parts, 2, &fd, fd >= 0, MSG_DONTWAIT);

	if (n < 0)
		return (int)n;
	return (size_t)n == parts[0].iov_len + parts[1].iov_len
		   ? 0
		   : -EPIPE; /* so few bytes always fit */
}

/* The 20 bytes of an answer; a stream may cut them. */
static int receive_answer(const struct vhost *vhost, uint8_t *answer, size_t size)
{
	size_t have = 0;

	while (have < size) {
		struct pollfd ready = {.fd = vhost->socket, .events = POLLIN};
		int r = poll(&ready, 1, VHOST_PATIENCE_MS);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -ETIMEDOUT;
		ssize_t n = recv(vhost->socket, answer + have, size - have, MSG_DONTWAIT);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		have += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int vhost_check_answer(const void *answer, size_t length, uint32_t request, uint64_t *ret_number)
{
	struct header header;
	struct vring_state state;
	const char *body = (const char *)answer + sizeof(header);

	if (length != sizeof(header) + sizeof(uint64_t))
		return -EPROTO;
	memcpy(&header, answer, sizeof(header));
	if (header.request != request || (header.flags & FLAG_VERSION_MASK) != FLAG_VERSION ||
	    !(header.flags & FLAG_REPLY) || header.size != sizeof(uint64_t))
		return -EPROTO;
	memcpy(ret_number, body, sizeof(*ret_number));
	if (request == GET_VRING_BASE) {
		memcpy(&state, body, sizeof(state));
		*ret_number = state.number;
	}
	return 0;
}

static int explain(struct err *e, int r, const char *what)
{
	return err_sys(e, r, "vhost-user: %s", what);
}

/* Sends, and waits for the answer. */
static int ask(const struct vhost *vhost, struct message *message, uint64_t *ret_number,
	       const char *what, struct err *e)
{
	uint8_t answer[sizeof(struct header) + sizeof(uint64_t)];
	int r = send_message(vhost, message, -1);

	if (r == 0)
		r = receive_answer(vhost, answer, sizeof(answer));
	if (r == 0)
		r = vhost_check_answer(answer, sizeof(answer), message->header.request, ret_number);
	return r < 0 ? explain(e, r, what) : 0;
}

/* Sends, and waits for a yes where that was agreed on. */
static int tell(const struct vhost *vhost, struct message *message, int fd, const char *what,
		struct err *e)
{
	uint8_t answer[sizeof(struct header) + sizeof(uint64_t)];
	bool wants_yes = vhost->protocol_features & PROTOCOL_REPLY_ACK;
	uint64_t refusal = 0;

	message->header.flags |= wants_yes ? FLAG_NEED_REPLY : 0;
	int r = send_message(vhost, message, fd);
	if (r == 0 && wants_yes)
		r = receive_answer(vhost, answer, sizeof(answer));
	if (r == 0 && wants_yes)
		r = vhost_check_answer(answer, sizeof(answer), message->header.request, &refusal);
	if (r == 0 && refusal)
		r = -ECANCELED;
	return r < 0 ? explain(e, r, what) : 0;
}

static struct message with_number(enum request request, uint64_t number)
{
	return (struct message){
	    .header = {request, FLAG_VERSION, sizeof(number)},
	    .body.number = number,
	};
}

static struct message with_state(enum request request, unsigned index, unsigned number)
{
	return (struct message){
	    .header = {request, FLAG_VERSION, sizeof(struct vring_state)},
	    .body.state = {index, number},
	};
}

/* ---- the conversation ---- */

int vhost_open(struct vhost *vhost, int socket, struct err *e)
{
	struct message owner = {.header = {SET_OWNER, FLAG_VERSION, 0}};
	struct message features = {.header = {GET_FEATURES, FLAG_VERSION, 0}};
	struct message protocol = {.header = {GET_PROTOCOL_FEATURES, FLAG_VERSION, 0}};
	uint64_t offered = 0;

	*vhost = (struct vhost){.socket = socket};
	int r = tell(vhost, &owner, -1, "say who owns the device", e);
	if (r == 0)
		r = ask(vhost, &features, &vhost->features, "ask what it can do", e);
	if (r < 0)
		return r;
	if (!(vhost->features & F_VERSION_1) || !(vhost->features & F_PROTOCOL_FEATURES))
		return err_set(e, EPROTO, "vhost-user: it is too old (no virtio 1.0)");
	r = ask(vhost, &protocol, &offered, "ask what it can do", e);
	if (r < 0)
		return r;
	struct message agreed = with_number(SET_PROTOCOL_FEATURES, offered & PROTOCOL_REPLY_ACK);
	r = tell(vhost, &agreed, -1, "agree on what both can do", e);
	if (r == 0)
		vhost->protocol_features = offered & PROTOCOL_REPLY_ACK;
	return r;
}

int vhost_share_memory(struct vhost *vhost, const struct memory *memory, struct err *e)
{
	struct message message = {
	    .header = {SET_MEM_TABLE, FLAG_VERSION, sizeof(struct memory_table)},
	    .body.table = {.count = RAM_REGIONS, .size = memory->size, .user_address = VHOST_RAM},
	};

	if (memory->fd < 0)
		return err_set(e, EINVAL, "vhost-user: the guest's memory is not shared");
	return tell(vhost, &message, memory->fd, "share the guest's memory", e);
}

int vhost_accept(struct vhost *vhost, uint64_t features, struct err *e)
{
	struct message message = with_number(SET_FEATURES,
					     (features & vhost->features) | F_PROTOCOL_FEATURES);

	return tell(vhost, &message, -1, "tell what the driver accepts", e);
}

static int tell_rings(struct vhost *vhost, unsigned number, const struct virtqueue *rings,
		      struct err *e)
{
	struct message size = with_state(SET_VRING_NUM, number, rings->size);
	struct message base = with_state(SET_VRING_BASE, number, 0);
	struct message where = {
	    .header = {SET_VRING_ADDR, FLAG_VERSION, sizeof(struct vring_addresses)},
	    .body.addresses = {.index = number,
			       .descriptors = rings->descriptors + VHOST_RAM,
			       .used = rings->used + VHOST_RAM,
			       .available = rings->available + VHOST_RAM},
	};
	int r = tell(vhost, &size, -1, "tell a queue's size", e);

	if (r == 0)
		r = tell(vhost, &base, -1, "tell a queue's beginning", e);
	return r < 0 ? r : tell(vhost, &where, -1, "tell where a queue lies", e);
}

/* The kick comes last but for the permission: with it the other program begins. */
int vhost_start_queue(struct vhost *vhost, unsigned number, const struct vhost_queue *queue,
		      struct err *e)
{
	struct message call = with_number(SET_VRING_CALL, number);
	struct message kick = with_number(SET_VRING_KICK, number);
	struct message enable = with_state(SET_VRING_ENABLE, number, 1);
	int r = tell_rings(vhost, number, queue->rings, e);

	if (r == 0)
		r = tell(vhost, &call, queue->call_fd, "hand over a queue's call", e);
	if (r == 0)
		r = tell(vhost, &kick, queue->kick_fd, "hand over a queue's kick", e);
	return r < 0 ? r : tell(vhost, &enable, -1, "start a queue", e);
}

int vhost_stop_queue(struct vhost *vhost, unsigned number, struct err *e)
{
	struct message message = with_state(GET_VRING_BASE, number, 0);
	uint64_t unused;

	return ask(vhost, &message, &unused, "stop a queue", e);
}
