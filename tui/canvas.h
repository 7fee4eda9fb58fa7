/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CANVAS_H
#define ISOLAB_CANVAS_H
/*
 * canvas: a grid of cells that panes draw on. It knows nothing of a terminal: the screen (screen.h)
 * compares it with what it painted last and sends the difference; a test dumps it as text.
 *
 * Everything drawn is clipped to a rectangle, by columns (wcwidth), never by bytes: a wide
 * character that does not fit whole is not drawn. All text is foreign: what is not printable
 * becomes '?', so nothing drawn can carry an escape sequence.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

enum { CELL_TEXT_MAX = 3 }; /* a character and up to two marks that combine with it */

enum style_attribute {
	STYLE_BOLD = 1,
	STYLE_DIM = 2,
	STYLE_REVERSE = 4,
	STYLE_UNDERLINE = 8,
	STYLE_ITALIC = 16,
};

/* Colours: STYLE_DEFAULT, or a number of the terminal's palette of 256. Zero-initialised = the
 * terminal's own colours. */
enum { STYLE_DEFAULT = 0, STYLE_COLOUR = 1 /* add the palette's number */ };
struct style {
	uint16_t attributes;
	uint16_t foreground, background;
};
#define STYLE_PLAIN ((struct style){0})

/* Cells of a frame. Drawn with the terminal's line characters or with - | +. */
enum canvas_line { LINE_HORIZONTAL = 1, LINE_VERTICAL, LINE_TEE_DOWN, LINE_TEE_UP, LINE_CROSS };

enum cell_kind { CELL_TEXT, CELL_LINE, CELL_TAIL /* right half of a wide character */ };

struct cell {
	wchar_t text[CELL_TEXT_MAX]; /* text[0] == 0: a blank; CELL_LINE: an enum canvas_line */
	struct style style;
	uint16_t kind;
};

struct rect {
	int row, column, rows, columns;
};

struct canvas {
	int rows, columns;
	struct cell *cells;
	int cursor_row, cursor_column;
	bool has_cursor;
	bool is_ascii; /* what is not ASCII is drawn as '?' */
};

/* Makes it blank in the new size. 0 or -ENOMEM (the old one is kept then). */
int canvas_resize(struct canvas *canvas, int rows, int columns);
void canvas_finish(struct canvas *canvas);

/* The cell, or NULL outside. */
struct cell *canvas_cell(const struct canvas *canvas, int row, int column);
void canvas_clear(struct canvas *canvas, struct rect rect, struct style style);

/*
 * Draws `text` (UTF-8) from (row, column) of `rect` on, to its right edge at most. Returns how many
 * columns it took. A tab is a blank; a new line ends it.
 */
int canvas_text(struct canvas *canvas, struct rect rect, int row, int column, struct style style,
		const char *text);
/* The same, right-aligned so that it ends before `column_end`; cut from the left if it does not
 * fit. */
int canvas_text_right(struct canvas *canvas, struct rect rect, int row, int column_end,
		      struct style style, const char *text);
int canvas_textf(struct canvas *canvas, struct rect rect, int row, int column, struct style style,
		 const char *format, ...) __attribute__((format(printf, 6, 7)));
/* One character (with its marks) as a terminal has it; `width` 1 or 2. */
void canvas_put(struct canvas *canvas, struct rect rect, int row, int column, struct style style,
		const wchar_t *text, int width);
void canvas_line(struct canvas *canvas, struct rect rect, int row, int column, struct style style,
		 enum canvas_line line, int count);
/* Shows the cursor at (row, column) of `rect`, if that is inside. */
void canvas_set_cursor(struct canvas *canvas, struct rect rect, int row, int column);

/* How many columns `text` takes when drawn. */
int canvas_text_width(const char *text);
/* The next character of UTF-8 `text`: its length in bytes (≥ 1 unless at the end: 0), its
 * drawable form and width. */
size_t canvas_next(const char *text, wchar_t *ret_character, int *ret_width);
/* Finds the byte where `text` has to be cut so that it takes at most `columns`; *ret_columns =
 * what it takes. */
size_t canvas_fit(const char *text, int columns, int *ret_columns);

/* The canvas as UTF-8 text, a line per row, trailing blanks dropped. The caller frees it; NULL
 * without memory. */
char *canvas_dump(const struct canvas *canvas);

/* Looks the same. */
bool cell_is_equal(const struct cell *a, const struct cell *b);

#endif
