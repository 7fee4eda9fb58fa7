/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OWN_PROGRAM_H
#define ISOLAB_CONTAINER_OWN_PROGRAM_H
/*
 * own_program: the worker's own program must not run inside, by /proc/self/exe as the command or
 * as the interpreter of a script (CVE-2019-5736). Nobody could write to it, since the worker runs
 * from the same file (ETXTBSY); but where its owner has a name inside, which is so for an ordinary
 * user who has built isolab, a chmod of /proc/PID/exe would change the host's file.
 *
 * Landlock, where the kernel has it, refuses the same to the first program. This also holds for
 * what exec starts, and without Landlock. What it cannot hold: somebody inside who writes into the
 * script between the look and the execve(2).
 */
#include <stdbool.h>

struct container;

/* True if the owner of the worker's program may have a name inside; else nothing is to be held. */
bool own_program_is_exposed(const struct container *c);

/* True if running `path` would run the program that this process runs from, or if nobody can
 * say, because it cannot be read. */
bool own_program_is(const char *path);

#endif
