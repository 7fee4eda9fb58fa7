/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket: who may speak, and one function per request; then the table.
 *
 * Only the sandbox's owner and root are heard (SO_PEERCRED, see unix(7)): the directory's mode says
 * the same, but a descriptor may have been passed on. Answers are sent without waiting: a client
 * that does not read is dropped, never waited for.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "worker_private.h"

enum { MESSAGES_PER_TURN = 16, ACCEPT_PAUSE_NS = 200000000 };

/* A request returns 0 or more (the answer's `a`), or -errno with its reason. */
struct request {
	enum wire_type type;
	int64_t (*answer)(struct worker *w, struct worker_client *client,
			  struct wire_message *message, struct err *e);
};

/* ---- clients ---- */

static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

/* It hears why, before its connection closes. */
static void turn_away(int fd, int code, const char *why)
{
	struct wire_message message; /* w->message may not be there yet */
	struct err error = {0};

	err_set(&error, code, "%s", why);
	wire_answer_error(&message, &error);
	wire_send(fd, &message, true);
}

void worker_control_accept(struct worker *w)
{
	auto_close int fd = accept4(w->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	/* It stays at the door, which we would look at without end. */
	if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		w->accept_pause_ns = clock_now_ns() + ACCEPT_PAUSE_NS;
	if (fd < 0 || !is_trusted(fd))
		return;
	if (w->client_count == WORKER_CLIENTS_MAX) {
		turn_away(fd, EAGAIN, "too many others talk to this sandbox just now");
		return;
	}
	if (!w->message)
		w->message = malloc(sizeof(*w->message));
	if (!w->message)
		return;
	w->clients[w->client_count++] = (struct worker_client){.fd = fd_move(&fd)};
}

/* What it has started over this connection ends with it. */
static void drop_client(struct worker *w, struct worker_client *client)
{
	unsigned exec_id;

	if (!client)
		return;
	exec_id = client->has_exec ? client->exec_id : 0;
	fd_close(&client->fd);
	*client = w->clients[--w->client_count];
	if (exec_id)
		worker_exec_signal(w, exec_id, SIGHUP, NULL);
}

static struct worker_client *find_client(struct worker *w, int fd)
{
	for (size_t i = 0; i < w->client_count; i++)
		if (w->clients[i].fd == fd)
			return &w->clients[i];
	return NULL;
}

void worker_control_finish(struct worker *w)
{
	while (w->client_count > 0)
		fd_close(&w->clients[--w->client_count].fd);
	free(w->message);
	w->message = NULL;
}

/* ---- requests ---- */

static int64_t answer_ping(struct worker *w, struct worker_client *client,
			   struct wire_message *message, struct err *e)
{
	(void)client, (void)message, (void)e;
	if (w->wall->publish)
		w->wall->publish(w);
	return w->is_ready;
}

static int64_t answer_attach(struct worker *w, struct worker_client *client,
			     struct wire_message *message, struct err *e)
{
	int r;

	(void)message;
	if (!w->spec.interactive || !w->wall->input) {
		r = err_set(e, EOPNOTSUPP, "sandbox '%s' has no input", w->spec.name);
		return err_hint(e, r,
				"start it with --interactive; isolab logs %s shows its output",
				w->spec.name);
	}
	client->may_input = true;
	return 0;
}

static int64_t answer_input(struct worker *w, struct worker_client *client,
			    struct wire_message *message, struct err *e)
{
	if (!client->may_input)
		return err_set(e, EPERM, "input without attach");
	if (w->input.is_ending)
		return err_set(e, EPIPE, "the input of '%s' has ended", w->spec.name);
	return (int64_t)worker_input_add(w, message->body, message->header.length);
}

static int64_t answer_input_end(struct worker *w, struct worker_client *client,
				struct wire_message *message, struct err *e)
{
	(void)message;
	if (!client->may_input)
		return err_set(e, EPERM, "input without attach");
	worker_input_end(w);
	return 0;
}

static int64_t answer_resize(struct worker *w, struct worker_client *client,
			     struct wire_message *message, struct err *e)
{
	uint32_t rows = message->header.a, columns = message->header.b;

	(void)client;
	if (rows < 1 || rows > 4096 || columns < 1 || columns > 4096)
		return err_set(e, EINVAL, "a terminal of %u rows and %u columns", rows, columns);
	return w->wall->resize ? w->wall->resize(w, rows, columns, e) : 0;
}

static int check_signal(uint32_t number, struct err *e)
{
	if (number >= 1 && number < NSIG)
		return 0;
	return err_set(e, EINVAL, "there is no signal %u", number);
}

static int64_t answer_signal(struct worker *w, struct worker_client *client,
			     struct wire_message *message, struct err *e)
{
	int r = check_signal(message->header.a, e);

	(void)client;
	if (r < 0)
		return r;
	if (!w->wall->signal)
		return err_set(e, EOPNOTSUPP, "a %s cannot be sent signals", w->spec.kind);
	if (!w->is_ready)
		return err_set(e, EAGAIN, "sandbox '%s' is still starting", w->spec.name);
	return w->wall->signal(w, (int)message->header.a, e);
}

static int64_t answer_stop(struct worker *w, struct worker_client *client,
			   struct wire_message *message, struct err *e)
{
	int r = check_signal(message->header.a, e);

	(void)client;
	return r < 0 ? r : worker_stop(w, (int)message->header.a, message->header.b, NULL, e);
}

static int64_t answer_kill(struct worker *w, struct worker_client *client,
			   struct wire_message *message, struct err *e)
{
	(void)client, (void)message;
	return worker_kill(w, e);
}

static int64_t answer_pause(struct worker *w, struct worker_client *client,
			    struct wire_message *message, struct err *e)
{
	(void)client;
	return worker_pause(w, message->header.type == WIRE_PAUSE, e);
}

static int64_t answer_exec(struct worker *w, struct worker_client *client,
			   struct wire_message *message, struct err *e)
{
	int fd = client->fd, terminal = -1, r;
	unsigned id;

	if (client->has_exec)
		return err_set(e, EBUSY, "this connection has started a program already");
	r = worker_exec_start(w, message, &id, &terminal, e);
	client = find_client(w, fd);
	if (r == 0 && client) {
		client->has_exec = true;
		client->exec_id = id;
	}
	if (r == 0 && terminal >= 0) {
		wire_close_fds(message);
		wire_answer_ok(message, 0);
		message->fds[message->fd_count++] = fd_move(&terminal);
	}
	return r;
}

static int64_t answer_exec_signal(struct worker *w, struct worker_client *client,
				  struct wire_message *message, struct err *e)
{
	int r = check_signal(message->header.a, e);

	if (r == 0 && !client->has_exec)
		r = err_set(e, ESRCH, "this connection has started no program");
	return r < 0 ? r : worker_exec_signal(w, client->exec_id, (int)message->header.a, e);
}

/* The one answer with a body: `reply` sends what stands here. */
static int64_t answer_describe(struct worker *w, struct worker_client *client,
			       struct wire_message *message, struct err *e)
{
	auto_strbuf text = {0};
	int r = -EOPNOTSUPP;

	(void)client;
	if (w->wall->describe)
		r = w->wall->describe(w, message->body, &text, e);
	if (r == -EOPNOTSUPP)
		return err_hint(e,
				err_set(e, ENODATA, "a %s has nothing to tell about '%.32s'",
					w->spec.kind, message->body),
				"'isolab inspect %s' tells what is known of it", w->spec.name);
	if (r == 0 && text.failed)
		r = err_sys(e, ENOMEM, "describe '%.32s'", message->body);
	if (r == 0)
		wire_answer_text(message, text.data, text.length);
	return r;
}

static int64_t answer_update(struct worker *w, struct worker_client *client,
			     struct wire_message *message, struct err *e)
{
	(void)client;
	return worker_update(w, message->body, message->header.length, e);
}

/* ---- messages ---- */

static const struct request requests[] = {
    {WIRE_PING, answer_ping},
    {WIRE_ATTACH, answer_attach},
    {WIRE_INPUT, answer_input},
    {WIRE_INPUT_END, answer_input_end},
    {WIRE_RESIZE, answer_resize},
    {WIRE_SIGNAL, answer_signal},
    {WIRE_STOP, answer_stop},
    {WIRE_KILL, answer_kill},
    {WIRE_PAUSE, answer_pause},
    {WIRE_UNPAUSE, answer_pause},
    {WIRE_EXEC, answer_exec},
    {WIRE_EXEC_SIGNAL, answer_exec_signal},
    {WIRE_DESCRIBE, answer_describe},
    {WIRE_UPDATE, answer_update},
    {0},
};

static bool is_heard_at_the_end(uint32_t type)
{
	return type == WIRE_PING || type == WIRE_STOP || type == WIRE_KILL;
}

static int reply(struct worker *w, int fd, int64_t result, struct err *error)
{
	struct wire_message *message = w->message;

	/* The answers with a body or a descriptor stand there already. */
	if (result >= 0 && message->header.type == WIRE_OK)
		return wire_send(fd, message, true);
	if (result >= 0) {
		wire_answer_ok(message, (uint32_t)result);
	} else {
		if (!error->code)
			err_sys(error, (int)-result, "%s '%s'", w->spec.kind, w->spec.name);
		if (w->is_command_error)
			worker_hint(w, (int)result, error);
		wire_answer_error(message, error);
		message->header.b = w->is_command_error;
	}
	return wire_send(fd, message, true);
}

/* The list of clients may change while a request is carried out, so they are known by their
 * descriptor. */
static int handle(struct worker *w, int fd)
{
	struct wire_message *message = w->message;
	const struct request *request = requests;
	struct err error = {0};
	int64_t result;
	int r;

	while (request->answer && request->type != message->header.type)
		request++;
	w->is_command_error = false;
	if (w->has_exited && !is_heard_at_the_end(message->header.type))
		result = err_set(&error, ESRCH, "sandbox '%s' has ended", w->spec.name);
	else if (request->answer)
		result = request->answer(w, find_client(w, fd), message, &error);
	else
		result = err_set(&error, EPROTO, "message %u is none for a worker",
				 message->header.type);
	if (message->header.type != WIRE_OK)
		wire_close_fds(message); /* the request's */
	r = find_client(w, fd) ? reply(w, fd, result, &error) : -EPIPE;
	wire_close_fds(message); /* the answer's: the front has its own now */
	return r;
}

void worker_control_read(struct worker *w, int fd)
{
	for (int i = 0; i < MESSAGES_PER_TURN; i++) {
		struct err error = {0};
		int r;

		if (!find_client(w, fd))
			return;
		r = wire_receive(fd, w->message, &error);
		if (r == -EAGAIN)
			return;
		if (r < 0)
			reply(w, fd, r, &error);
		if (r <= 0 || handle(w, fd) < 0) {
			drop_client(w, find_client(w, fd));
			return;
		}
	}
}

void worker_control_exec_ended(struct worker *w, unsigned id, int status)
{
	struct wire_message message;

	for (size_t i = 0; i < w->client_count; i++) {
		struct worker_client *client = &w->clients[i];

		if (!client->has_exec || client->exec_id != id)
			continue;
		client->has_exec = false;
		/* Not w->message: a request may be in it right now. */
		message.header = (struct wire_header){.type = WIRE_EXEC_EXIT,
						      .a = (uint32_t)status};
		message.fd_count = 0;
		if (wire_send(client->fd, &message, true) < 0)
			drop_client(w, client);
		return;
	}
}
