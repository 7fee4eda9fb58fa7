/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of the console's output: into the ring for all who look later, and, in a foreground run,
 * on to the user.
 *
 * The ring never waits. The user's own stdout may: what it does not take is kept, and while there
 * is much of it the sandbox is not read from, so that it waits as it would in a pipe. That stdout
 * is shared with the user's shell, so it is not made non-blocking: poll(2) says that PIPE_BUF bytes
 * fit, and no more is written at a time. Events are told at most every 20 ms, however fast the
 * console is.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "worker_private.h"

enum { EVENT_PAUSE_NS = 20 * 1000 * 1000, PUMP_BYTES = 8192, PUMP_READS = 8 };

int worker_output_prepare(struct worker *w, struct err *e)
{
	bool is_new = w->console_fd >= 0; /* just made, so there is nothing in it */

	if (!is_new)
		w->console_fd = rundir_open_file(&w->dir, "console", O_RDWR, e);
	if (w->console_fd < 0)
		return w->console_fd;
	w->relays[0].fd = STDOUT_FILENO;
	w->relays[1].fd = STDERR_FILENO;
	w->console.fd = w->console_fd;
	if (!is_new && console_writer_init(&w->console, w->console_fd, e) < 0)
		return -EBADMSG;
	w->console_offset = w->console.head;
	return 0;
}

void worker_output_finish(struct worker *w)
{
	while (w->pump_count > 0)
		fd_close(&w->pumps[--w->pump_count].fd);
	free(w->relays[0].data);
	free(w->relays[1].data);
	free(w->input.data);
}

/* ---- to the user ---- */

bool worker_relay_is_waiting(const struct worker_relay *relay)
{
	return relay->start < relay->end;
}

bool worker_output_is_full(const struct worker *w)
{
	return w->relays[0].end - w->relays[0].start > WORKER_RELAY_FULL_BYTES ||
	       w->relays[1].end - w->relays[1].start > WORKER_RELAY_FULL_BYTES;
}

/* Nobody reads any more. To the program it is what a closed pipe would be; journal and ring go
 * on. */
static void give_up(struct worker *w, struct worker_relay *relay)
{
	relay->is_dead = true;
	relay->start = relay->end = 0;
	if (relay->fd == STDOUT_FILENO && !w->has_exited)
		worker_stop(w, SIGPIPE, 1000, "nobody reads its output any more", NULL);
}

/* Writes what fits now. Returns how many bytes. */
static size_t write_some(struct worker *w, struct worker_relay *relay, const char *data,
			 size_t length)
{
	size_t written = 0;

	while (written < length) {
		struct pollfd room = {.fd = relay->fd, .events = POLLOUT};
		size_t piece = length - written < PIPE_BUF ? length - written : PIPE_BUF;
		ssize_t n;

		if (poll(&room, 1, 0) != 1)
			break;
		n = write(relay->fd, data + written, piece);
		if (n < 0 && errno != EINTR && errno != EAGAIN) {
			give_up(w, relay);
			return length;
		}
		if (n <= 0)
			break;
		written += (size_t)n;
	}
	return written;
}

void worker_relay_write(struct worker *w, struct worker_relay *relay)
{
	relay->start += write_some(w, relay, relay->data + relay->start, relay->end - relay->start);
	if (relay->start >= relay->end)
		relay->start = relay->end = 0;
}

/* What the user has not taken yet is not wanted any more. */
void worker_output_discard(struct worker *w)
{
	for (int i = 0; i < 2; i++)
		w->relays[i].start = w->relays[i].end = 0;
}

static void keep(struct worker *w, struct worker_relay *relay, const char *data, size_t length)
{
	size_t used = relay->end - relay->start, capacity = relay->capacity;

	if (relay->start > 0) {
		memmove(relay->data, relay->data + relay->start, used);
		relay->start = 0;
		relay->end = used;
	}
	while (capacity < used + length)
		capacity = capacity ? capacity * 2 : 16 * 1024;
	if (capacity > relay->capacity) {
		char *grown = capacity <= WORKER_RELAY_MAX_BYTES ? realloc(relay->data, capacity)
								 : NULL;

		if (!grown) {
			w->console_lost += length;
			return;
		}
		relay->data = grown;
		relay->capacity = capacity;
	}
	memcpy(relay->data + used, data, length);
	relay->end = used + length;
}

static void relay(struct worker *w, struct worker_relay *to, const char *data, size_t length)
{
	size_t written = 0;

	if (to->is_dead)
		return;
	if (!worker_relay_is_waiting(to))
		written = write_some(w, to, data, length);
	if (written < length)
		keep(w, to, data + written, length - written);
}

/* ---- to the ring ---- */

uint64_t worker_console_deadline_ns(const struct worker *w)
{
	return w->console_length ? w->console_event_ns + EVENT_PAUSE_NS : 0;
}

/* Bytes that neither ring nor user got are told as soon as something gets through again. */
static void tell_lost(struct worker *w)
{
	char count[24];

	if (w->console_lost == 0)
		return;
	snprintf(count, sizeof(count), "%llu", (unsigned long long)w->console_lost);
	w->console_lost = 0;
	worker_event(w, EVENT_DROPPED, "console", count, "");
}

void worker_output(struct worker *w, enum worker_stream stream, const void *data, size_t length)
{
	uint64_t now;

	if (length == 0)
		return;
	now = clock_now_ns();
	if (!w->has_output) {
		w->has_output = true;
		worker_step_at(w, "first_output", now, now, NULL);
	}
	if (console_write(&w->console, data, length) == 0)
		w->console_length += length;
	else
		w->console_lost += length;
	worker_bell(w);
	if (w->console_length > 0 && now - w->console_event_ns >= EVENT_PAUSE_NS) {
		tell_lost(w);
		worker_console_event(w);
	}
	if (w->is_foreground)
		relay(w, &w->relays[stream == WORKER_STDERR], data, length);
}

/* ---- pumps ---- */

int worker_pump(struct worker *w, int fd, enum worker_stream stream, struct err *e)
{
	/* A pipe or a terminal just made has no other flags that could get lost. */
	int r = fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;

	if (r == 0 && w->pump_count == WORKER_PUMPS_MAX)
		r = -ENOSPC;
	if (r < 0) {
		fd_close(&fd);
		return err_sys(e, -r, "read the console");
	}
	w->pumps[w->pump_count++] = (struct worker_pump){fd, stream};
	return 0;
}

/* False when there is nothing to read now, or never again: then the pump is gone. */
static bool pump_once(struct worker *w, size_t index)
{
	struct worker_pump *pump = &w->pumps[index];
	char data[PUMP_BYTES];
	ssize_t n;

	do
		n = read(pump->fd, data, sizeof(data));
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		worker_output(w, pump->stream, data, (size_t)n);
		return true;
	}
	if (n < 0 && errno == EAGAIN)
		return false;
	/* End of file; of a terminal whose last user has gone: EIO. The end mostly follows, and
	 * closes it. */
	w->pumps[index] = w->pumps[--w->pump_count];
	return false;
}

void worker_pump_read(struct worker *w, int fd)
{
	for (size_t i = 0; i < w->pump_count; i++) {
		if (w->pumps[i].fd != fd)
			continue;
		for (int reads = 0; reads < PUMP_READS && !worker_output_is_full(w); reads++)
			if (!pump_once(w, i))
				return;
		return;
	}
}

bool worker_output_drain(struct worker *w)
{
	bool is_more = false;

	for (size_t i = w->pump_count; i-- > 0;) {
		bool has_read = true;

		for (int reads = 0; has_read && reads < PUMP_READS; reads++) {
			if (worker_output_is_full(w))
				break;
			has_read = pump_once(w, i);
		}
		is_more = is_more || has_read;
	}
	tell_lost(w);
	return is_more;
}
