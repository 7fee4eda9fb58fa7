/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker's end of the line to the agent (agent.h): what the guest says is checked, never
 * believed. A program inside is a `client` here: the main one's bytes go through the worker, an
 * exec's to and from the descriptors of who asked for it. What an exec's reader does not take is
 * kept, at most a window of it; more than a window the agent may not send.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "link.h"

enum {
	WRITE_BYTES = 4096,         /* a pipe that is ready takes so much without waiting */
	UNSENT_BYTES_MAX = 8 << 20, /* far more than all windows and a probe together */
};

void link_init(struct link *link, const struct link_host *host, void *arg, struct worker *worker)
{
	link->host = host;
	link->arg = arg;
	link->worker = worker;
}

static void break_off(struct link *link, const char *what)
{
	struct err error = {0};

	err_set(&error, EPROTO, "the agent in the guest broke the rules: %s", what);
	err_hint(&error, 0, "a program in the guest has taken over its line to isolab?");
	link->is_over = true;
	link->host->on_broken(link->arg, &error);
}

/* ---- to the agent ---- */

void link_send(struct link *link, enum agent_message type, unsigned program, uint32_t value,
	       const void *body, size_t length)
{
	const struct agent_header header = {.magic = AGENT_MAGIC,
					    .type = (uint8_t)type,
					    .program = (uint8_t)program,
					    .value = value,
					    .length = (uint32_t)length};

	if (link->to_agent.length + length > UNSENT_BYTES_MAX) { /* it asks and does not read */
		if (!link->is_over)
			break_off(link, "it does not listen");
		return;
	}
	str_add_bytes(&link->to_agent, &header, sizeof(header));
	if (length)
		str_add_bytes(&link->to_agent, body, length);
	link_flush(link);
}

void link_flush(struct link *link)
{
	struct strbuf *waiting = &link->to_agent;

	/* A line that nobody has opened yet would swallow the first bytes. */
	if (waiting->length == 0 || !link->has_agent)
		return;
	size_t taken = link->host->send(link->arg, (const uint8_t *)waiting->data, waiting->length);
	if (taken == 0)
		return;
	waiting->length -= taken;
	memmove(waiting->data, waiting->data + taken, waiting->length);
}

static void add_word(struct strbuf *body, const char *word)
{
	str_add_bytes(body, word ? word : "", word ? strlen(word) + 1 : 1);
}

static uint32_t add_list(struct strbuf *body, char *const *words)
{
	uint32_t count = 0;

	while (words && words[count])
		add_word(body, words[count++]);
	return count;
}

int link_start(struct link *link, unsigned program, const struct link_command *command,
	       struct err *e)
{
	struct agent_start start = {.flags = command->flags,
				    .rows = (uint16_t)command->rows,
				    .columns = (uint16_t)command->columns};
	auto_strbuf body = {.limit = AGENT_BODY_MAX};

	str_add_bytes(&body, &start, sizeof(start)); /* again when its counts are known */
	add_word(&body, command->workdir);
	add_word(&body, command->hostname);
	add_word(&body, command->user);
	start.argc = add_list(&body, command->argv);
	start.envc = add_list(&body, command->env);
	start.ulimitc = add_list(&body, command->ulimits);
	start.tmpfsc = add_list(&body, command->tmpfs);
	if (body.failed || start.argc > AGENT_WORDS_MAX || start.envc > AGENT_WORDS_MAX ||
	    start.ulimitc > AGENT_OPTIONS_MAX || start.tmpfsc > AGENT_OPTIONS_MAX)
		return err_set(e, E2BIG, "command and environment are more than %d bytes",
			       AGENT_BODY_MAX);
	memcpy(body.data, &start, sizeof(start));
	struct link_client *client = &link->clients[program];
	*client = (struct link_client){.link = link,
				       .is_used = true,
				       .fds = {-1, -1, -1},
				       .room = AGENT_WINDOW,
				       .has_input = command->flags & AGENT_START_INPUT};
	link_send(link, AGENT_START, program, 0, body.data, body.length);
	return 0;
}

/* ---- input ---- */

size_t link_input(struct link *link, unsigned program, const void *data, size_t length)
{
	struct link_client *client = &link->clients[program];

	if (!client->is_used || !client->has_input)
		return length;
	if (length > client->room)
		length = client->room;
	if (length) {
		client->room -= length;
		link_send(link, AGENT_INPUT, program, 0, data, length);
	}
	return length;
}

void link_input_end(struct link *link, unsigned program)
{
	struct link_client *client = &link->clients[program];

	if (client->is_used && client->has_input)
		link_send(link, AGENT_INPUT, program, 0, NULL, 0);
}

static void on_exec_input(struct worker *worker, int fd, short revents, void *arg)
{
	struct link_client *client = arg;
	struct link *link = client->link;
	unsigned program = (unsigned)(client - link->clients);
	uint8_t buffer[WRITE_BYTES];
	size_t room = client->room < sizeof(buffer) ? client->room : sizeof(buffer);

	(void)revents;
	if (room == 0) { /* goes on with the next credit */
		worker_unwatch(worker, fd);
		client->is_input_watched = false;
		return;
	}
	ssize_t n = read(fd, buffer, room);
	if (n > 0) {
		link_input(link, program, buffer, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		worker_unwatch(worker, fd);
		client->is_input_watched = false;
		fd_close(&client->fds[0]);
		link_input_end(link, program);
	}
}

static void watch_input(struct link *link, struct link_client *client)
{
	if (client->fds[0] < 0 || client->is_input_watched || client->room == 0)
		return;
	client->is_input_watched = worker_watch(link->worker, client->fds[0], POLLIN, on_exec_input,
						client, NULL) == 0;
}

/* ---- output ---- */

static void credit(struct link *link, unsigned program, unsigned stream, size_t bytes)
{
	if (bytes)
		link_send(link, AGENT_CREDIT, program, stream << 24 | (uint32_t)bytes, NULL, 0);
}

static void on_exec_writable(struct worker *worker, int fd, short revents, void *arg);

/* Writes what an exec's reader takes now; watches for the rest. */
static void flush_stream(struct link *link, struct link_client *client, int stream)
{
	struct strbuf *waiting = &client->waiting[stream];
	unsigned program = (unsigned)(client - link->clients);
	struct worker *worker = link->worker;

	while (waiting->length) {
		struct pollfd ready = {.fd = client->fds[stream], .events = POLLOUT};
		size_t bytes = waiting->length < WRITE_BYTES ? waiting->length : WRITE_BYTES;
		ssize_t n = (ssize_t)bytes; /* nobody reads: it is lost, as in a closed pipe */

		if (ready.fd >= 0 && poll(&ready, 1, 0) == 0)
			break;
		if (ready.fd >= 0 && !(ready.revents & (POLLERR | POLLHUP)))
			n = write(ready.fd, waiting->data, bytes);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0)
			n = (ssize_t)bytes;
		waiting->length -= (size_t)n;
		memmove(waiting->data, waiting->data + n, waiting->length);
		credit(link, program, (unsigned)stream, (size_t)n);
	}
	bool must_watch = waiting->length && client->fds[stream] >= 0;
	if (must_watch && !client->is_output_watched[stream])
		client->is_output_watched[stream] = worker_watch(worker, client->fds[stream],
								 POLLOUT, on_exec_writable, client,
								 NULL) == 0;
	else if (!must_watch && client->is_output_watched[stream]) {
		worker_unwatch(worker, client->fds[stream]);
		client->is_output_watched[stream] = false;
	}
}

static void end_exec(struct link *link, struct link_client *client)
{
	struct worker *worker = link->worker;
	unsigned id = client->exec_id;
	int status = client->status;

	for (int i = 0; i < 3; i++) {
		if (client->fds[i] >= 0 &&
		    (i ? client->is_output_watched[i] : client->is_input_watched))
			worker_unwatch(worker, client->fds[i]);
		fd_close(&client->fds[i]);
		str_finish(&client->waiting[i]);
	}
	client->is_used = false;
	worker_exec_exited(worker, id, status);
}

static void end_if_flushed(struct link *link, struct link_client *client)
{
	if (client->has_ended && client->waiting[1].length == 0 && client->waiting[2].length == 0)
		end_exec(link, client);
}

static void on_exec_writable(struct worker *worker, int fd, short revents, void *arg)
{
	struct link_client *client = arg;

	(void)worker, (void)revents;
	for (int stream = 1; stream < 3; stream++)
		if (client->fds[stream] == fd)
			flush_stream(client->link, client, stream);
	end_if_flushed(client->link, client);
}

/* ---- what the agent says ---- */

static void on_hello(struct link *link, const struct agent_header *header)
{
	if (link->has_agent)
		return;
	link->has_agent = true;
	if (header->value != AGENT_VERSION) {
		break_off(link, "it is of another version");
		return;
	}
	link->host->on_hello(link->arg);
}

static void on_started(struct link *link, const struct agent_header *header)
{
	struct link_client *client = &link->clients[header->program];
	struct err note = {0};

	if (header->length) { /* text of the guest's: control characters are taken out of it */
		err_set(&note, EINVAL, "%.700s", (const char *)link->parser.body);
		worker_note(link->worker, "guest", "%s", note.what);
	}
	if (header->program == 0 && !link->has_program) {
		link->has_program = true;
		link->program_ns = clock_now_ns();
		link->host->on_running(link->arg);
	}
	watch_input(link, client);
}

/* What failed, and a hint: the guest's words, of which the error keeps what can be printed. */
static void read_failure(const struct link *link, int code, struct err *ret)
{
	const char *what = (const char *)link->parser.body;
	size_t length = link->parser.header.length;
	const char *end = memchr(what, '\0', length);

	err_set(ret, code, "%.700s", length ? what : strerror(code));
	if (end && (size_t)(end - what) + 1 < length && end[1])
		err_hint(ret, 0, "%.350s", end + 1);
}

/* The command could not be run: for the main one, the end. */
static void on_failed(struct link *link, const struct agent_header *header)
{
	struct link_client *client = &link->clients[header->program];
	bool is_command = header->value & AGENT_FAILED_COMMAND;
	uint32_t value = header->value & ~(uint32_t)AGENT_FAILED_COMMAND;
	int code = value > 0 && value < 4096 ? (int)value : EIO;
	char text[ERR_WHAT_MAX + ERR_HINT_MAX + 16];
	struct err error = {0};

	read_failure(link, code, &error);
	client->status = (!is_command      ? WORKER_STATUS_FAILED
			  : code == ENOENT ? WORKER_STATUS_NOT_FOUND
					   : WORKER_STATUS_NOT_INVOKED)
			 << 8;
	if (header->program == 0) {
		link->is_over = true;
		link->host->on_not_run(link->arg, &error, is_command);
		return;
	}
	client->has_ended = true;
	err_format(&error, text, sizeof(text));
	str_addf(&client->waiting[2], "isolab: %s", text);
	flush_stream(link, client, 2);
	end_if_flushed(link, client);
}

static void on_output(struct link *link, const struct agent_header *header)
{
	struct link_client *client = &link->clients[header->program];
	unsigned stream = header->value;
	const uint8_t *bytes = link->parser.body;

	if (stream < 1 || stream > 2) {
		break_off(link, "output on a stream that there is not");
		return;
	}
	if (header->program == 0) {
		worker_output(link->worker, stream == 1 ? WORKER_STDOUT : WORKER_STDERR, bytes,
			      header->length);
		client->owed[stream] += header->length;
		link_pay(link);
		return;
	}
	if (header->length + client->waiting[stream].length > AGENT_WINDOW) {
		break_off(link, "more output than it may send");
		return;
	}
	str_add_bytes(&client->waiting[stream], bytes, header->length);
	flush_stream(link, client, (int)stream);
}

static void on_exited(struct link *link, const struct agent_header *header)
{
	struct link_client *client = &link->clients[header->program];

	client->has_ended = true;
	client->status = (int)(header->value & 0xffff);
	if (header->program != 0) {
		end_if_flushed(link, client);
		return;
	}
	link->is_over = true;
	link->host->on_exited(link->arg, client->status);
}

static void on_credit(struct link *link, const struct agent_header *header)
{
	struct link_client *client = &link->clients[header->program];
	size_t bytes = header->value & 0xffffff;

	client->room += bytes < AGENT_WINDOW - client->room ? bytes : AGENT_WINDOW - client->room;
	watch_input(link, client);
}

/* What the sandbox asked for cannot be had in there. */
static void on_refused(struct link *link, const struct agent_header *header)
{
	struct err error = {0};

	read_failure(link, header->value - 1 < 4095 ? (int)header->value : EIO, &error);
	if (!error.hint[0])
		err_hint(&error, 0,
			 "its kernel's modules must be found: `isolab kernel list`, `… fetch`");
	err_ctx(&error, 0, "set up the guest");
	link->is_over = true;
	link->host->on_broken(link->arg, &error);
}

/* What each needs: nothing, a program that is there, or one that has not ended either. */
enum need { NEEDS_NOTHING, NEEDS_CLIENT, NEEDS_LIVE_CLIENT };

static const struct answer {
	enum agent_message type;
	enum need need;
	void (*obey)(struct link *link, const struct agent_header *header);
} answers[] = {
    {AGENT_HELLO, NEEDS_NOTHING, on_hello},
    {AGENT_STARTED, NEEDS_LIVE_CLIENT, on_started},
    {AGENT_FAILED, NEEDS_LIVE_CLIENT, on_failed},
    {AGENT_OUTPUT, NEEDS_LIVE_CLIENT, on_output},
    {AGENT_EXITED, NEEDS_LIVE_CLIENT, on_exited},
    {AGENT_CREDIT, NEEDS_CLIENT, on_credit},
    {AGENT_REFUSED, NEEDS_NOTHING, on_refused},
    {AGENT_INNER, NEEDS_NOTHING, link_inner},
    {0, NEEDS_NOTHING, NULL},
};

static void obey(struct link *link)
{
	const struct agent_header *header = &link->parser.header;
	const struct link_client *client = &link->clients[header->program];
	const struct answer *answer = answers;

	while (answer->obey && answer->type != header->type)
		answer++;
	if (!answer->obey)
		break_off(link, "a message that there is not");
	else if (answer->need == NEEDS_LIVE_CLIENT && client->is_used && client->has_ended)
		break_off(link, "a program that has ended goes on");
	else if (answer->need == NEEDS_NOTHING || client->is_used)
		answer->obey(link, header);
}

void link_receive(struct link *link, const uint8_t *bytes, size_t length)
{
	size_t at = 0;

	while (at < length && !link->is_over) {
		struct err error = {0};
		bool is_whole;
		ssize_t taken = agent_parse(&link->parser, bytes + at, length - at, &is_whole,
					    &error);
		if (taken < 0) {
			break_off(link, error.what);
			return;
		}
		at += (size_t)taken;
		if (is_whole)
			obey(link);
	}
}

void link_pay(struct link *link)
{
	struct link_client *client = &link->clients[0];

	if (worker_output_is_full(link->worker))
		return;
	for (unsigned stream = 1; stream < 3; stream++) {
		credit(link, 0, stream, client->owed[stream]);
		client->owed[stream] = 0;
	}
}

void link_finish(struct link *link)
{
	for (int i = 1; i < AGENT_PROGRAMS_MAX; i++) {
		struct link_client *client = &link->clients[i];
		if (!client->is_used)
			continue;
		client->status = 9; /* SIGKILL: what still ran ended with the link */
		end_exec(link, client);
	}
	str_finish(&link->to_agent);
}
