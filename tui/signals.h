/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_SIGNALS_H
#define ISOLAB_SIGNALS_H
/*
 * signals: signals that a loop wants to hear of, as bytes on a descriptor that it can poll. A
 * handler and a pipe, not signalfd(2): that needs the signals blocked, and every program we start
 * would inherit the mask.
 */
#include "err.h"

/* Returns the descriptor to poll (owned by this module) or -errno. `list` ends with 0. */
int signals_open(const int *list, struct err *e);
/* The next signal that came, or 0. Never blocks. */
int signals_next(void);
/* Stops this program as Ctrl-Z does (SIGTSTP, which an orphan ignores); returns after `fg`. */
void signals_stop_self(void);
/* Default dispositions again; closes. */
void signals_close(void);

#endif
