/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The user's terminal in a foreground run with -t: raw while the sandbox has one of its own, so
 * that every key goes there. The sandbox never gets the user's terminal itself (TIOCSTI could type
 * commands into it); its size is passed on.
 *
 * See termios(3) for what raw means. worker_keeper.c restores the terminal even if this process is
 * killed.
 */
#include <sys/ioctl.h>
#include <unistd.h>

#include "worker_private.h"

void worker_window_size(const struct worker *w, unsigned *ret_rows, unsigned *ret_columns)
{
	struct winsize size;

	*ret_rows = 24;
	*ret_columns = 80;
	if (!w->is_foreground || !w->spec.tty)
		return;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
			continue;
		*ret_rows = size.ws_row;
		*ret_columns = size.ws_col;
		return;
	}
}

void worker_terminal_ready(struct worker *w)
{
	struct termios raw;

	if (!w->is_foreground || w->spec.detach || !w->spec.tty || !w->is_stdin_open ||
	    tcgetattr(STDIN_FILENO, &w->saved_terminal) < 0)
		return;
	raw = w->saved_terminal;
	cfmakeraw(&raw);
	w->is_terminal_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void worker_terminal_leave(struct worker *w)
{
	if (!w->is_terminal_raw)
		return;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &w->saved_terminal);
	w->is_terminal_raw = false;
}

void worker_terminal_resized(struct worker *w)
{
	unsigned rows, columns;

	if (!w->spec.tty || !w->is_foreground || !w->wall->resize || w->has_exited)
		return;
	worker_window_size(w, &rows, &columns);
	w->wall->resize(w, rows, columns, NULL);
}
