/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Raw mode (termios(3)): no echo, no lines, no signals from keys. The prefix Ctrl-P is held back
 * until the next key shows whether it was meant for us; then it goes on with that key.
 */
#include "raw.h"

#include <unistd.h>

enum { KEY_PREFIX = 'P' & 0x1f, KEY_DETACH = 'Q' & 0x1f };

void raw_enter(struct raw_terminal *terminal, int fd)
{
	struct termios raw;

	terminal->fd = fd;
	terminal->is_raw = false;
	if (tcgetattr(fd, &terminal->saved) < 0)
		return;
	raw = terminal->saved;
	cfmakeraw(&raw);
	terminal->is_raw = tcsetattr(fd, TCSADRAIN, &raw) == 0;
}

void raw_leave(struct raw_terminal *terminal)
{
	if (terminal->is_raw)
		tcsetattr(terminal->fd, TCSADRAIN, &terminal->saved);
	terminal->is_raw = false;
}

size_t raw_filter(struct raw_keys *keys, const char *typed, size_t length, char *to,
		  bool *ret_detach)
{
	size_t count = 0;

	*ret_detach = false;
	for (size_t at = 0; at < length; at++) {
		if (keys->has_prefix && typed[at] == KEY_DETACH) {
			keys->has_prefix = false;
			*ret_detach = true;
			return count;
		}
		if (keys->has_prefix)
			to[count++] = KEY_PREFIX;
		keys->has_prefix = typed[at] == KEY_PREFIX;
		if (!keys->has_prefix)
			to[count++] = typed[at];
	}
	return count;
}
