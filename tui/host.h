/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_HOST_H
#define ISOLAB_HOST_H
/*
 * host: what the front's own commands (quit, view, focus …) can ask of the front they were typed
 * in: the screen or the plain shell. A command is handed only an `out`; the front's out is the
 * first member of its host, so the command finds it there. An entry that is NULL is answered with
 * "only on the screen".
 */
#include "command.h"
#include "language.h"

struct host {
	struct out out; /* first */
	void (*quit)(struct host *host);
	void (*clear)(struct host *host);
	/* Returns 0, or -errno with e. */
	int (*show)(struct host *host, const char *pane, struct err *e);
	int (*focus)(struct host *host, const char *sandbox, struct err *e);
	void (*language_changed)(struct host *host);
};

extern const struct command *const tui_commands[]; /* ends with NULL */

/* All commands of a prompt: the front's, the lessons', the engine's. */
extern const struct command_table tui_command_table;

#endif
