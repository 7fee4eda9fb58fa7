/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of the console's input: from the user's stdin or a client, through one bounded buffer,
 * into the wall.
 *
 * While the buffer is full stdin is not read, and a client is told how many of its bytes were
 * taken. To a terminal more is kept, so that Ctrl-C is seen behind what was pasted and nobody
 * reads: then it overtakes. In raw mode Ctrl-P Ctrl-Q leaves the sandbox to itself; a Ctrl-P
 * followed by anything else is passed on with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker_private.h"

enum { INPUT_BYTES = 16 * 1024, TYPED_BYTES = 256 * 1024 };
enum { KEY_DETACH_PREFIX = 'P' & 0x1f, KEY_DETACH = 'Q' & 0x1f };

static size_t find_limit(const struct worker *w)
{
	return w->spec.tty ? TYPED_BYTES : INPUT_BYTES;
}

/* Makes room for `length` bytes at the end, if it may. Returns how many there is room for. */
static size_t make_room(struct worker *w, size_t length)
{
	struct worker_input *input = &w->input;
	size_t used = input->end - input->start, capacity = input->capacity;

	if (input->start > 0)
		memmove(input->data, input->data + input->start, used);
	input->start = 0;
	input->end = used;
	while (capacity < used + length && capacity < find_limit(w))
		capacity = capacity ? capacity * 2 : INPUT_BYTES;
	if (capacity > input->capacity) {
		char *grown = realloc(input->data, capacity);

		if (grown) {
			input->data = grown;
			input->capacity = capacity;
		}
	}
	return input->capacity - used;
}

/* A key that asks for a signal goes before all that waits, and that is forgotten, as a terminal
 * does it. Returns how many of the bytes are dealt with. */
static size_t overtake(struct worker *w, const char *data, size_t length)
{
	if (!w->wall->interrupt || w->input.start == w->input.end || !worker_input_is_waiting(w))
		return 0;
	for (size_t i = length; i > 0; i--) {
		if ((unsigned char)data[i - 1] >= ' ' || !w->wall->interrupt(w, data[i - 1]))
			continue;
		w->input.start = w->input.end = 0;
		return i;
	}
	return 0;
}

size_t worker_input_add(struct worker *w, const void *data, size_t length)
{
	struct worker_input *input = &w->input;
	size_t done, room;

	if (input->is_ending || length == 0)
		return 0;
	done = overtake(w, data, length);
	length -= done;
	room = make_room(w, length);
	if (length > room)
		length = room;
	if (length > 0)
		memcpy(input->data + input->end, (const char *)data + done, length);
	input->end += length;
	worker_input_push(w);
	return done + length;
}

void worker_input_end(struct worker *w)
{
	w->input.is_ending = true;
	worker_input_push(w);
}

bool worker_input_is_waiting(const struct worker *w)
{
	const struct worker_input *input = &w->input;

	return w->is_ready && !w->is_paused && !w->has_exited &&
	       (input->start < input->end || (input->is_ending && !input->has_ended));
}

void worker_input_push(struct worker *w)
{
	struct worker_input *input = &w->input;

	if (!worker_input_is_waiting(w) || !w->wall->input)
		return;
	while (input->start < input->end) {
		ssize_t n = w->wall->input(w, input->data + input->start,
					   input->end - input->start);

		if (n == 0 || n == -EAGAIN)
			return;
		if (n < 0) {
			/* Nobody will ever read it. */
			input->start = input->end = 0;
			input->is_ending = input->has_ended = true;
			return;
		}
		input->start += (size_t)n;
	}
	if (input->is_ending) {
		input->has_ended = true;
		w->wall->input(w, "", 0);
	}
}

bool worker_input_wants_stdin(const struct worker *w)
{
	return w->is_stdin_open && w->is_ready && w->input.end - w->input.start < find_limit(w) / 2;
}

/* Passes on what is not part of the detach key. True when that was typed. */
static bool filter_keys(struct worker *w, const char *data, size_t length)
{
	static const char prefix = KEY_DETACH_PREFIX;

	for (size_t i = 0; i < length; i++) {
		if (w->has_detach_prefix && data[i] == KEY_DETACH)
			return true;
		if (w->has_detach_prefix)
			worker_input_add(w, &prefix, 1);
		w->has_detach_prefix = data[i] == KEY_DETACH_PREFIX;
		if (!w->has_detach_prefix)
			worker_input_add(w, data + i, 1);
	}
	return false;
}

void worker_input_read_stdin(struct worker *w)
{
	char data[4096];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		w->is_stdin_open = false;
		worker_input_end(w);
		return;
	}
	if (!w->is_terminal_raw)
		worker_input_add(w, data, (size_t)n);
	else if (filter_keys(w, data, (size_t)n))
		worker_keeper_detach(w);
}
