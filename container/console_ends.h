/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_CONSOLE_ENDS_H
#define ISOLAB_CONTAINER_CONSOLE_ENDS_H
/*
 * console_ends: the two ends of a container's console. Either a terminal, made by the child in
 * its own devpts (so that no terminal of the user's is ever inside: TIOCSTI, CVE-2017-5226), or
 * pipes, which keep stdout and stderr apart.
 */
#include "container.h"

enum { CHILD_SOCKET = 3 }; /* where the child keeps its end of the socket, beside 0, 1, 2 */

/* Worker: reads the socket until end-of-file, takes what the child hands over. */
int console_receive(struct container *c, struct err *e);

/* Child, first thing: keeps the socket at CHILD_SOCKET and closes all above. */
int console_sweep(struct container *c, struct err *e);
/* Child, once /dev stands and it is root inside: the terminal, or pipes and /dev/null. */
int console_open(struct container *c, struct err *e);
/* Child, last thing: the worker gets its ends, and the filter's listener. Fails if it has died. */
int console_hand_over(struct container *c, struct err *e);

#endif
