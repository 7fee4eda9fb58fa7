/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests to a worker over its control socket: one packet out, one answer back. A worker answers
 * within microseconds, also when what runs inside does not; should one hang (or be stopped by
 * somebody), the request gives up after a second and says so.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "lab_private.h"
#include "wire.h"

/* To take memory back may take the kernel a while. */
enum { ANSWER_TIMEOUT_MS = 1000, UPDATE_TIMEOUT_MS = 30000 };

void sandbox_disconnect(struct sandbox *s)
{
	fd_close(&s->control_fd);
	s->has_attached = false;
}

static int refuse_dead(const struct sandbox *s, struct err *e)
{
	int r = err_set(e, ESRCH, "'%s' is not running, it is %s", s->name,
			sandbox_state_name(s->story.state));

	return err_hint(e, r, "'isolab start %s' starts it", s->name);
}

int sandbox_connect(struct sandbox *s, struct err *e)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (s->control_fd >= 0)
		return 0;
	if (s->outer)
		return err_set(e, EOPNOTSUPP, "'%s' stands inside '%s'", s->name, s->outer->name);
	if (!sandbox_is_alive(s))
		return refuse_dead(s, e);
	s->control_fd = wire_connect(s->dir.fd, e);
	if (s->control_fd < 0) {
		int r = s->control_fd;

		s->control_fd = -1;
		return err_ctx(e, r, "talk to '%s'", s->name);
	}
	/* The one who called listen(2), that is the worker. */
	if (getsockopt(s->control_fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0)
		s->pid = peer.pid;
	return 0;
}

int sandbox_open_socket(const struct sandbox *s, struct err *e)
{
	int fd;

	if (!sandbox_is_alive(s))
		return refuse_dead(s, e);
	fd = wire_connect(s->dir.fd, e);
	return fd < 0 ? err_ctx(e, fd, "talk to '%s'", s->name) : fd;
}

pid_t sandbox_pid(const struct sandbox *s)
{
	struct sandbox *mutable = (struct sandbox *)s;

	if (!s->pid && sandbox_is_alive(s))
		sandbox_connect(mutable, NULL); /* what it learns is a cache */
	return sandbox_is_alive(s) ? s->pid : 0;
}

/* Waits for the answer. -ETIMEDOUT, -ECONNRESET, or what the worker says. */
static int receive_answer(struct sandbox *s, struct wire_message *message, uint32_t *ret_a,
			  struct err *e)
{
	struct pollfd answer = {.fd = s->control_fd, .events = POLLIN};
	bool is_update = message->header.type == WIRE_UPDATE;
	int r, left = is_update ? UPDATE_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
	uint64_t end_ns = clock_now_ns() + (uint64_t)left * 1000000;

	while ((r = poll(&answer, 1, left)) < 0 && errno == EINTR) {
		uint64_t now_ns = clock_now_ns();
		left = now_ns < end_ns ? (int)((end_ns - now_ns) / 1000000) : 0;
	}
	if (r == 0) {
		r = err_set(e, ETIMEDOUT, "'%s' does not answer", s->name);
		return err_hint(e, r, "its worker, process %d, may be stopped or very busy",
				(int)s->pid);
	}
	r = wire_receive(s->control_fd, message, e);
	if (r == 0)
		return err_set(e, ECONNRESET, "'%s' has just ended", s->name);
	if (r < 0)
		return r;
	wire_close_fds(message);
	if (message->header.type == WIRE_ERROR)
		return wire_error_decode(message, e);
	if (message->header.type != WIRE_OK)
		return err_set(e, EPROTO, "'%s' answers nonsense", s->name);
	if (ret_a)
		*ret_a = message->header.a;
	return 0;
}

/* One request and its answer. The message is the caller's room for both. */
static int ask(struct sandbox *s, struct wire_message *message, uint32_t *ret_a, struct err *e)
{
	bool is_refusal;
	int r = sandbox_connect(s, e);

	if (r < 0)
		return r;
	r = wire_send(s->control_fd, message, false);
	if (r < 0) {
		sandbox_disconnect(s);
		return err_sys(e, -r, "talk to '%s'", s->name);
	}
	r = receive_answer(s, message, ret_a, e);
	is_refusal = r < 0 && message->header.type == WIRE_ERROR;
	if (r < 0 && !is_refusal)
		sandbox_disconnect(
		    s); /* an answer that is still to come would be taken for the next one */
	return r;
}

static int request(struct sandbox *s, enum wire_type type, uint32_t a, uint32_t b, struct err *e)
{
	auto_free struct wire_message *message = calloc(1, sizeof(*message));

	if (!message)
		return err_sys(e, ENOMEM, "talk to '%s'", s->name);
	message->header =
	    (struct wire_header){.magic = WIRE_MAGIC, .type = (uint32_t)type, .a = a, .b = b};
	return ask(s, message, NULL, e);
}

int sandbox_ping(struct sandbox *s, struct err *e)
{
	return request(s, WIRE_PING, 0, 0, e);
}

int sandbox_describe(struct sandbox *s, const char *topic, struct strbuf *text, struct err *e)
{
	auto_free struct wire_message *message = calloc(1, sizeof(*message));
	size_t length = strlen(topic);

	if (!message)
		return err_sys(e, ENOMEM, "talk to '%s'", s->name);
	message->header = (struct wire_header){.magic = WIRE_MAGIC,
					       .type = WIRE_DESCRIBE,
					       .length = (uint32_t)length};
	memcpy(message->body, topic, length);
	int r = ask(s, message, NULL, e);
	if (r == 0)
		str_add_bytes(text, message->body, message->header.length);
	return r;
}

int sandbox_signal(struct sandbox *s, int signal_number, struct err *e)
{
	return request(s, WIRE_SIGNAL, (uint32_t)signal_number, 0, e);
}

int sandbox_stop(struct sandbox *s, int signal_number, unsigned timeout_ms, struct err *e)
{
	return request(s, WIRE_STOP, (uint32_t)signal_number, timeout_ms, e);
}

int sandbox_kill(struct sandbox *s, struct err *e)
{
	return request(s, WIRE_KILL, 0, 0, e);
}

int sandbox_pause(struct sandbox *s, bool on, struct err *e)
{
	if (on && s->backend && !s->backend->can_pause)
		return err_set(e, ENOTSUP, "a %s cannot be paused", s->backend->kind);
	return request(s, on ? WIRE_PAUSE : WIRE_UNPAUSE, 0, 0, e);
}

static int update_running(struct sandbox *s, int count, char *const words[], struct err *e)
{
	auto_free struct wire_message *message = calloc(1, sizeof(*message));
	size_t length = 0;

	if (!message)
		return err_sys(e, ENOMEM, "talk to '%s'", s->name);
	for (int i = 0; i < count; i++) {
		size_t size = strlen(words[i]) + 1;

		if (length + size > WIRE_BODY_MAX)
			return err_set(e, E2BIG, "more than %d bytes", WIRE_BODY_MAX);
		memcpy(message->body + length, words[i], size);
		length += size;
	}
	message->header = (struct wire_header){.magic = WIRE_MAGIC,
					       .type = WIRE_UPDATE,
					       .length = (uint32_t)length};
	return ask(s, message, NULL, e);
}

static int update_saved(struct sandbox *s, int count, char *const words[], struct err *e)
{
	auto_spec spec = {0};
	int r = sandbox_lock_ended(s, e);

	if (r < 0)
		return r;
	r = rundir_load_spec(&s->dir, &spec, e);
	if (r == 0)
		r = spec_update_limits(&spec, count, words, e);
	if (r == 0)
		r = rundir_save_spec(&s->dir, &spec, e);
	fd_close(&s->dir.lock_fd);
	return r;
}

int sandbox_update(struct sandbox *s, int count, char *const words[], struct err *e)
{
	auto_spec changed = {0};
	int r = sandbox_is_alive(s) ? update_running(s, count, words, e)
				    : update_saved(s, count, words, e);

	if (r == 0 && rundir_load_spec(&s->dir, &changed, NULL) == 0)
		spec_take_limits(&s->spec, &changed);
	return r;
}

int sandbox_resize(struct sandbox *s, unsigned rows, unsigned columns, struct err *e)
{
	return request(s, WIRE_RESIZE, rows, columns, e);
}

int sandbox_attach(struct sandbox *s, struct err *e)
{
	int r = sandbox_connect(s, e);

	if (r == 0 && !s->has_attached)
		r = request(s, WIRE_ATTACH, 0, 0, e);
	s->has_attached = r == 0;
	return r;
}

ssize_t sandbox_input(struct sandbox *s, const void *data, size_t length, struct err *e)
{
	auto_free struct wire_message *message = NULL;
	uint32_t taken = 0;
	int r = sandbox_attach(s, e);

	if (r < 0)
		return r;
	message = calloc(1, sizeof(*message));
	if (!message)
		return err_sys(e, ENOMEM, "talk to '%s'", s->name);
	if (length > WIRE_BODY_MAX)
		length = WIRE_BODY_MAX;
	message->header = (struct wire_header){.magic = WIRE_MAGIC,
					       .type = length ? WIRE_INPUT : WIRE_INPUT_END,
					       .length = (uint32_t)length};
	memcpy(message->body, data, length);
	r = ask(s, message, &taken, e);
	return r < 0 ? r : taken < length ? (ssize_t)taken : (ssize_t)length;
}
