/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VIRTIO_VSOCK_H
#define ISOLAB_VM_VIRTIO_VSOCK_H
/*
 * vsock: streams of bytes between programs of the host and of the guest, VIRTIO 1.2 section 5.10.
 * A program of the host connects to a Unix socket and says with its first line what it wants:
 *
 *	CONNECT PORT	to be connected to who listens at that port in the guest
 *	LISTEN PORT	to be whom the guest's next connection to that port of the host leads to
 *
 * The answer is "OK PORT" and a line end, with the port of the side that connected, and from there
 * on all bytes are the stream's; or the socket is closed: nobody listens. (The worker has no right
 * to open a socket once its guest runs, so it is always the host's program that comes.)
 *
 * Of a stream the device holds at most VSOCK_WINDOW bytes, those that the guest has sent and the
 * host's program has not taken; the other way bytes wait in the Unix socket. There are at most
 * VSOCK_CONNECTIONS_MAX streams. All end when the guest's driver lets go or breaks the rules.
 *
 * This header is the inside of the device: vsock.c has the host's side and the turns,
 * vsock_packet.c queues and packets, vsock_stream.c what becomes of a stream.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "err.h"
#include "virtio.h"

enum {
	VSOCK_CONNECTIONS_MAX = 32,
	VSOCK_WINDOW = 64 * 1024,
	VSOCK_LINE_MAX = 32,
	VSOCK_LOST_MAX = 16,
	VSOCK_HOST = 2, /* addresses: context ids */
	VSOCK_GUEST = 3,
};

/* The driver's empty buffers, its packets, and events of a kind that never happens here: a machine
 * that moves. */
enum { VSOCK_QUEUE_RECEIVE, VSOCK_QUEUE_TRANSMIT, VSOCK_QUEUE_EVENT, VSOCK_QUEUES };

/* Section 5.10.6. */
enum vsock_operation {
	VSOCK_REQUEST = 1,
	VSOCK_RESPONSE,
	VSOCK_RESET,
	VSOCK_SHUTDOWN,
	VSOCK_DATA,
	VSOCK_CREDIT_UPDATE,
	VSOCK_CREDIT_REQUEST,
};
enum { VSOCK_NO_MORE_RECEIVED = 1, VSOCK_NO_MORE_SENT = 2, VSOCK_NO_MORE = 3 };

enum vsock_state {
	VSOCK_FREE,
	VSOCK_ASKING,    /* the host's program has not yet said what it wants */
	VSOCK_WAITING,   /* it waits for a connection of the guest's */
	VSOCK_REQUESTED, /* the guest has been asked */
	VSOCK_OPEN,
	VSOCK_RESETTING, /* the guest shall forget it; the host's end is closed */
	VSOCK_DRAINING,  /* the guest has forgotten it; its last bytes go to the host */
};

struct vsock_stream {
	enum vsock_state state;
	int fd;           /* the host's end; -1: closed */
	unsigned pending; /* bit n: a packet of operation n is to be sent to the guest */
	uint32_t guest_port, host_port;
	bool may_read, may_write; /* the socket has not said otherwise since */
	bool is_hung_up;          /* the host's program has closed it */
	bool host_has_ended, is_end_passed_on;
	unsigned guest_shutdown; /* what the guest has said it does no more */
	char line[VSOCK_LINE_MAX];
	unsigned line_bytes;
	/* guest → host: counts run freely through 32 bits, as in the packets */
	uint8_t *window; /* a ring, the device's */
	uint32_t received, forwarded, told;
	/* host → guest */
	uint32_t sent, peer_window, peer_forwarded;
};

/* A stream that the guest speaks of and nobody knows. */
struct vsock_lost {
	uint32_t guest_port, host_port;
};

struct vsock {
	int listen_fd, epoll_fd;
	bool may_accept;      /* somebody may have come */
	bool is_short;        /* of descriptors for who has */
	bool has_lost_driver; /* it has reset the device, and may have begun anew since */
	uint32_t next_port;
	unsigned next_stream; /* whose turn it is */
	struct vsock_stream streams[VSOCK_CONNECTIONS_MAX];
	struct vsock_lost lost[VSOCK_LOST_MAX];
	unsigned lost_count;
	uint8_t *windows;
};

/* ---- vsock.c ---- */

/* A port of the host's side that no stream has. */
uint32_t vsock_choose_port(struct vsock *vsock);

/* ---- vsock_packet.c ---- */

/* Fills the guest's buffers with what there is to say. 1: more would go; -errno as in
 * virtio_ops. */
int vsock_fill(struct virtio_device *device, struct vsock *vsock);
/* Takes the guest's packets. The same results. */
int vsock_drain(struct virtio_device *device, struct vsock *vsock);

/* ---- vsock_stream.c ---- */

/* Takes a connection of the host's in. */
void vsock_begin(struct vsock_stream *stream, int fd);
/* Closes the host's end and forgets the stream. */
void vsock_forget(struct vsock_stream *stream);
/* Closes the host's end; the guest is told. */
void vsock_reset(struct vsock_stream *stream);
/* poll(2)'s events of its socket. */
void vsock_note_events(struct vsock_stream *stream, unsigned events);
/* Reads the host's first line, as far as it is there. is_up: the guest can be asked. */
void vsock_read_line(struct vsock *vsock, struct vsock_stream *stream, bool is_up);
/* Sends what the socket takes of the window, and its end. */
void vsock_forward(struct vsock_stream *stream);
/* The guest accepts, or has connected. */
void vsock_open(struct vsock_stream *stream);
/* Bytes for data that the guest has room for now; 0: none is to be read. */
uint32_t vsock_credit(const struct vsock_stream *stream);
/* Room in the window for what the guest sends, and where it lies: at most two pieces. */
uint32_t vsock_room(const struct vsock_stream *stream);
unsigned vsock_window(const struct vsock_stream *stream, uint32_t length, struct iovec pieces[2]);
/* Reads the host's bytes to where the guest gets them. Their number; 0: none, now or ever. */
size_t vsock_read(struct vsock_stream *stream, const struct iovec *pieces, unsigned count);
/* The guest says that it sends (VSOCK_NO_MORE_SENT) or receives no more. */
void vsock_guest_shutdown(struct vsock_stream *stream, unsigned flags);
/* The guest has forgotten the stream. */
void vsock_guest_reset(struct vsock_stream *stream);

#endif
