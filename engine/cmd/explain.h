/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_ENGINE_EXPLAIN_H
#define ISOLAB_ENGINE_EXPLAIN_H
/*
 * explain: what the two halves of the command `explain` share: explain.c tells how the wall was
 * built, explain_surface.c what it leaves open.
 */
#include "cmd.h"

/* `explain NAME --surface`. Returns the exit status. */
int explain_surface(struct command_context *context, struct sandbox *s, bool is_json);

#endif
