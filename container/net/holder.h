/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_HOLDER_H
#define ISOLAB_CONTAINER_NET_HOLDER_H
/*
 * holder: the inner one of isolab-net's two processes. It owns the lab: a user namespace with all
 * ids its user may give away, a network namespace with the bridge, and the table of who is in.
 *
 *	keeper (outside)			holder (inside both namespaces)
 *	lock, socket, runtime directory
 *	accepts, checks who it is  ---------->	talks to the workers: join, attach, tap, list
 *	starts what leads outside  <----------	"the bridge stands, let it lead outside"
 *	waits for its end, cleans up		ends when nobody is left
 *
 * The holder parses what strangers send (names, messages), so it has no rights on the host, no file
 * in sight, and few capabilities even inside. The keeper has the user's rights and parses nothing.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

enum { HOLDER_MTU = 1500 };

/* What keeper and holder share: a page, and a socket on which connections are handed over. */
struct holder_shared {
	struct err error; /* why the holder could not set itself up */
};

struct holder_setup {
	struct holder_shared *shared;
	int channel;        /* SEQPACKET: from the keeper one byte and a connection each */
	uint32_t network;   /* first address of the lab, host's byte order */
	const char *uplink; /* what will lead outside, "" = nothing */
};

/* Words on the channel, one byte each; with CONNECTION a descriptor. */
enum holder_word {
	HOLDER_GO = 'g',         /* keeper: the maps are written */
	HOLDER_CONNECTION = 'c', /* keeper */
	HOLDER_UPLINK = 'u',     /* holder: start what leads outside */
};

/* The whole life of the holder, in a new process in new namespaces. */
void holder_run(const struct holder_setup *setup) __attribute__((noreturn));

/* Sends or receives one word. receive: 1, 0 at end-of-file, -errno. *ret_fd: -1 if none came. */
int holder_send_word(int channel, enum holder_word word, int fd);
int holder_receive_word(int channel, enum holder_word *ret_word, int *ret_fd);

#endif
