/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_MESSAGES_H
#define ISOLAB_MESSAGES_H
/*
 * messages: the text of the message area: what commands printed, lines kept in a ring, wrapped when
 * drawn.
 *
 * A line is UTF-8 text in which a byte 1 … 6 switches to that enum out_role + 1. Text that comes in
 * has no control characters left: they are replaced when added, so a program's output cannot forge
 * a role.
 */
#include <stdbool.h>
#include <stddef.h>

#include "canvas.h"
#include "out.h"

enum { MESSAGES_KEPT = 2000, MESSAGE_LINE_MAX = 4096 };

struct messages;

struct messages *messages_create(void); /* NULL without memory */
void messages_destroy(struct messages *messages);

/* Adds text, which may be part of a line or many lines. Where a line has a \v, the rows after its
 * first begin. */
void messages_add(struct messages *messages, enum out_role role, const char *text, size_t length);
/* Ends a begun line. */
void messages_end_line(struct messages *messages);
void messages_clear(struct messages *messages);
/* Goes up with every change. */
unsigned messages_generation(const struct messages *messages);

/* Remembers the end as the place where a command's output begins; how many rows came since then,
 * at this width. */
void messages_mark(struct messages *messages);
int messages_rows_since_mark(const struct messages *messages, int columns);
/* All rows at this width. */
int messages_rows(const struct messages *messages, int columns);
/* The first row, counted from the top, of the first line in which a text differs from `before`. */
int messages_first_change(const struct messages *messages, const struct messages *before,
			  int columns);

/* Draws the rows so that the last one shown is `back` rows above the end. */
void messages_draw(const struct messages *messages, struct canvas *canvas, struct rect rect,
		   int back);
/* How far back a row is that holds `text`, searching from `from` on towards older ones (or newer
 * ones): -1 = none. */
int messages_search(const struct messages *messages, int columns, const char *text, int from,
		    bool is_towards_older);

/* The style that a role has on the screen. */
struct style messages_style(enum out_role role);

#endif
