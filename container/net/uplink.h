/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_UPLINK_H
#define ISOLAB_CONTAINER_NET_UPLINK_H
/*
 * uplink: what leads from the lab to the outside, as an ordinary user can have it: a program that
 * makes an interface in the lab and turns the packets that leave by it into connections of its own.
 * It is another project's (pasta, slirp4netns), found where it is installed; without one the lab is
 * closed. The keeper runs it, since its rights are the user's, and its place is the host's network.
 *
 * What is closed in any case: the host's own localhost, and ways from outside into the lab.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

#define UPLINK_INTERFACE "out"

/* Where the program answers questions about names: an address that nobody else has (RFC 3927). */
#define UPLINK_NAME_SERVER 0xa9fe3503u /* 169.254.53.3 */

/* The name of the first of the programs that is installed, "" if there is none. */
const char *uplink_find(void);

/* True if one is installed, but /dev/net/tun is closed to this user, so that none can work. */
bool uplink_is_barred(void);

/* A running one. */
struct uplink {
	pid_t pid;
	int pidfd;    /* -1: none runs */
	int lifeline; /* closed when the keeper is gone, by whatever end: then the program ends */
};

/* Starts the program `name` for the network of process `holder`, as user `owner`, to whom that
 * belongs. */
int uplink_start(struct uplink *uplink, const char *name, pid_t holder, uid_t owner, struct err *e);
/* Ends and reaps it. Harmless when none runs. */
void uplink_stop(struct uplink *uplink);

/* The holder's side: packets are passed on between bridge and interface, under its address. */
int uplink_allow(struct err *e);

#endif
