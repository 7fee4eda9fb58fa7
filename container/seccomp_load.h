/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_SECCOMP_LOAD_H
#define ISOLAB_CONTAINER_SECCOMP_LOAD_H
/*
 * seccomp_load: the list of system calls that a container may make, as a table to read
 * (seccomp_table.c), as a program for the kernel (made from it at build time by
 * seccomp_build.c), and the call that loads it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct sock_filter;

/* The filter as the kernel gets it, for the tests. */
const struct sock_filter *seccomp_program(size_t *ret_length);

/* Loads the filter for this process and all that come from it. Needs no_new_privs. */
int seccomp_load(struct err *e);

#endif
