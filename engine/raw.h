/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_RAW_H
#define ISOLAB_RAW_H
/* raw: the user's terminal while its keys belong to a sandbox, and the key that gives it back
 * (Ctrl-P Ctrl-Q). */
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct raw_terminal {
	int fd; /* not owned */
	bool is_raw;
	struct termios saved;
};

/* Makes `fd` raw if it is a terminal (else nothing happens). */
void raw_enter(struct raw_terminal *terminal, int fd);
void raw_leave(struct raw_terminal *terminal);
#define auto_raw __attribute__((cleanup(raw_leave))) struct raw_terminal

struct raw_keys {
	bool has_prefix; /* Ctrl-P was typed */
};
/* Copies typed bytes without the detach key; `to` has room for length + 1. Returns how many there
 * are to pass on; *ret_detach: the key was typed, what stood behind it is dropped. */
size_t raw_filter(struct raw_keys *keys, const char *typed, size_t length, char *to,
		  bool *ret_detach);

#endif
