/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_LINK_H
#define ISOLAB_CONTAINER_NET_LINK_H
/*
 * link: what the kernel's rtnetlink is asked for (rtnetlink(7)): interfaces, addresses, routes. One
 * struct is one socket, and the socket belongs to the network namespace in which it was opened, so
 * that somebody who stands elsewhere can work there.
 */
#include <stdint.h>

#include "err.h"

struct mnl_socket;

struct link {
	struct mnl_socket *socket;
	uint32_t sequence;
};

enum { LINK_ADDRESS_BYTES = 6, LINK_NAME_MAX = 16 };

/* One end of a cable to be. */
struct link_end {
	const char *name;
	const uint8_t *hardware_address; /* LINK_ADDRESS_BYTES, NULL: the kernel's choice */
};

/* Opens a socket in the network namespace where the caller stands. */
int link_open(struct link *link, struct err *e);
/* Opens one in another (`netns_fd`) and comes back to `own_netns_fd`. Needs CAP_SYS_ADMIN over
 * both. */
int link_open_in(struct link *link, int netns_fd, int own_netns_fd, struct err *e);
void link_close(struct link *link); /* harmless when it is not open */

/* A bridge without spanning tree, up. A fixed hardware address: else it would change with the first
 * cable, and everybody's neighbour tables be wrong. */
int link_make_bridge(struct link *link, const struct link_end *bridge, struct err *e);
/* A cable: `own` here, up, plugged into the interface `master`; `other` in the namespace
 * `netns_fd`, still down. */
int link_make_cable(struct link *link, const struct link_end *own, int master, uint32_t mtu,
		    const struct link_end *other, int netns_fd, struct err *e);
/* Plugs an interface into `master` (an index, 0: none) and brings it up. */
int link_plug(struct link *link, const char *name, int master, struct err *e);
int link_set_up(struct link *link, const char *name, struct err *e);
int link_delete(struct link *link, const char *name, struct err *e); /* with its other end */
/* The index of an interface in the socket's namespace, or -errno. */
int link_find(struct link *link, const char *name, struct err *e);

/* `family` AF_INET: 4 bytes, in the network's order; AF_INET6: 16. */
int link_add_address(struct link *link, int index, int family, const void *address,
		     unsigned prefix_length, struct err *e);
/* Everything that is not nearer goes there. */
int link_add_default_route(struct link *link, int index, uint32_t gateway, struct err *e);

#endif
