/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_RESOLVER_H
#define ISOLAB_CONTAINER_NET_RESOLVER_H
/*
 * resolver: the socket on which the lab is asked for names, and the one by which questions about
 * other people's names leave, where there is a way out. What is said is decided by dns.h.
 */
#include <netinet/in.h>
#include <stdint.h>

#include "dns.h"
#include "err.h"

enum { RESOLVER_PENDING_MAX = 64 };

/* A question that was sent on and has no answer yet. */
struct resolver_pending {
	struct sockaddr_in client;
	uint16_t id, their_id; /* ours outside, the client's */
	uint64_t asked_ns;     /* 0 = free */
};

struct resolver {
	int fd, upstream_fd; /* -1: closed */
	uint32_t upstream;   /* whom to ask about foreign names, 0: nobody */
	struct dns_zone zone;
	struct resolver_pending pending[RESOLVER_PENDING_MAX];
};

/* Prepares one without sockets. */
void resolver_init(struct resolver *resolver);
/* Listens on zone.network + 1, port 53. */
int resolver_open(struct resolver *resolver, struct err *e);
/* From now on foreign names are asked for at `server` (host's byte order), once there is a way. */
void resolver_allow_outside(struct resolver *resolver, uint32_t server);
void resolver_close(struct resolver *resolver); /* both */

/* The sockets are readable: a bounded number of packets each. */
void resolver_on_question(struct resolver *resolver);
void resolver_on_upstream(struct resolver *resolver);

#endif
