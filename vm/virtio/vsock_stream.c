/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a stream. Its socket is watched by edges (EPOLLET): that it may be read or written
 * is noted and holds until the socket says EAGAIN. What goes wrong with a socket is its end, never
 * an error of the device.
 *
 * What surprises: a guest that has said that it neither sends nor receives any more may have left
 * bytes in the window, and may forget the stream before the host's program has taken them: those
 * are still delivered.
 */
#include "vsock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"

static uint32_t in_window(const struct vsock_stream *stream)
{
	return stream->received - stream->forwarded;
}

static void say(struct vsock_stream *stream, enum vsock_operation operation)
{
	stream->pending |= 1u << operation;
}

void vsock_begin(struct vsock_stream *stream, int fd)
{
	*stream = (struct vsock_stream){.state = VSOCK_ASKING,
					.fd = fd,
					.window = stream->window,
					.may_read = true,
					.may_write = true};
}

void vsock_forget(struct vsock_stream *stream)
{
	fd_close(&stream->fd);
	*stream = (struct vsock_stream){.fd = -1, .window = stream->window};
}

void vsock_reset(struct vsock_stream *stream)
{
	fd_close(&stream->fd);
	stream->state = VSOCK_RESETTING;
	stream->pending = 1u << VSOCK_RESET;
	stream->received = stream->forwarded;
}

/* No more comes from the host. */
static void end_host(struct vsock_stream *stream)
{
	stream->host_has_ended = true;
	say(stream, VSOCK_SHUTDOWN);
}

void vsock_note_events(struct vsock_stream *stream, unsigned events)
{
	stream->may_read |= (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
	stream->may_write |= (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
	if (stream->is_hung_up || !(events & (EPOLLHUP | EPOLLERR)))
		return;
	stream->is_hung_up = true;
	if (stream->state == VSOCK_REQUESTED)
		vsock_reset(stream);
	else if (stream->state == VSOCK_OPEN &&
		 (stream->host_has_ended || stream->guest_shutdown & VSOCK_NO_MORE_RECEIVED))
		end_host(stream); /* all that will be read has been */
}

/* ---- the host's words ---- */

static bool parse_port(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long long port = strtoull(text, &end, 10);

	*ret = (uint32_t)port;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && port < UINT32_MAX;
}

static void obey_line(struct vsock *vsock, struct vsock_stream *stream)
{
	uint32_t port;

	if (strncmp(stream->line, "CONNECT ", 8) == 0 && parse_port(stream->line + 8, &port)) {
		stream->state = VSOCK_REQUESTED;
		stream->guest_port = port;
		stream->host_port = vsock_choose_port(vsock);
		say(stream, VSOCK_REQUEST);
	} else if (strncmp(stream->line, "LISTEN ", 7) == 0 &&
		   parse_port(stream->line + 7, &port)) {
		stream->state = VSOCK_WAITING;
		stream->host_port = port;
	} else {
		vsock_forget(stream);
	}
}

void vsock_read_line(struct vsock *vsock, struct vsock_stream *stream, bool is_up)
{
	while (stream->state == VSOCK_ASKING && stream->may_read) {
		char *at = &stream->line[stream->line_bytes];
		ssize_t n = recv(stream->fd, at, 1, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN) {
			stream->may_read = false;
		} else if (n <= 0 || (*at != '\n' && ++stream->line_bytes == VSOCK_LINE_MAX)) {
			vsock_forget(stream);
		} else if (*at == '\n') {
			*at = '\0';
			if (is_up)
				obey_line(vsock, stream);
			else
				vsock_forget(stream); /* nobody is there yet */
		}
	}
	/* One that has only ended what it sends may still want to hear. */
	if (stream->state == VSOCK_WAITING && stream->is_hung_up)
		vsock_forget(stream);
}

void vsock_open(struct vsock_stream *stream)
{
	char line[VSOCK_LINE_MAX];
	bool has_connected = stream->state == VSOCK_REQUESTED;
	int length = snprintf(line, sizeof(line), "OK %u\n",
			      has_connected ? stream->host_port : stream->guest_port);

	stream->state = VSOCK_OPEN;
	if (send(stream->fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) != length)
		vsock_reset(stream);
}

/* ---- guest → host ---- */

uint32_t vsock_room(const struct vsock_stream *stream)
{
	return VSOCK_WINDOW - in_window(stream);
}

/* The part of the ring that begins with the count `from`. */
static unsigned pieces_of(const struct vsock_stream *stream, uint32_t from, uint32_t length,
			  struct iovec pieces[2])
{
	uint32_t start = from % VSOCK_WINDOW;
	uint32_t first = length < VSOCK_WINDOW - start ? length : VSOCK_WINDOW - start;

	pieces[0] = (struct iovec){stream->window + start, first};
	pieces[1] = (struct iovec){stream->window, length - first};
	return length > first ? 2 : 1;
}

unsigned vsock_window(const struct vsock_stream *stream, uint32_t length, struct iovec pieces[2])
{
	return pieces_of(stream, stream->received, length, pieces);
}

/* Once the window is empty: what the guest has said about its ends. */
static void pass_end_on(struct vsock_stream *stream)
{
	if (stream->state == VSOCK_DRAINING) {
		vsock_forget(stream);
	} else if (stream->guest_shutdown == VSOCK_NO_MORE) {
		vsock_reset(stream); /* the spec's word for "so be it" */
	} else if (stream->guest_shutdown & VSOCK_NO_MORE_SENT && !stream->is_end_passed_on) {
		stream->is_end_passed_on = true;
		shutdown(stream->fd, SHUT_WR);
	}
}

void vsock_forward(struct vsock_stream *stream)
{
	struct iovec pieces[2];

	if (stream->state != VSOCK_OPEN && stream->state != VSOCK_DRAINING)
		return;
	while (in_window(stream) && stream->may_write) {
		struct msghdr message = {.msg_iov = pieces};
		message.msg_iovlen = pieces_of(stream, stream->forwarded, in_window(stream),
					       pieces);
		ssize_t n = sendmsg(stream->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			stream->may_write = false;
		} else if (n < 0) { /* nobody takes them any more */
			if (stream->state == VSOCK_DRAINING)
				vsock_forget(stream);
			else
				vsock_reset(stream);
			return;
		} else {
			stream->forwarded += (uint32_t)n;
		}
	}
	if (stream->forwarded - stream->told >= VSOCK_WINDOW / 2 && stream->state == VSOCK_OPEN)
		say(stream, VSOCK_CREDIT_UPDATE);
	if (in_window(stream) == 0)
		pass_end_on(stream);
}

void vsock_guest_shutdown(struct vsock_stream *stream, unsigned flags)
{
	stream->guest_shutdown |= flags & VSOCK_NO_MORE;
	if (stream->guest_shutdown & VSOCK_NO_MORE_RECEIVED)
		shutdown(stream->fd, SHUT_RD);
	vsock_forward(stream);
}

void vsock_guest_reset(struct vsock_stream *stream)
{
	if (stream->state != VSOCK_OPEN || stream->guest_shutdown != VSOCK_NO_MORE ||
	    in_window(stream) == 0) {
		vsock_forget(stream);
		return;
	}
	stream->state = VSOCK_DRAINING;
	stream->pending = 0;
}

/* ---- host → guest ---- */

uint32_t vsock_credit(const struct vsock_stream *stream)
{
	uint32_t on_way = stream->sent - stream->peer_forwarded;

	if (stream->state != VSOCK_OPEN || !stream->may_read || stream->host_has_ended ||
	    stream->guest_shutdown & VSOCK_NO_MORE_RECEIVED || on_way >= stream->peer_window)
		return 0;
	return stream->peer_window - on_way;
}

size_t vsock_read(struct vsock_stream *stream, const struct iovec *pieces, unsigned count)
{
	ssize_t n = readv(stream->fd, pieces, (int)count);

	if (n > 0) {
		stream->sent += (uint32_t)n;
		return (size_t)n;
	}
	stream->may_read = false;
	if (n < 0 && errno == EAGAIN)
		return 0;
	end_host(stream);
	return 0;
}
