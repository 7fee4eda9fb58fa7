/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_SUBNET_H
#define ISOLAB_CONTAINER_NET_SUBNET_H
/*
 * subnet: which 256 addresses the lab uses. It is a network of its own, so it could use any; but
 * what it uses it cannot reach outside. So one that the host knows no way to is taken.
 */
#include <stdint.h>

enum { SUBNET_PREFIX_LENGTH = 24 };

/* The first address (host's byte order) of a private /24 that overlaps no route in `routes`, the
 * text of /proc/net/route; a default route does not count. If all overlap, the first choice:
 * 10.88.77.0. */
uint32_t subnet_choose(const char *routes);

#endif
