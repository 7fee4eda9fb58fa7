/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agent's end of the line: a queue out, a parser in, one function per message. Writing never
 * waits: what the line does not take stays in the queue.
 */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fd.h"

void guest_init(struct guest *guest, int link_fd)
{
	guest->link_fd = link_fd;
	guest->program_fd = guest->inner.inotify_fd = -1;
	for (int i = 0; i < AGENT_PROGRAMS_MAX; i++)
		for (int k = 0; k < 3; k++)
			guest->programs[i].fds[k] = -1;
}

void guest_send(struct guest *guest, enum agent_message type, unsigned program, uint32_t value,
		const void *body, size_t length)
{
	struct agent_header header = {.magic = AGENT_MAGIC,
				      .type = (uint8_t)type,
				      .program = (uint8_t)program,
				      .value = value,
				      .length = (uint32_t)length};
	uint8_t *to = guest->unsent + guest->unsent_bytes;

	if (length > AGENT_BODY_MAX ||
	    sizeof(header) + length > GUEST_UNSENT_BYTES - guest->unsent_bytes)
		return;
	memcpy(to, &header, sizeof(header));
	if (length)
		memcpy(to + sizeof(header), body, length);
	guest->unsent_bytes += sizeof(header) + length;
	guest_flush(guest);
}

void guest_refuse(struct guest *guest, int code, const char *what, const char *hint)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "%s%c%s", what, 0, hint ? hint : "");

	guest->has_refused = true;
	guest_send(guest, AGENT_REFUSED, 0, (uint32_t)code, text,
		   n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void guest_flush(struct guest *guest)
{
	ssize_t n = write(guest->link_fd, guest->unsent, guest->unsent_bytes);

	if (n <= 0)
		return;
	guest->unsent_bytes -= (size_t)n;
	memmove(guest->unsent, guest->unsent + n, guest->unsent_bytes);
}

/* A piece of a program that is sent: gathered in a memfd. */
static void take_program(struct guest *guest, const uint8_t *bytes, size_t length)
{
	if (guest->program_fd < 0)
		guest->program_fd = memfd_create("program", MFD_CLOEXEC);
	if (guest->program_fd >= 0)
		fd_write_all(guest->program_fd, bytes, length);
}

static void obey(struct guest *guest)
{
	const struct agent_header *header = &guest->parser.header;
	uint8_t *body = guest->parser.body;

	switch (header->type) {
	case AGENT_NETWORK:
		network_configure(guest, body, header->length);
		break;
	case AGENT_MOUNT:
		mount_volume(guest, body, header->length);
		break;
	case AGENT_START:
		if (!guest->has_refused)
			program_start(guest, header->program, body, header->length);
		break;
	case AGENT_PROGRAM:
		take_program(guest, body, header->length);
		break;
	case AGENT_INPUT:
		program_input(guest, header->program, body, header->length);
		break;
	case AGENT_SIGNAL:
		program_signal(guest, header->program, (int)header->value);
		break;
	case AGENT_RESIZE:
		program_resize(guest, header->program, header->value);
		break;
	case AGENT_CREDIT:
		program_credit(guest, header->program, header->value >> 24,
			       header->value & 0xffffff);
		break;
	default: /* a worker of another version: what we do not know we do not do */
		break;
	}
}

void guest_receive(struct guest *guest)
{
	uint8_t bytes[4096];
	ssize_t n = read(guest->link_fd, bytes, sizeof(bytes));
	size_t at = 0;

	while (n > 0 && at < (size_t)n) {
		bool is_whole;
		ssize_t taken = agent_parse(&guest->parser, bytes + at, (size_t)n - at, &is_whole,
					    NULL);
		if (taken < 0)
			return; /* the worker never says such a thing: begin anew */
		at += (size_t)taken;
		if (is_whole)
			obey(guest);
	}
}
