/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_RLIMITS_H
#define ISOLAB_CONTAINER_RLIMITS_H
/*
 * rlimits: the limits that each process carries with it (setrlimit(2)), as --ulimit asks for
 * them. They are set last before exec: they shall hinder the program, not the building.
 */
#include "err.h"

struct container;

/* In the child: sets what --ulimit says. A limit above the hard one that we may not raise is
 * lowered to that, with a note. */
int rlimits_set(const struct container *c, struct err *e);

#endif
