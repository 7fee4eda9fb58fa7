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
#include "seccomp_emit.h"

/* The calls of this processor, by number. */
const struct seccomp_call *seccomp_calls(size_t *ret_count);

/* The filter as the kernel gets it: one of the two made when isolab was built, or, if the choice
 * has capabilities that open something, one written into *buffer. */
const struct sock_filter *seccomp_program(const struct seccomp_choice *choice,
					  struct seccomp_code *buffer, size_t *ret_length);

/* Loads the filter for this process and all that come from it. Needs no_new_privs, or
 * CAP_SYS_ADMIN in the own user namespace. *ret_listener is where refused calls are told if the
 * choice counts them, else, or if the kernel cannot (before Linux 5.0), -1: then it refuses by
 * itself. The caller closes it. seccomp(2). */
int seccomp_load(const struct seccomp_choice *choice, int *ret_listener, struct err *e);

#endif
