/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_RESTORE_H
#define ISOLAB_RESTORE_H
/*
 * restore: the terminal is given back as it was, whatever ends us: TERM, HUP, INT, QUIT, and the
 * faults SEGV, ABRT, FPE, BUS, ILL.
 *
 * While armed, a handler writes the saved bytes and terminal settings to the terminal (write(2) and
 * tcsetattr(3) only: both are async-signal-safe, signal-safety(7)) and then dies of the same
 * signal, so that the shell above sees the truth. Leased sandboxes end by themselves: their workers
 * see our end of the lease close.
 */
#include <stddef.h>
#include <termios.h>

enum { RESTORE_BYTES_MAX = 512 };

/* Takes a copy of all. `fd` stays the caller's and must stay open until restore_disarm(). */
void restore_arm(int fd, const struct termios *settings, const char *bytes, size_t length);
/* From now on the signals act as they did by default; the terminal is not touched. */
void restore_disarm(void);

#endif
