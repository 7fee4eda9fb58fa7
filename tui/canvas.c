/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * canvas: the grid that panes draw on, see canvas.h.
 *
 * Two rules make it safe to draw anything. One: every write goes through canvas_put() or
 * canvas_line(), which clip. Two: a wide character owns two cells, itself and a CELL_TAIL; whoever
 * overwrites one of the two blanks the other, so that no half character is left on the screen.
 * UTF-8 is decoded here by hand and not by mbrtowc(3), because the canvas must work whatever the
 * locale is.
 */
#include "canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

static const wchar_t replacement = L'?';

int canvas_resize(struct canvas *canvas, int rows, int columns)
{
	struct cell *cells = calloc((size_t)rows * (size_t)columns + 1, sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	free(canvas->cells);
	canvas->cells = cells;
	canvas->rows = rows;
	canvas->columns = columns;
	canvas->has_cursor = false;
	return 0;
}

void canvas_finish(struct canvas *canvas)
{
	free(canvas->cells);
	*canvas = (struct canvas){0};
}

struct cell *canvas_cell(const struct canvas *canvas, int row, int column)
{
	if (row < 0 || column < 0 || row >= canvas->rows || column >= canvas->columns)
		return NULL;
	return &canvas->cells[(size_t)row * (size_t)canvas->columns + (size_t)column];
}

/* Blanks the other half of a wide character of which this cell is about to be overwritten. */
static void break_wide(struct canvas *canvas, int row, int column)
{
	struct cell *cell = canvas_cell(canvas, row, column);
	struct cell *next = canvas_cell(canvas, row, column + 1);
	struct cell *previous = canvas_cell(canvas, row, column - 1);

	if (cell->kind == CELL_TAIL && previous && previous->kind == CELL_TEXT)
		previous->text[0] = 0;
	if (cell->kind == CELL_TEXT && next && next->kind == CELL_TAIL) {
		next->kind = CELL_TEXT;
		next->text[0] = 0;
	}
}

static bool is_inside(struct rect rect, int row, int column, int width)
{
	return row >= 0 && row < rect.rows && column >= 0 && column + width <= rect.columns;
}

static struct cell *claim(struct canvas *canvas, struct rect rect, int row, int column,
			  struct style style)
{
	struct cell *cell = canvas_cell(canvas, rect.row + row, rect.column + column);

	if (!cell)
		return NULL;
	break_wide(canvas, rect.row + row, rect.column + column);
	*cell = (struct cell){.style = style, .kind = CELL_TEXT};
	return cell;
}

/* What a reader takes for the same. */
static wchar_t to_ascii(wchar_t c)
{
	static const wchar_t like[] = L"….–-—-×xµu‘'’'“\"”\"·.≤<≥>→>";

	for (const wchar_t *at = like; *at; at += 2)
		if (*at == c)
			return at[1];
	return replacement;
}

void canvas_put(struct canvas *canvas, struct rect rect, int row, int column, struct style style,
		const wchar_t *text, int width)
{
	struct cell *cell;

	if (!is_inside(rect, row, column, width))
		return;
	if (width == 2 && !canvas_cell(canvas, rect.row + row, rect.column + column + 1))
		return;
	cell = claim(canvas, rect, row, column, style);
	if (!cell)
		return;
	for (int i = 0; i < CELL_TEXT_MAX && text[i]; i++)
		cell->text[i] = text[i];
	if (canvas->is_ascii && text[0] > 126) {
		cell->text[0] = to_ascii(text[0]);
		cell->text[1] = 0;
	}
	if (width == 2) {
		struct cell *tail = claim(canvas, rect, row, column + 1, style);

		if (canvas->is_ascii)
			tail->text[0] = replacement;
		else
			tail->kind = CELL_TAIL;
	}
}

void canvas_clear(struct canvas *canvas, struct rect rect, struct style style)
{
	for (int row = 0; row < rect.rows; row++)
		for (int column = 0; column < rect.columns; column++)
			claim(canvas, rect, row, column, style);
}

void canvas_line(struct canvas *canvas, struct rect rect, int row, int column, struct style style,
		 enum canvas_line line, int count)
{
	for (int i = 0; i < count; i++) {
		int down = line == LINE_VERTICAL ? i : 0, right = line == LINE_VERTICAL ? 0 : i;
		struct cell *cell;

		if (!is_inside(rect, row + down, column + right, 1))
			return;
		cell = claim(canvas, rect, row + down, column + right, style);
		if (!cell)
			return;
		cell->kind = CELL_LINE;
		cell->text[0] = (wchar_t)line;
	}
}

/* Decodes one UTF-8 character; 1 byte is eaten and false returned when it is none (overlong,
 * surrogate, too big). */
static bool decode(const unsigned char *s, size_t *ret_length, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = length < 2 ? s[0] : s[0] & (0xffU >> (length + 1));

	*ret_length = 1;
	if (!length || s[0] > 0xf4)
		return false;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	*ret_length = length;
	*ret = c;
	return true;
}

/* Characters that turn the direction of text: in a terminal they can only deceive. */
static bool is_direction(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

size_t canvas_next(const char *text, wchar_t *ret_character, int *ret_width)
{
	size_t length = 0;
	uint32_t c = 0;
	int width;

	if (!*text)
		return 0;
	*ret_character = replacement;
	*ret_width = 1;
	if (!decode((const unsigned char *)text, &length, &c))
		return length;
	width = wcwidth((wchar_t)c);
	if (c == '\t' || c == '\n')
		*ret_character = L' ';
	else if (width >= 0 && !is_direction(c)) {
		*ret_character = (wchar_t)c;
		*ret_width = width;
	}
	return length;
}

/* Adds a mark of width 0 to the character drawn before it. */
static void combine(struct canvas *canvas, struct rect rect, int row, int column, wchar_t mark)
{
	struct cell *cell = canvas_cell(canvas, rect.row + row, rect.column + column - 1);

	if (column < 1 || !is_inside(rect, row, column - 1, 1) || !cell || canvas->is_ascii)
		return;
	if (cell->kind == CELL_TAIL && column > 1)
		cell--;
	if (cell->kind != CELL_TEXT || !cell->text[0])
		return;
	for (int i = 1; i < CELL_TEXT_MAX; i++)
		if (!cell->text[i]) {
			cell->text[i] = mark;
			return;
		}
}

int canvas_text(struct canvas *canvas, struct rect rect, int row, int column, struct style style,
		const char *text)
{
	int start = column, width = 0;
	wchar_t character = 0;
	size_t length;

	for (; (length = canvas_next(text, &character, &width)) && *text != '\n'; text += length) {
		if (width == 0) {
			combine(canvas, rect, row, column, character);
			continue;
		}
		if (column + width > rect.columns)
			break;
		canvas_put(canvas, rect, row, column, style, (wchar_t[]){character, 0, 0}, width);
		column += width;
	}
	return column - start;
}

int canvas_text_right(struct canvas *canvas, struct rect rect, int row, int column_end,
		      struct style style, const char *text)
{
	int width = canvas_text_width(text), step = 0;
	wchar_t character;

	while (width > column_end && *text) {
		text += canvas_next(text, &character, &step);
		width -= step;
	}
	return canvas_text(canvas, rect, row, column_end - width, style, text);
}

int canvas_textf(struct canvas *canvas, struct rect rect, int row, int column, struct style style,
		 const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return canvas_text(canvas, rect, row, column, style, text);
}

void canvas_set_cursor(struct canvas *canvas, struct rect rect, int row, int column)
{
	if (!is_inside(rect, row, column, 1))
		return;
	canvas->cursor_row = rect.row + row;
	canvas->cursor_column = rect.column + column;
	canvas->has_cursor = true;
}

int canvas_text_width(const char *text)
{
	int columns = 0;

	canvas_fit(text, 1 << 20, &columns);
	return columns;
}

size_t canvas_fit(const char *text, int columns, int *ret_columns)
{
	int total = 0, width = 0;
	wchar_t character;
	size_t length, at = 0;

	while ((length = canvas_next(text + at, &character, &width)) && text[at] != '\n' &&
	       total + width <= columns) {
		total += width;
		at += length;
	}
	if (ret_columns)
		*ret_columns = total;
	return at;
}

static void dump_character(struct strbuf *text, uint32_t c)
{
	char bytes[4];
	size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	bytes[0] = (char)(length == 1 ? c : (0xf00 >> length) | (c >> (6 * (length - 1))));
	for (size_t i = 1; i < length; i++)
		bytes[i] = (char)(0x80 | ((c >> (6 * (length - 1 - i))) & 0x3f));
	str_add_bytes(text, bytes, length);
}

static void dump_row(const struct canvas *canvas, int row, struct strbuf *text)
{
	static const char lines[] = {' ', '-', '|', '+', '+', '+'};
	size_t end = text->length;

	for (int column = 0; column < canvas->columns; column++) {
		const struct cell *cell = canvas_cell(canvas, row, column);

		if (cell->kind == CELL_TAIL)
			continue;
		if (cell->kind == CELL_LINE)
			dump_character(text, (uint32_t)lines[cell->text[0]]);
		else if (!cell->text[0])
			dump_character(text, ' ');
		for (int i = 0; cell->kind == CELL_TEXT && i < CELL_TEXT_MAX && cell->text[i]; i++)
			dump_character(text, (uint32_t)cell->text[i]);
		if (cell->kind == CELL_LINE || (cell->text[0] && cell->text[0] != L' '))
			end = text->length;
	}
	if (text->data) {
		text->length = end;
		text->data[end] = '\0';
	}
}

char *canvas_dump(const struct canvas *canvas)
{
	struct strbuf text = {0};

	for (int row = 0; row < canvas->rows; row++) {
		dump_row(canvas, row, &text);
		str_add(&text, "\n");
	}
	if (text.failed)
		str_finish(&text);
	return text.data;
}

bool cell_is_equal(const struct cell *a, const struct cell *b)
{
	return a->kind == b->kind && a->style.attributes == b->style.attributes &&
	       a->style.foreground == b->style.foreground &&
	       a->style.background == b->style.background && a->text[0] == b->text[0] &&
	       a->text[1] == b->text[1] && a->text[2] == b->text[2];
}
