/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_WIRE_H
#define ISOLAB_CONTAINER_NET_WIRE_H
/*
 * net_wire: what a worker and the holder of the lab network say to each other (SOCK_SEQPACKET,
 * one message = one packet of one size, at most one descriptor with it, see unix(7)).
 *
 *	worker			holder
 *	JOIN name     ------>	gives it a number
 *		      <------	JOINED lease + descriptor of the holder's user namespace
 *	ATTACH + netns ----->	moves one end of a veth pair in there
 *		      <------	OK
 *	TAP           ------>	makes a tap on the bridge (a VM's cable)
 *		      <------	OK + descriptor of the tap
 *	LIST number   ------>
 *		      <------	MEMBER: the next one after that number, or OK when there is none
 *
 * The connection is the lease: as long as it stands, the place in the lab is kept; end-of-file on
 * either side means that the other one is gone. Whoever may open the socket may say anything, so
 * every byte is checked.
 */
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum {
	NET_WIRE_MAGIC = 0x6e626f69, /* "iobn" */
	NET_WIRE_NAME_MAX = 64,
	NET_WIRE_TEXT_MAX = 256,
	/* Numbers of sandboxes in the lab: .1 is the bridge, .2 to .4 a way out's (uplink.h). */
	NET_NUMBER_FIRST = 5,
	NET_NUMBER_LAST = 254
};

enum net_wire_type {
	/* worker → holder */
	NET_JOIN = 1,
	NET_ATTACH,
	NET_TAP,
	NET_LIST,
	/* holder → worker */
	NET_JOINED = 64,
	NET_OK,
	NET_MEMBER,
	NET_ERROR
};

/* A place in the lab. Addresses in the host's byte order. */
struct net_lease {
	uint32_t address, gateway;
	uint32_t prefix_length, mtu;
	uint32_t number;      /* last byte of the address */
	uint8_t address6[16]; /* all zero: none */
	uint8_t hardware_address[6], unused[2];
	char uplink[16]; /* what leads outside: "pasta", "slirp4netns", "" = nothing does */
};

struct net_wire {
	uint32_t magic, type;
	uint32_t number; /* LIST: after which one; ERROR: errno; MEMBER: its own */
	struct net_lease lease;
	char name[NET_WIRE_NAME_MAX];                          /* JOIN, MEMBER: the sandbox's */
	char hostname[NET_WIRE_NAME_MAX];                      /* JOIN: a second one, or "" */
	char text[NET_WIRE_TEXT_MAX], hint[NET_WIRE_TEXT_MAX]; /* ERROR */
};

/* Sends one with the descriptor `fd` (-1: none; it stays the caller's). Never waits. -errno. */
int net_wire_send(int socket, const struct net_wire *message, int fd);

/* Receives one, waiting at most `timeout_ms` (-1: for ever). *ret_fd: the descriptor that came
 * along (CLOEXEC, the caller's), or -1. 1; 0 = end-of-file; -EAGAIN, -EPROTO, -ETIMEDOUT. */
int net_wire_receive(int socket, int timeout_ms, struct net_wire *ret_message, int *ret_fd);

/* Checks a packet's bytes; the part of receiving that the fuzzer drives. */
int net_wire_check(const void *packet, size_t length, struct net_wire *ret_message);

/* Makes an ERROR of `e`, and turns a received one into `e` (returns -errno). */
void net_wire_set_error(struct net_wire *message, const struct err *e);
int net_wire_take_error(const struct net_wire *message, struct err *e);

/* "10.88.77.5"; `size` ≥ 16. Returns `buffer`. */
char *net_wire_format_address(char *buffer, size_t size, uint32_t address);

#endif
