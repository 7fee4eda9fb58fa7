/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_SCREEN_H
#define ISOLAB_SCREEN_H
/*
 * screen: the terminal, as ncurses has it. It takes a canvas and sends what differs from the last
 * one, in one write. The only file that knows curses. While it is open, whatever ends the program
 * gives the terminal back (restore.h).
 */
#include <stdbool.h>

#include "canvas.h"
#include "err.h"
#include "input.h"

struct screen;

struct screen_options {
	bool is_ascii; /* - | + for lines */
	bool has_colour;
};

/* Takes the terminal on stdin and stdout. -ENOTTY: there is none; -ENOTSUP: it can't place the
 * cursor, or TERM is unknown. Signals that the caller handles must have their handlers already
 * (curses takes what it finds at its default). */
int screen_open(const struct screen_options *options, struct screen **ret_screen, struct err *e);
/* Gives the terminal back as it was. */
void screen_close(struct screen *screen);

/* Gives the terminal back for a while (Ctrl-Z), and takes it again. */
void screen_suspend(struct screen *screen);
void screen_resume(struct screen *screen);

/* Asks the terminal for its size and adapts to it. */
void screen_measure(struct screen *screen, int *ret_rows, int *ret_columns);
/* Sends the difference between the canvas and what is there. */
void screen_paint(struct screen *screen, const struct canvas *canvas);
/* The next paint sends everything (Ctrl-L: something else has written on the terminal). */
void screen_invalidate(struct screen *screen);
void screen_bell(struct screen *screen);

/* What the terminal's keys send, for input_decode(). */
const struct input_sequence *screen_sequences(const struct screen *screen);

#endif
