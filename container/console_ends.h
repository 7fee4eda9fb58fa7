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

/* Worker, before the clone: makes the pipes, owned by the user the program will be. Nothing for
 * a terminal. */
int console_make(struct container *c, struct err *e);
/* Worker: reads the socket until end-of-file, takes the terminal's master if the child sends
 * one. */
int console_receive_terminal(struct container *c, struct err *e);

/* Child, first thing: puts the pipes at 0–2 and the socket at CHILD_SOCKET, and closes all the
 * rest. */
int console_take_pipes(struct container *c, struct err *e);
/* Child, once /dev stands: the terminal, or /dev/null where there is no pipe. */
int console_open(struct container *c, struct err *e);

#endif
