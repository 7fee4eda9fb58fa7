/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A packet to the lab's resolver: any sandbox may send any bytes. Whatever is answered must be an
 * answer to that question, fit its buffer, and be readable to its end by a parser of its own.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned get16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

/* Skips a name of labels, or a pointer. */
static size_t skip_name(const uint8_t *answer, size_t length, size_t at)
{
	for (;;) {
		assert(at < length);
		if (answer[at] >= 0xc0)
			return at + 2;
		if (answer[at] == 0)
			return at + 1;
		assert(answer[at] <= 63);
		at += 1 + answer[at];
	}
}

static void check_answer(const uint8_t *question, const uint8_t *answer, size_t length)
{
	size_t at = DNS_HEADER_BYTES;

	assert(length >= DNS_HEADER_BYTES && length <= DNS_ANSWER_MAX);
	assert(memcmp(question, answer, 2) == 0 && answer[2] & 0x80);
	for (unsigned i = 0; i < get16(answer + 4); i++)
		at = skip_name(answer, length, at) + 4;
	for (unsigned i = 0; i < get16(answer + 6); i++) {
		at = skip_name(answer, length, at);
		assert(at + 10 <= length);
		at += 10 + get16(answer + at + 8);
	}
	assert(at == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct table empty;
	struct table *table = malloc(sizeof(*table));
	uint8_t *answer = malloc(DNS_ANSWER_MAX), *packet = malloc(size ? size : 1);
	struct dns_zone zone = {.network = 0x0a584d00,
				.network6 = {0xfd, 'i', 'o', 'b'},
				.table = table,
				.can_forward = size & 1};
	size_t length;

	if (table && answer && packet) {
		memcpy(packet, data, size);
		*table = empty;
		table_join(table, "web", "shop.example");
		table_join(table, "a..b", "");
		if (dns_handle(&zone, packet, size, answer, &length) == DNS_ANSWER)
			check_answer(packet, answer, length);
	}
	free(packet);
	free(answer);
	free(table);
	return 0;
}
