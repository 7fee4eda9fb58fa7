/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A packet on the control socket: whoever may connect may send any bytes. What passes the check is
 * read as exec and as error, whose words must lie inside the body.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every word must be readable to its end; a sanitiser sees it if not. */
static void touch(const struct wire_message *message, const char *word)
{
	assert(word >= message->body);
	assert(word + strlen(word) < message->body + message->header.length);
}

static void read_exec(struct wire_message *message)
{
	struct wire_exec exec;

	if (wire_exec_decode(message, &exec, NULL) < 0)
		return;
	touch(message, exec.workdir);
	touch(message, exec.user);
	for (uint32_t i = 0; i < message->header.a; i++)
		touch(message, exec.argv[i]);
	for (uint32_t i = 0; i < message->header.b; i++)
		touch(message, exec.env[i]);
	assert(!exec.argv[message->header.a] && !exec.env[message->header.b]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_message *message;
	struct err e = {0};

	if (wire_check(data, size, &e) < 0) {
		assert(e.code && e.what[0]);
		return 0;
	}
	message = malloc(sizeof(*message));
	if (!message)
		return 0;
	message->fd_count = 0;
	memcpy(&message->header, data, sizeof(message->header));
	memcpy(message->body, data + sizeof(message->header), message->header.length);
	message->body[message->header.length] = '\0';
	read_exec(message);
	assert(wire_error_decode(message, &e) < 0);
	free(message);
	return 0;
}
