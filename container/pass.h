/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_PASS_H
#define ISOLAB_CONTAINER_PASS_H
/*
 * pass: descriptors that the child has made go to the worker over the socket between them, all in
 * one message, each with a letter that says what it is. See unix(7), SCM_RIGHTS.
 */
#include "err.h"

enum {
	PASS_TERMINAL = 'm', /* master of the terminal */
	PASS_LISTENER = 'n', /* where the filter tells refused calls */
	PASS_INPUT = '0',    /* the other ends of the program's standard streams */
	PASS_OUTPUT = '1',
	PASS_ERRORS = '2',
	PASS_MAX = 4
};

struct pass {
	unsigned count;
	char letters[PASS_MAX];
	int fds[PASS_MAX];
};

/* Child: what is to go with the next message. `fd` is left open: exec closes it. */
void pass_add(struct pass *pass, char letter, int fd);
/* Child: sends all of it, and forgets it. Fails if nobody is there to receive it. */
int pass_send(int socket, struct pass *pass, struct err *e);

/* Worker. Waits for one message: 1 and what came, which is the caller's (-1: a letter without its
 * descriptor); 0 at the end, or when the child has died; -errno. */
int pass_receive(int socket, struct pass *ret_pass, struct err *e);

#endif
