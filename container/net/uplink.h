/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_UPLINK_H
#define ISOLAB_CONTAINER_NET_UPLINK_H
/*
 * uplink: what leads from the lab to the outside, as an ordinary user can have it: a program that
 * turns packets into connections of its own. It is another project's, found where it is installed;
 * without it the lab is closed.
 */
#include <sys/types.h>

#define UPLINK_INTERFACE "out"

/* Numbers in the lab, as slirp4netns gives them to itself. */
enum { UPLINK_GATEWAY = 2, UPLINK_NAME_SERVER = 3 };

#endif
