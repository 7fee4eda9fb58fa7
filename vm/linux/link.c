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
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "link.h"
#include "linux.h"

enum { WRITE_BYTES = 4096 }; /* a pipe that is ready takes so much without waiting */

/* ---- to the agent ---- */

void link_send(struct linux_vm *machine, enum agent_message type, unsigned program, uint32_t value,
	       const void *body, size_t length)
{
	const struct agent_header header = {.magic = AGENT_MAGIC,
					    .type = (uint8_t)type,
					    .program = (uint8_t)program,
					    .value = value,
					    .length = (uint32_t)length};

	str_add_bytes(&machine->to_agent, &header, sizeof(header));
	if (length)
		str_add_bytes(&machine->to_agent, body, length);
	link_flush(machine);
}

void link_flush(struct linux_vm *machine)
{
	struct strbuf *waiting = &machine->to_agent;

	if (waiting->length == 0)
		return;
	pthread_mutex_lock(&machine->lock);
	size_t taken = serial_receive(&machine->link, waiting->data, waiting->length);
	pthread_mutex_unlock(&machine->lock);
	waiting->length -= taken;
	memmove(waiting->data, waiting->data + taken, waiting->length);
}

static void add_words(struct strbuf *body, const char *word)
{
	str_add_bytes(body, word, strlen(word) + 1);
}

int link_start(struct linux_vm *machine, unsigned program, const struct link_command *command,
	       struct err *e)
{
	struct agent_start start = {.flags = command->flags,
				    .rows = (uint16_t)command->rows,
				    .columns = (uint16_t)command->columns};
	auto_strbuf body = {.limit = AGENT_BODY_MAX};

	while (command->argv[start.argc])
		start.argc++;
	while (command->env[start.envc])
		start.envc++;
	str_add_bytes(&body, &start, sizeof(start));
	add_words(&body, command->workdir ? command->workdir : "");
	add_words(&body, command->hostname ? command->hostname : "");
	for (uint32_t i = 0; i < start.argc; i++)
		add_words(&body, command->argv[i]);
	for (uint32_t i = 0; i < start.envc; i++)
		add_words(&body, command->env[i]);
	if (body.failed || start.argc > AGENT_WORDS_MAX || start.envc > AGENT_WORDS_MAX)
		return err_set(e, E2BIG, "command and environment are more than %d bytes",
			       AGENT_BODY_MAX);
	struct link_client *client = &machine->clients[program];
	*client = (struct link_client){.is_used = true,
				       .fds = {-1, -1, -1},
				       .room = AGENT_WINDOW,
				       .has_input = command->flags & AGENT_START_INPUT};
	link_send(machine, AGENT_START, program, 0, body.data, body.length);
	return 0;
}

/* ---- input ---- */

size_t link_input(struct linux_vm *machine, unsigned program, const void *data, size_t length)
{
	struct link_client *client = &machine->clients[program];

	if (!client->is_used || !client->has_input)
		return length;
	if (length > client->room)
		length = client->room;
	if (length) {
		client->room -= length;
		link_send(machine, AGENT_INPUT, program, 0, data, length);
	}
	return length;
}

void link_input_end(struct linux_vm *machine, unsigned program)
{
	struct link_client *client = &machine->clients[program];

	if (client->is_used && client->has_input)
		link_send(machine, AGENT_INPUT, program, 0, NULL, 0);
}

static void on_exec_input(struct worker *worker, int fd, short revents, void *arg)
{
	struct vm *vm = worker_state(worker);
	struct linux_vm *machine = vm->linux_guest;
	struct link_client *client = arg;
	unsigned program = (unsigned)(client - machine->clients);
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
		link_input(machine, program, buffer, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		worker_unwatch(worker, fd);
		client->is_input_watched = false;
		fd_close(&client->fds[0]);
		link_input_end(machine, program);
	}
}

static void watch_input(struct linux_vm *machine, struct link_client *client)
{
	if (client->fds[0] < 0 || client->is_input_watched || client->room == 0)
		return;
	client->is_input_watched = worker_watch(machine->vm->worker, client->fds[0], POLLIN,
						on_exec_input, client, NULL) == 0;
}

/* ---- output ---- */

static void credit(struct linux_vm *machine, unsigned program, unsigned stream, size_t bytes)
{
	if (bytes)
		link_send(machine, AGENT_CREDIT, program, stream << 24 | (uint32_t)bytes, NULL, 0);
}

static void on_exec_writable(struct worker *worker, int fd, short revents, void *arg);

/* Writes what an exec's reader takes now; watches for the rest. */
static void flush_stream(struct linux_vm *machine, struct link_client *client, int stream)
{
	struct strbuf *waiting = &client->waiting[stream];
	unsigned program = (unsigned)(client - machine->clients);
	struct worker *worker = machine->vm->worker;

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
		credit(machine, program, (unsigned)stream, (size_t)n);
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

static void end_exec(struct linux_vm *machine, struct link_client *client)
{
	struct worker *worker = machine->vm->worker;
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

static void end_if_flushed(struct linux_vm *machine, struct link_client *client)
{
	if (client->has_ended && client->waiting[1].length == 0 && client->waiting[2].length == 0)
		end_exec(machine, client);
}

static void on_exec_writable(struct worker *worker, int fd, short revents, void *arg)
{
	struct vm *vm = worker_state(worker);
	struct link_client *client = arg;

	(void)revents;
	for (int stream = 1; stream < 3; stream++)
		if (client->fds[stream] == fd)
			flush_stream(vm->linux_guest, client, stream);
	end_if_flushed(vm->linux_guest, client);
}

/* ---- what the agent says ---- */

static void break_off(struct linux_vm *machine, const char *what)
{
	struct err error = {0};

	err_set(&error, EPROTO, "the agent in the guest broke the rules: %s", what);
	err_hint(&error, 0, "a program in the guest has taken over its second serial port?");
	vm_fail(machine->vm, &error);
}

static void on_hello(struct linux_vm *machine, const struct agent_header *header)
{
	if (machine->has_init)
		return;
	machine->has_init = true;
	if (header->value != AGENT_VERSION) {
		break_off(machine, "it is of another version");
		return;
	}
	linux_started(machine);
}

static void on_started(struct linux_vm *machine, const struct agent_header *header)
{
	struct link_client *client = &machine->clients[header->program];

	if (header->program == 0 && !machine->has_program) {
		machine->has_program = true;
		linux_program_runs(machine);
	}
	client->is_running = true;
	watch_input(machine, client);
}

/* The command could not be run: for the main one, the end. */
static void on_failed(struct linux_vm *machine, const struct agent_header *header)
{
	struct link_client *client = &machine->clients[header->program];
	int code = header->value > 0 && header->value < 4096 ? (int)header->value : EIO;
	int status = code == ENOENT ? WORKER_STATUS_NOT_FOUND : WORKER_STATUS_NOT_INVOKED;

	client->status = status << 8;
	if (header->program == 0) {
		linux_program_failed(machine, code);
		return;
	}
	client->has_ended = true;
	str_addf(&client->waiting[2], "isolab: the guest cannot run that program: %s\n",
		 strerror(code));
	flush_stream(machine, client, 2);
	end_if_flushed(machine, client);
}

static void on_output(struct linux_vm *machine, const struct agent_header *header)
{
	struct link_client *client = &machine->clients[header->program];
	unsigned stream = header->value;
	const uint8_t *bytes = machine->parser.body;

	if (stream < 1 || stream > 2) {
		break_off(machine, "output on a stream that there is not");
		return;
	}
	if (header->program == 0) {
		worker_output(machine->vm->worker, stream == 1 ? WORKER_STDOUT : WORKER_STDERR,
			      bytes, header->length);
		client->owed[stream] += header->length;
		link_pay(machine);
		return;
	}
	if (header->length > AGENT_WINDOW - client->waiting[stream].length) {
		break_off(machine, "more output than it may send");
		return;
	}
	str_add_bytes(&client->waiting[stream], bytes, header->length);
	flush_stream(machine, client, (int)stream);
}

static void on_exited(struct linux_vm *machine, const struct agent_header *header)
{
	struct link_client *client = &machine->clients[header->program];

	client->has_ended = true;
	client->status = (int)(header->value & 0xffff);
	if (header->program == 0)
		vm_end(machine->vm, client->status);
	else
		end_if_flushed(machine, client);
}

static void on_credit(struct linux_vm *machine, const struct agent_header *header)
{
	struct link_client *client = &machine->clients[header->program];
	size_t bytes = header->value & 0xffffff;

	client->room += bytes < AGENT_WINDOW - client->room ? bytes : AGENT_WINDOW - client->room;
	watch_input(machine, client);
}

static const struct answer {
	enum agent_message type;
	bool needs_client;
	void (*obey)(struct linux_vm *machine, const struct agent_header *header);
} answers[] = {
    {AGENT_HELLO, false, on_hello},
    {AGENT_STARTED, true, on_started},
    {AGENT_FAILED, true, on_failed},
    {AGENT_OUTPUT, true, on_output},
    {AGENT_EXITED, true, on_exited},
    {AGENT_CREDIT, true, on_credit},
    {0, false, NULL},
};

static void obey(struct linux_vm *machine)
{
	const struct agent_header *header = &machine->parser.header;
	const struct answer *answer = answers;

	while (answer->obey && answer->type != header->type)
		answer++;
	if (!answer->obey)
		break_off(machine, "a message that there is not");
	else if (!answer->needs_client || machine->clients[header->program].is_used)
		answer->obey(machine, header);
}

void link_receive(struct linux_vm *machine, const uint8_t *bytes, size_t length)
{
	size_t at = 0;

	while (at < length && !machine->vm->has_ended) {
		struct err error = {0};
		bool is_whole;
		ssize_t taken = agent_parse(&machine->parser, bytes + at, length - at, &is_whole,
					    &error);
		if (taken < 0) {
			break_off(machine, error.what);
			return;
		}
		at += (size_t)taken;
		if (is_whole)
			obey(machine);
	}
}

void link_pay(struct linux_vm *machine)
{
	struct link_client *client = &machine->clients[0];

	if (worker_output_is_full(machine->vm->worker))
		return;
	for (unsigned stream = 1; stream < 3; stream++) {
		credit(machine, 0, stream, client->owed[stream]);
		client->owed[stream] = 0;
	}
}

/* ---- exec ---- */

static int send_program(struct linux_vm *machine, int fd, struct err *e)
{
	struct stat status;
	uint8_t buffer[WRITE_BYTES];

	if (fstat(fd, &status) < 0)
		return err_sys(e, errno, "look at the program's size");
	if (status.st_size <= 0 || status.st_size > AGENT_PROGRAM_BYTES_MAX)
		return err_set(e, EFBIG, "the program has %lld bytes, not 1 to %d",
			       (long long)status.st_size, AGENT_PROGRAM_BYTES_MAX);
	for (off_t at = 0; at < status.st_size;) {
		ssize_t n = pread(fd, buffer, sizeof(buffer), at);
		if (n <= 0)
			return err_sys(e, n < 0 ? errno : EIO, "read the program");
		link_send(machine, AGENT_PROGRAM, 0, 0, buffer, (size_t)n);
		at += n;
	}
	return 0;
}

int link_exec(struct linux_vm *machine, struct worker_exec *x, const struct link_command *command,
	      struct err *e)
{
	unsigned program = 1;
	int r = 0;

	while (program < AGENT_PROGRAMS_MAX && machine->clients[program].is_used)
		program++;
	if (program == AGENT_PROGRAMS_MAX)
		return err_set(e, EBUSY, "%d programs already run beside the first",
			       AGENT_PROGRAMS_MAX - 1);
	if (x->program_fd >= 0)
		r = send_program(machine, x->program_fd, e);
	if (r == 0)
		r = link_start(machine, program, command, e);
	if (r < 0)
		return r;
	struct link_client *client = &machine->clients[program];
	client->exec_id = x->id;
	for (int i = 0; i < 3; i++)
		client->fds[i] = fd_move(&x->fds[i]);
	return 0;
}

int link_find_exec(const struct linux_vm *machine, unsigned id)
{
	for (int i = 1; i < AGENT_PROGRAMS_MAX; i++)
		if (machine->clients[i].is_used && machine->clients[i].exec_id == id)
			return i;
	return -ESRCH;
}

void link_finish(struct linux_vm *machine)
{
	for (int i = 1; i < AGENT_PROGRAMS_MAX; i++) {
		struct link_client *client = &machine->clients[i];
		if (!client->is_used)
			continue;
		client->status = 9; /* SIGKILL: what still ran ended with the machine */
		end_exec(machine, client);
	}
	str_finish(&machine->to_agent);
}
