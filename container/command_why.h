/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_COMMAND_WHY_H
#define ISOLAB_CONTAINER_COMMAND_WHY_H
/* command_why: why execve(2) failed, in words that say which file is meant. */
#include "err.h"

/* `path` is there, and execve failed with `error`. Follows interpreters and loaders to the file
 * that hinders it. Returns -errno, never -ENOENT: that is for a command that does not exist. */
int command_why_not(const char *path, int error, struct err *e);

/* There is no `name` in the directories of PATH (`directories`, parted by colons). -ENOENT. */
int command_why_missing(const char *name, const char *directories, struct err *e);

#endif
