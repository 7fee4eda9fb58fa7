/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_OUT_H
#define ISOLAB_OUT_H
/*
 * out: where a command's text goes. Libraries never print: they are handed one of these. The
 * command line's writes to stdout and stderr, the screen's into its message area, a test's into a
 * buffer.
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"

enum out_role {
	OUT_PLAIN,
	OUT_GOOD,
	OUT_WARN,
	OUT_BAD,
	OUT_DIM,
	OUT_TITLE
}; /* never the only carrier of a meaning */

struct out {
	void (*write)(struct out *out, bool is_error, enum out_role role, const char *text,
		      size_t length);
	unsigned columns; /* width to fit tables into; 0 = do not care */
	bool is_terminal; /* a person looks at it now: progress lines make sense */
	void *arg;
};

/* Formats and writes, plainly or with a role. What the locale cannot show becomes ASCII. */
void out_printf(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_role_printf(struct out *out, enum out_role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The error as DESIGN wants it: "isolab: WHAT" on the error side, then "hint: …". */
void out_error(struct out *out, const struct err *error);
/* Pads UTF-8 text to `columns` by wcwidth (negative: to the right). */
void out_cell(struct out *out, enum out_role role, int columns, const char *text);

/* Writes words, blanks and newlines turned into line ends where the terminal (80 columns if nobody
 * cares) is full, and one at the end. `used` columns of the line are taken already; further lines
 * begin behind `indent` blanks. A line of the text that begins
 * with blanks stays a line of its own. */
void out_wrap(struct out *out, unsigned used, unsigned indent, const char *text);

/* How many columns UTF-8 text takes on a terminal of this locale. */
int out_columns_of(const char *text);

/* stdout/stderr; colours only on a terminal without NO_COLOR. */
void out_init_stdio(struct out *out);
/* Both sides into `buffer`, 80 columns. */
void out_init_buffer(struct out *out, struct strbuf *buffer);

#endif
