/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_PASS_H
#define ISOLAB_CONTAINER_PASS_H
/*
 * pass: a descriptor that the child has made goes to the worker over the socket between them,
 * with a letter that says what it is. See unix(7), SCM_RIGHTS.
 */
#include "err.h"

enum { PASS_TERMINAL = 'm', PASS_LISTENER = 'n' };

/* Child. `fd` stays the child's own. */
int pass_send(int socket, char letter, int fd, struct err *e);

/* Worker. Waits for one message: 1 and its letter and descriptor (-1: it had none), which is the
 * caller's; 0 at the end, or when the child has died; -errno. */
int pass_receive(int socket, char *ret_letter, int *ret_fd, struct err *e);

#endif
