/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_INIT_H
#define ISOLAB_CONTAINER_INIT_H
/*
 * init: --init, a small process 1 in front of the command (engine/inside/init.c). Its program
 * travels inside the worker's and becomes a sealed memfd: whatever somebody does to /proc/1/exe,
 * there is no file behind it.
 */
#include "err.h"

struct container;

/* In the child, last of all: its child becomes the command, by `run`, and it becomes init. Returns
 * in the child's child what `run` returned, which does not come back if all went well. */
int init_start(struct container *c, int (*run)(struct container *c, struct err *e), struct err *e);

#endif
