/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TERMINAL_H
#define ISOLAB_TERMINAL_H
/*
 * terminal: a sandbox's console as a terminal of its own, drawn into a pane. libvterm reads the
 * bytes, which are hostile: whatever they say, they can only fill this grid. The only file that
 * knows libvterm.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "canvas.h"
#include "input.h"

struct terminal;

enum { TERMINAL_HISTORY_LINES = 1000, TERMINAL_REPLY_MAX = 1024 };

/* NULL without memory. */
struct terminal *terminal_create(int rows, int columns);
void terminal_destroy(struct terminal *terminal);

void terminal_feed(struct terminal *terminal, const char *bytes, size_t length);
/* A bare line feed also goes back to the first column (a console without a tty behind it). */
void terminal_set_newline_mode(struct terminal *terminal);
/* Forgets all that was printed. */
void terminal_reset(struct terminal *terminal);
/* True if the size changed. */
bool terminal_resize(struct terminal *terminal, int rows, int columns);

/* Draws it into `rect`, `back` lines up in its history. The cursor is shown when `is_focused`
 * and back == 0. */
void terminal_draw(struct terminal *terminal, struct canvas *canvas, struct rect rect, int back,
		   bool is_focused);
/* How many lines have left at the top. */
int terminal_history(const struct terminal *terminal);

/* The bytes that the program inside shall get for a key: the key's own, or for the arrows what the
 * mode it set asks for. Returns the count. */
size_t terminal_key(struct terminal *terminal, const struct input_key *key, char *buffer,
		    size_t size);
/* What the terminal answers to questions of the program inside (its position, its kind). Returns
 * the count, taken once. */
size_t terminal_take_reply(struct terminal *terminal, char *buffer, size_t size);

#endif
