/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_DNS_H
#define ISOLAB_CONTAINER_NET_DNS_H
/*
 * dns: the answer to one question about a name (RFC 1035, 3596). Bytes in, bytes out; the sockets
 * are in resolver.c.
 *
 *	web, web.lab		the sandbox of that name: A, AAAA
 *	gateway			the bridge
 *	5.77.88.10.in-addr.arpa	whose address that is: PTR
 *	example.org		somebody else's: forwarded, where there is a way out
 *
 * Names without a dot and all of ".lab" never leave the lab.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"

enum {
	DNS_QUESTION_MAX = 512, /* longer packets are dropped */
	DNS_ANSWER_MAX = 1024,
	DNS_HEADER_BYTES = 12
};

/* What the lab knows. */
struct dns_zone {
	uint32_t network;     /* its first address, in the host's byte order */
	uint8_t network6[16]; /* its IPv6 prefix, all zero: none */
	const struct table *table;
	bool can_forward;
};

enum dns_fate {
	DNS_DROP,    /* no question: no answer either, so that nobody is hit by our echo */
	DNS_ANSWER,  /* send what was written */
	DNS_FORWARD, /* a good question about a name that is not ours */
};

/* Decides about one packet; with DNS_ANSWER the answer is in `answer` (DNS_ANSWER_MAX bytes). */
enum dns_fate dns_handle(const struct dns_zone *zone, const uint8_t *packet, size_t length,
			 uint8_t *answer, size_t *ret_length);

#endif
