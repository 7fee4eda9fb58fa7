/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages on the control socket: packets in, packets out, with descriptors beside them (unix(7),
 * SCM_RIGHTS).
 *
 * A packet is foreign bytes even though only the sandbox's owner can send one: every length is
 * checked before it is used, and descriptors that came with a bad packet are closed. Socket
 * addresses hold 108 bytes, a runtime directory's path may be longer: so the socket is named
 * through /proc/self/fd/N/sock.
 */
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "fd.h"
#include "packet.h"
#include "str.h"

enum { CONNECT_SECONDS = 5 };

static bool is_known_type(uint32_t type)
{
	return (type >= WIRE_PING && type <= WIRE_UPDATE) ||
	       (type >= WIRE_OK && type <= WIRE_EXEC_EXIT);
}

int wire_check(const void *packet, size_t length, struct err *e)
{
	struct wire_header header;

	if (length < sizeof(header))
		return err_set(e, EPROTO, "message of %zu bytes is shorter than a header", length);
	memcpy(&header, packet, sizeof(header));
	if (header.magic != WIRE_MAGIC)
		return err_set(e, EPROTO, "message without the magic number");
	if (header.length > WIRE_BODY_MAX || header.length != length - sizeof(header))
		return err_set(e, EPROTO, "message of %zu bytes says that its body has %u", length,
			       header.length);
	if (!is_known_type(header.type))
		return err_set(e, EPROTO, "message of unknown type %u", header.type);
	return 0;
}

int wire_send(int socket, const struct wire_message *message, bool dont_wait)
{
	struct wire_header header = message->header;
	struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)message->body, header.length}};
	ssize_t n;

	header.magic = WIRE_MAGIC;
	if (header.length > WIRE_BODY_MAX || message->fd_count > WIRE_FDS_MAX)
		return -EMSGSIZE;
	n = packet_send(socket, parts, 2, message->fds, message->fd_count,
			dont_wait ? MSG_DONTWAIT : 0);
	return n < 0 ? (int)n : 0;
}

void wire_close_fds(struct wire_message *message)
{
	for (size_t i = 0; i < message->fd_count; i++)
		fd_close(&message->fds[i]);
	message->fd_count = 0;
}

int wire_receive(int socket, struct wire_message *message, struct err *e)
{
	struct iovec parts[2] = {{&message->header, sizeof(message->header)},
				 {message->body, WIRE_BODY_MAX}};
	bool is_cut;
	ssize_t n;
	int r;

	message->fd_count = WIRE_FDS_MAX;
	n = packet_receive(socket, parts, 2, message->fds, &message->fd_count, 0, &is_cut);
	if (n < 0)
		return n == -EAGAIN ? -EAGAIN : err_sys(e, (int)n, "receive a message");
	if (n == 0)
		return 0;
	if (is_cut)
		r = err_set(e, EPROTO, "message that is too large");
	else if ((size_t)n < sizeof(message->header))
		r = err_set(e, EPROTO, "message of %zd bytes is shorter than a header", n);
	else
		r = wire_check(&message->header, (size_t)n, e);
	if (r < 0) {
		wire_close_fds(message);
		return r;
	}
	message->body[message->header.length] = '\0';
	return 1;
}

/* ---- bodies ---- */

static int add_words(struct wire_message *message, char *const words[], uint32_t *ret_count)
{
	uint32_t count = 0;

	for (; words && words[count]; count++) {
		size_t size = strlen(words[count]) + 1;

		if (size > WIRE_BODY_MAX - message->header.length || count >= WIRE_ARGV_MAX)
			return -E2BIG;
		memcpy(message->body + message->header.length, words[count], size);
		message->header.length += (uint32_t)size;
	}
	*ret_count = count;
	return 0;
}

int wire_exec_encode(struct wire_message *message, const struct wire_exec_request *request,
		     struct err *e)
{
	char *const first[] = {(char *)(request->workdir ? request->workdir : ""),
			       (char *)(request->user ? request->user : ""), NULL};
	uint32_t two = 0;
	int r;

	message->header = (struct wire_header){.type = WIRE_EXEC, .flags = request->flags};
	message->fd_count = 0;
	if (add_words(message, first, &two) == 0 &&
	    add_words(message, request->argv, &message->header.a) == 0 &&
	    add_words(message, request->env, &message->header.b) == 0 &&
	    message->header.a + message->header.b <= WIRE_ARGV_MAX)
		return 0;
	r = err_set(e, E2BIG, "command of more than %d words or %d bytes", WIRE_ARGV_MAX,
		    WIRE_BODY_MAX);
	return err_hint(e, r,
			"put them into a file, or into its input: exec -i NAME -- COMMAND <FILE");
}

/* The next NUL-terminated word at *at, or NULL when the body has no more. */
static char *take_word(struct wire_message *message, size_t *at)
{
	char *word = message->body + *at;
	const char *end = *at < message->header.length
			      ? memchr(word, '\0', message->header.length - *at)
			      : NULL;

	if (!end)
		return NULL;
	*at += (size_t)(end - word) + 1;
	return word;
}

int wire_exec_decode(struct wire_message *message, struct wire_exec *ret_exec, struct err *e)
{
	uint32_t argc = message->header.a, count = message->header.b, i;
	size_t at = 0;
	bool is_whole = true;

	if (argc < 1 || argc > WIRE_ARGV_MAX || count > WIRE_ARGV_MAX - argc)
		return err_set(e, EPROTO, "exec of %u and %u words", argc, count);
	ret_exec->workdir = take_word(message, &at);
	ret_exec->user = take_word(message, &at);
	is_whole = ret_exec->workdir && ret_exec->user;
	for (i = 0; i < argc; i++)
		is_whole = (ret_exec->argv[i] = take_word(message, &at)) && is_whole;
	for (i = 0; i < count; i++)
		is_whole = (ret_exec->env[i] = take_word(message, &at)) && is_whole;
	ret_exec->argv[argc] = NULL;
	ret_exec->env[count] = NULL;
	if (!is_whole || at != message->header.length)
		return err_set(e, EPROTO, "exec whose words do not fit its body");
	return 0;
}

void wire_answer_ok(struct wire_message *message, uint32_t a)
{
	message->header = (struct wire_header){.type = WIRE_OK, .a = a};
	message->fd_count = 0;
}

void wire_answer_text(struct wire_message *message, const char *text, size_t length)
{
	wire_answer_ok(message, 0);
	message->header.length = (uint32_t)(length < WIRE_BODY_MAX ? length : WIRE_BODY_MAX);
	memcpy(message->body, text, message->header.length);
}

void wire_answer_error(struct wire_message *message, const struct err *error)
{
	char *const words[] = {(char *)error->what, (char *)error->hint, NULL};
	uint32_t count;

	message->header = (struct wire_header){.type = WIRE_ERROR, .a = (uint32_t)error->code};
	message->fd_count = 0;
	add_words(message, words, &count);
}

int wire_error_decode(struct wire_message *message, struct err *e)
{
	size_t at = 0;
	const char *what = take_word(message, &at), *hint = take_word(message, &at);
	int code = message->header.a > 0 && message->header.a < 4096 ? (int)message->header.a
								     : EPROTO;
	int r = err_set(e, code, "%s", what && what[0] ? what : "the worker refused");

	return hint && hint[0] ? err_hint(e, r, "%s", hint) : r;
}

/* ---- the socket ---- */

static int open_socket(struct sockaddr_un *address, struct err *e)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	address->sun_family = AF_UNIX;
	return fd < 0 ? err_sys(e, errno, "make a socket") : fd;
}

static void name_by_proc(struct sockaddr_un *address, int dirfd)
{
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/sock", dirfd);
}

/* Bound from inside the directory: the way by /proc takes 20 µs more, which every sandbox would
 * pay. Back to where we were afterwards; somebody may have started a program there. */
static int bind_inside(int fd, int dirfd, bool may_stay, struct sockaddr_un *address)
{
	auto_close int here = -1;
	int r;

	if (!may_stay)
		here = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if ((here < 0 && !may_stay) || fchdir(dirfd) < 0) {
		name_by_proc(address, dirfd);
		return bind(fd, (struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	}
	str_copy(address->sun_path, sizeof(address->sun_path), "sock");
	r = bind(fd, (struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	return !may_stay && fchdir(here) < 0 ? -errno : r;
}

int wire_listen(int dirfd, bool may_stay, struct err *e)
{
	struct sockaddr_un address = {0};
	auto_close int fd = open_socket(&address, e);
	int r;

	if (fd < 0)
		return fd;
	r = bind_inside(fd, dirfd, may_stay, &address);
	/* A worker that was killed left its own; the lock says that nobody listens there. */
	if (r == -EADDRINUSE && unlinkat(dirfd, "sock", 0) == 0)
		r = bind_inside(fd, dirfd, may_stay, &address);
	if (r < 0)
		return err_sys(e, -r, "bind the control socket");
	if (listen(fd, 16) < 0)
		return err_sys(e, errno, "listen on the control socket");
	return fd_move(&fd);
}

int wire_connect(int dirfd, struct err *e)
{
	const struct timeval patience = {.tv_sec = CONNECT_SECONDS};
	struct sockaddr_un address = {0};
	auto_close int fd = open_socket(&address, e);

	if (fd < 0)
		return fd;
	name_by_proc(&address, dirfd);
	/* Behind a worker that is stopped others may wait already. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd_move(&fd);
	if (errno != EAGAIN)
		return err_sys(e, errno, "connect to the worker");
	return err_hint(e, err_set(e, ETIMEDOUT, "the worker does not answer"),
			"is it stopped (SIGSTOP)? `isolab ps` tells its process");
}
