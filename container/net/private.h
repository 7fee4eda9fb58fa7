/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_PRIVATE_H
#define ISOLAB_CONTAINER_NET_PRIVATE_H
/* What the files of the holder share with each other only. */
#include "holder.h"
#include "link.h"
#include "net_wire.h"
#include "resolver.h"
#include "table.h"

/* A few more than there are places: somebody must be told that the lab is full. */
enum { HOLDER_CLIENTS_MAX = TABLE_SIZE + 16 };

struct holder_client {
	int socket;
	unsigned number; /* its place in the lab, 0: none yet */
};

struct holder {
	int channel;             /* to the keeper */
	int netns_fd, userns_fd; /* our own */
	int bridge;              /* its index */
	const char *uplink;      /* the program that leads outside, "" = none */
	struct link link;
	struct table table;
	struct resolver resolver;
	struct holder_client clients[HOLDER_CLIENTS_MAX];
	size_t client_count;
};

/* Answers one message of a worker; `fd` came with it and stays the caller's. -errno: not worth
 * listening to any more. places.c */
int places_answer(struct holder *h, struct holder_client *client, const struct net_wire *message,
		  int fd);
/* Takes back the place and the cable. */
void places_leave(struct holder *h, unsigned number);

/* What the interface of number N has as its hardware address. */
void holder_hardware_address(unsigned number, uint8_t address[LINK_ADDRESS_BYTES]);

/* Gives up all rights and calls that the rest of the holder's life does not need. lock.c */
int holder_lock_down(struct err *e);

#endif
