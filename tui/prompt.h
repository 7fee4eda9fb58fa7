/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_PROMPT_H
#define ISOLAB_PROMPT_H
/*
 * prompt: the input line, by readline, with history and completion. The only file that knows
 * readline, which keeps its state in globals: there is one prompt per process.
 *
 * Two ways: on the screen it never touches the terminal: bytes are fed in, and the line is drawn on
 * a canvas. On a plain terminal readline itself writes, as in any shell.
 */
#include <stdbool.h>
#include <stddef.h>

#include "canvas.h"
#include "err.h"

struct prompt_hooks {
	/* A line was entered; NULL = end-of-file. `line` is the callee's for the call. */
	void (*on_line)(void *arg, char *line);
	/* As command_complete(): calls add for each candidate. */
	void (*on_complete)(void *arg, const char *line, size_t cursor, size_t *ret_start,
			    void (*add)(void *add_arg, const char *candidate), void *add_arg);
	/* Shows candidates (screen only). */
	void (*on_candidates)(void *arg, char *const *candidates, size_t count);
	void *arg;
};

/* Reads the user's inputrc and history (a missing or broken one is no error). Call before
 * screen_open(). */
int prompt_open(const struct prompt_hooks *hooks, bool is_on_screen, struct err *e);
void prompt_close(void);

/* Screen: bytes for the line. Terminal: something can be read from stdin. */
void prompt_feed(const char *bytes, size_t length);
void prompt_read_terminal(void);

/* Throws the line away (Ctrl-C). */
void prompt_cancel(void);
/* True when nothing is typed. */
bool prompt_is_empty(void);
void prompt_set_size(int rows, int columns);
void prompt_draw(struct canvas *canvas, struct rect rect, bool is_focused);

/* Terminal: takes the line away before output comes, and shows it again. */
void prompt_hide(void);
void prompt_show(void);

#endif
