/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_KEEPER_H
#define ISOLAB_CONTAINER_NET_KEEPER_H
/*
 * keeper: the process isolab-net, outside of the lab (see holder.h for the pair).
 */
#include "err.h"

/* What a worker hands down: the directory .lab, its lock, its listening socket. */
enum { KEEPER_FD_DIR = 3, KEEPER_FD_LOCK = 4, KEEPER_FD_LISTEN = 5 };

/* Whom root makes the holder: a user that no account has and no sandbox maps. */
enum { KEEPER_HOLDER_ID = 0x6fffffff };

/* Its whole life. Whoever waits at the socket is told of a failure; it is returned, too. */
int keeper_run(struct err *e);

#endif
