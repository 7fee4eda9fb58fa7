/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_COMMAND_H
#define ISOLAB_CONTAINER_COMMAND_H
/*
 * command: becoming the program that was asked for, and saying in plain words why that was not
 * possible: the kernel's "no such file" may mean the program, its loader, or the interpreter
 * named in its first line.
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* Replaces this process by argv[0], looked up in PATH of `env` if it has no '/'. Comes back
 * only with an error: -ENOENT when there is no such program, else what hindered it. `is_exposed`:
 * the worker's own program is refused (own_program.h). */
int command_exec(char *const argv[], char *const env[], bool is_exposed, struct err *e);

/* One list of copies of the "K=V" words of several (each ends with NULL, or is NULL); of one
 * name the last counts. NULL: no memory. */
char **command_make_environment(const char *const *const lists[], size_t list_count);
void command_free_environment(char **env);

/* The value of `name` in an environment, or NULL. */
const char *command_getenv(char *const env[], const char *name);

#endif
