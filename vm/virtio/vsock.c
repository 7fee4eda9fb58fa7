/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The socket device (vsock.h): the programs of the host that come to it, its turns, its registers.
 *
 * What surprises: all sockets are behind one epoll descriptor, the device's only watch, and the
 * driver may reset the device on a thread that has no right to close anything: streams then end at
 * the next turn.
 */
#include "vsock.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"

enum {
	QUEUE_SIZE = 128,
	WATCH_EPOLL = 0,
	EVENTS_AT_ONCE = 16,
	FIRST_PORT = 1 << 30, /* of those that connect from the host */
	LISTENER = VSOCK_CONNECTIONS_MAX,
};

/* ---- the host's side ---- */

/* The driver is another one, or none: what it knew of ends. Who is still asking may ask the next
 * one, and last bytes are on their way already. */
static void end_streams(struct vsock *vsock)
{
	for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++) {
		struct vsock_stream *stream = &vsock->streams[i];
		if (stream->state != VSOCK_ASKING && stream->state != VSOCK_DRAINING)
			vsock_forget(stream);
	}
	vsock->lost_count = 0;
}

static struct vsock_stream *free_stream(struct vsock *vsock)
{
	for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++)
		if (vsock->streams[i].state == VSOCK_FREE)
			return &vsock->streams[i];
	return NULL;
}

static unsigned count_streams(const struct vsock *vsock)
{
	unsigned count = 0;

	for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++)
		count += vsock->streams[i].fd >= 0;
	return count;
}

static void watch(const struct vsock *vsock, int fd, unsigned number)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = number};

	epoll_ctl(vsock->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Who finds no place is hung up on. Without a descriptor for them they wait for the next turn. */
static void accept_all(struct vsock *vsock)
{
	vsock->is_short = false;
	for (int i = 0; vsock->may_accept && !vsock->is_short && i < VSOCK_CONNECTIONS_MAX; i++) {
		auto_close int fd = accept4(vsock->listen_fd, NULL, NULL,
					    SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct vsock_stream *stream = free_stream(vsock);
		if (fd < 0) {
			vsock->may_accept = errno != EAGAIN;
			vsock->is_short = vsock->may_accept;
		}
		if (fd < 0 || !stream)
			continue;
		watch(vsock, fd, (unsigned)(stream - vsock->streams));
		vsock_begin(stream, fd_move(&fd));
	}
}

/* There are far more of them than streams. */
uint32_t vsock_choose_port(struct vsock *vsock)
{
	for (;;) {
		uint32_t port = FIRST_PORT + vsock->next_port++ % FIRST_PORT;
		bool is_free = true;
		for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++)
			is_free = is_free && vsock->streams[i].host_port != port;
		if (is_free)
			return port;
	}
}

/* Asks all sockets. True: more may be there. */
static bool note_events(struct vsock *vsock)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count = epoll_wait(vsock->epoll_fd, events, EVENTS_AT_ONCE, 0);

	for (int i = 0; i < count; i++) {
		if (events[i].data.u32 == LISTENER)
			vsock->may_accept = true;
		else
			vsock_note_events(&vsock->streams[events[i].data.u32], events[i].events);
	}
	return count == EVENTS_AT_ONCE;
}

/* ---- the device ---- */

/* All that can move does. */
static int move(struct virtio_device *device)
{
	struct vsock *vsock = device->state;
	bool more = note_events(vsock);

	accept_all(vsock);
	unsigned before = count_streams(vsock);
	for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++) {
		struct vsock_stream *stream = &vsock->streams[i];
		if (stream->state == VSOCK_ASKING || stream->state == VSOCK_WAITING)
			vsock_read_line(vsock, stream, virtio_is_up(device));
		vsock_forward(stream);
	}
	int r = vsock_drain(device, vsock);
	bool was_full = vsock->lost_count == VSOCK_LOST_MAX;
	int filled = r < 0 ? r : vsock_fill(device, vsock);
	if (filled < 0)
		return filled;
	bool can_accept = vsock->may_accept && (!vsock->is_short || count_streams(vsock) < before);
	return more || r || filled || can_accept ||
	       (was_full && vsock->lost_count < VSOCK_LOST_MAX);
}

static int turn(struct virtio_device *device)
{
	struct vsock *vsock = device->state;

	if (vsock->has_lost_driver || !virtio_is_up(device))
		end_streams(vsock);
	vsock->has_lost_driver = false;
	int r = move(device);
	if (r < 0) /* no more service, and this is its last turn */
		end_streams(vsock);
	return r;
}

static int vsock_on_ready(struct virtio_device *device, unsigned watch_number, short revents)
{
	(void)watch_number, (void)revents;
	return turn(device);
}

static void vsock_device_reset(struct virtio_device *device)
{
	struct vsock *vsock = device->state;

	vsock->has_lost_driver = true;
	virtio_kick(device);
}

static void vsock_finish(struct virtio_device *device)
{
	struct vsock *vsock = device->state;

	if (!vsock)
		return;
	for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++)
		vsock_forget(&vsock->streams[i]);
	fd_close(&vsock->listen_fd);
	fd_close(&vsock->epoll_fd);
	free(vsock->windows);
	free(vsock);
	device->state = NULL;
}

static const struct virtio_ops vsock_ops = {
    .name = "vsock",
    .id = 19,
    .queue_count = VSOCK_QUEUES,
    .queue_size = QUEUE_SIZE,
    .turn = turn,
    .on_ready = vsock_on_ready,
    .reset = vsock_device_reset,
    .finish = vsock_finish,
};

static struct vsock *make(struct err *e)
{
	struct vsock *vsock = calloc(1, sizeof(*vsock));
	uint8_t *windows = calloc(VSOCK_CONNECTIONS_MAX, VSOCK_WINDOW);

	if (!vsock || !windows) {
		free(vsock);
		free(windows);
		err_sys(e, ENOMEM, "make a socket device");
		return NULL;
	}
	vsock->windows = windows;
	vsock->listen_fd = -1;
	for (unsigned i = 0; i < VSOCK_CONNECTIONS_MAX; i++)
		vsock->streams[i] =
		    (struct vsock_stream){.fd = -1, .window = windows + (size_t)i * VSOCK_WINDOW};
	vsock->epoll_fd = -1;
	return vsock;
}

int virtio_vsock_init(struct virtio_device *device, int listen_fd, struct memory *memory,
		      struct err *e)
{
	const uint64_t cid = htole64(VSOCK_GUEST);
	struct vsock *vsock = make(e);

	if (!vsock)
		return -ENOMEM;
	int r = virtio_init(device, &vsock_ops, vsock, memory, e);
	if (r < 0)
		return r;
	vsock->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (vsock->epoll_fd < 0) {
		r = err_sys(e, errno, "watch its sockets");
		virtio_finish(device);
		return r;
	}
	vsock->listen_fd = listen_fd;
	vsock->may_accept = true;
	watch(vsock, listen_fd, LISTENER);
	virtio_watch(device, WATCH_EPOLL, vsock->epoll_fd, POLLIN);
	memcpy(device->config, &cid, sizeof(cid));
	device->config_bytes = sizeof(cid);
	return 0;
}
