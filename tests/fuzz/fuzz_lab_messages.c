/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A message to the lab's holder, the maps that a sandbox's users are found in, and the host's
 * routes. What passes the check of a message has texts that end.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "net_wire.h"
#include "subnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_message(const uint8_t *data, size_t size)
{
	struct net_wire message;
	struct err e = {0};

	if (net_wire_check(data, size, &message) < 0)
		return;
	assert(strlen(message.name) < sizeof(message.name));
	assert(strlen(message.hostname) < sizeof(message.hostname));
	assert(strlen(message.lease.uplink) < sizeof(message.lease.uplink));
	assert(net_wire_take_error(&message, &e) < 0 && e.what[0]);
	net_wire_set_error(&message, &e);
	assert(message.number == (uint32_t)e.code);
}

static void read_texts(const char *text)
{
	static const struct idmap map = {.first_uid = 1000,
					 .first_gid = 1000,
					 .count = 1,
					 .range_uid = 100000,
					 .range_gid = 100000,
					 .range_count = 65535};
	struct idmap translated;
	uint32_t subnet = subnet_choose(text);

	assert((subnet & 0xff) == 0 && subnet);
	if (lab_translate(&map, text, text, &translated) == 0)
		assert(translated.count == 1 && translated.range_count == 65535);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	read_message(data, size);
	read_texts(text);
	free(text);
	return 0;
}
