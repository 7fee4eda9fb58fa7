/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_WORKDIR_H
#define ISOLAB_CONTAINER_WORKDIR_H
/* workdir: the directory in which a program starts. */
#include "err.h"

struct container;

/* In the child, as root inside: makes the directory of --workdir where it is missing and the root
 * can be written. Whether it is there in the end, workdir_enter() says. */
int workdir_make(struct container *c, struct err *e);

/* Enters `directory` (NULL: "/", or for a plain process where it was started), as the user that
 * the program will be. A directory outside the root is refused, however it was reached. */
int workdir_enter(const struct container *c, const char *directory, struct err *e);

#endif
