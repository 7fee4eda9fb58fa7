/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * terminal: see terminal.h. libvterm keeps the visible grid; what leaves it at the top comes to
 * on_push_line() and is kept as plain text in a ring, without its colours: it is for reading back.
 *
 * Answers of the terminal (to ESC [ 6 n and the like) go to a small buffer and are dropped beyond
 * it: a program that asks a million times shall not make us grow.
 */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <vterm.h>

#include "str.h"

struct terminal {
	VTerm *vterm;
	VTermScreen *screen;
	char *history[TERMINAL_HISTORY_LINES]; /* ring of UTF-8 lines */
	unsigned first, count;
	bool is_cursor_visible;
	char reply[TERMINAL_REPLY_MAX];
	size_t reply_length;
};

static void add_utf8(struct strbuf *line, uint32_t c)
{
	char bytes[4];
	size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (length == 1)
		bytes[0] = (char)c;
	else
		bytes[0] = (char)((0xf00 >> length) | (c >> (6 * (length - 1))));
	for (size_t i = 1; i < length; i++)
		bytes[i] = (char)(0x80 | ((c >> (6 * (length - 1 - i))) & 0x3f));
	str_add_bytes(line, bytes, length);
}

/* libvterm marks the right half of a wide character so. */
static bool is_tail(const VTermScreenCell *cell)
{
	return cell->chars[0] == (uint32_t)-1;
}

static int on_push_line(int columns, const VTermScreenCell *cells, void *user)
{
	struct terminal *t = user;
	struct strbuf line = {0};
	unsigned at = (t->first + t->count) % TERMINAL_HISTORY_LINES;

	for (int i = 0; i < columns; i++) {
		if (is_tail(&cells[i]))
			continue;
		add_utf8(&line, cells[i].chars[0] ? cells[i].chars[0] : ' ');
	}
	while (line.length && line.data[line.length - 1] == ' ')
		line.data[--line.length] = '\0';
	if (t->count == TERMINAL_HISTORY_LINES)
		t->first = (t->first + 1) % TERMINAL_HISTORY_LINES;
	else
		t->count++;
	free(t->history[at]);
	t->history[at] = line.failed ? NULL : line.data;
	return 1;
}

static int on_property(VTermProp property, VTermValue *value, void *user)
{
	struct terminal *t = user;

	if (property == VTERM_PROP_CURSORVISIBLE)
		t->is_cursor_visible = value->boolean;
	return 1;
}

static void on_reply(const char *bytes, size_t length, void *user)
{
	struct terminal *t = user;

	if (length > sizeof(t->reply) - t->reply_length)
		return;
	memcpy(t->reply + t->reply_length, bytes, length);
	t->reply_length += length;
}

static const VTermScreenCallbacks callbacks = {
    .sb_pushline = on_push_line,
    .settermprop = on_property,
};

struct terminal *terminal_create(int rows, int columns)
{
	struct terminal *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->vterm = vterm_new(rows > 0 ? rows : 1, columns > 1 ? columns : 2);
	if (!t->vterm) {
		free(t);
		return NULL;
	}
	vterm_set_utf8(t->vterm, 1);
	vterm_output_set_callback(t->vterm, on_reply, t);
	t->screen = vterm_obtain_screen(t->vterm);
	vterm_screen_set_callbacks(t->screen, &callbacks, t);
	vterm_screen_enable_altscreen(t->screen, 1);
	vterm_screen_reset(t->screen, 1);
	t->is_cursor_visible = true;
	return t;
}

void terminal_destroy(struct terminal *terminal)
{
	if (!terminal)
		return;
	for (size_t i = 0; i < TERMINAL_HISTORY_LINES; i++)
		free(terminal->history[i]);
	vterm_free(terminal->vterm);
	free(terminal);
}

void terminal_feed(struct terminal *terminal, const char *bytes, size_t length)
{
	vterm_input_write(terminal->vterm, bytes, length);
}

void terminal_set_newline_mode(struct terminal *terminal)
{
	terminal_feed(terminal, "\033[20h", 5);
}

void terminal_reset(struct terminal *terminal)
{
	vterm_screen_reset(terminal->screen, 1);
	terminal->count = 0;
	terminal->reply_length = 0;
}

bool terminal_resize(struct terminal *terminal, int rows, int columns)
{
	int old_rows, old_columns;

	if (rows < 1 || columns < 2)
		return false;
	vterm_get_size(terminal->vterm, &old_rows, &old_columns);
	if (old_rows == rows && old_columns == columns)
		return false;
	vterm_set_size(terminal->vterm, rows, columns);
	vterm_screen_flush_damage(terminal->screen);
	return true;
}

int terminal_history(const struct terminal *terminal)
{
	return (int)terminal->count;
}

static uint16_t to_colour(const VTermScreen *screen, VTermColor colour, bool is_foreground)
{
	unsigned red, green, blue;

	if (is_foreground ? VTERM_COLOR_IS_DEFAULT_FG(&colour) : VTERM_COLOR_IS_DEFAULT_BG(&colour))
		return STYLE_DEFAULT;
	if (VTERM_COLOR_IS_INDEXED(&colour))
		return (uint16_t)(STYLE_COLOUR + colour.indexed.idx);
	vterm_screen_convert_color_to_rgb(screen, &colour);
	red = (colour.rgb.red + 25U) / 51;
	green = (colour.rgb.green + 25U) / 51;
	blue = (colour.rgb.blue + 25U) / 51;
	return (uint16_t)(STYLE_COLOUR + 16 + 36 * red + 6 * green + blue);
}

static struct style to_style(const VTermScreen *screen, const VTermScreenCell *cell)
{
	struct style style = {
	    .foreground = to_colour(screen, cell->fg, true),
	    .background = to_colour(screen, cell->bg, false),
	};

	if (cell->attrs.bold)
		style.attributes |= STYLE_BOLD;
	if (cell->attrs.underline)
		style.attributes |= STYLE_UNDERLINE;
	if (cell->attrs.italic)
		style.attributes |= STYLE_ITALIC;
	if (cell->attrs.reverse)
		style.attributes |= STYLE_REVERSE;
	return style;
}

static void draw_row(struct terminal *t, struct canvas *canvas, struct rect rect, int row,
		     int source_row)
{
	int rows, columns;

	vterm_get_size(t->vterm, &rows, &columns);
	for (int column = 0; column < columns && column < rect.columns && source_row < rows;) {
		VTermScreenCell cell;
		wchar_t text[CELL_TEXT_MAX] = {0};
		int width;

		memset(&cell, 0, sizeof(cell));
		vterm_screen_get_cell(t->screen, (VTermPos){source_row, column}, &cell);
		width = cell.width == 2 ? 2 : 1;
		for (int i = 0; i < CELL_TEXT_MAX && cell.chars[i] && !is_tail(&cell); i++)
			text[i] = (wchar_t)cell.chars[i];
		/* libvterm's table of widths and ours may differ: what ours cannot print is '?'. */
		if (text[0] && wcwidth(text[0]) != width)
			text[0] = L'?', text[1] = 0;
		for (int i = 1; i < CELL_TEXT_MAX; i++)
			if (text[i] && wcwidth(text[i]) != 0)
				text[i] = 0;
		canvas_put(canvas, rect, row, column, to_style(t->screen, &cell), text,
			   text[0] == L'?' ? 1 : width);
		column += width;
	}
}

void terminal_draw(struct terminal *terminal, struct canvas *canvas, struct rect rect, int back,
		   bool is_focused)
{
	VTermPos cursor;

	if (back > (int)terminal->count)
		back = (int)terminal->count;
	canvas_clear(canvas, rect, STYLE_PLAIN);
	for (int row = 0; row < rect.rows; row++) {
		if (row < back) {
			unsigned at = terminal->first + terminal->count - (unsigned)(back - row);
			const char *line = terminal->history[at % TERMINAL_HISTORY_LINES];

			canvas_text(canvas, rect, row, 0, STYLE_PLAIN, line ? line : "");
			continue;
		}
		draw_row(terminal, canvas, rect, row, row - back);
	}
	vterm_state_get_cursorpos(vterm_obtain_state(terminal->vterm), &cursor);
	if (is_focused && !back && terminal->is_cursor_visible)
		canvas_set_cursor(canvas, rect, cursor.row, cursor.col);
}

size_t terminal_key(struct terminal *terminal, const struct input_key *key, char *buffer,
		    size_t size)
{
	static const struct {
		enum input_code code;
		VTermKey key;
	} keys[] = {
	    {INPUT_UP, VTERM_KEY_UP},     {INPUT_DOWN, VTERM_KEY_DOWN},
	    {INPUT_LEFT, VTERM_KEY_LEFT}, {INPUT_RIGHT, VTERM_KEY_RIGHT},
	    {INPUT_HOME, VTERM_KEY_HOME}, {INPUT_END, VTERM_KEY_END},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (key->code == keys[i].code) {
			vterm_keyboard_key(terminal->vterm, keys[i].key, VTERM_MOD_NONE);
			return terminal_take_reply(terminal, buffer, size);
		}
	if (key->length > size)
		return 0;
	memcpy(buffer, key->bytes, key->length);
	return key->length;
}

size_t terminal_take_reply(struct terminal *terminal, char *buffer, size_t size)
{
	size_t length = terminal->reply_length < size ? terminal->reply_length : size;

	memcpy(buffer, terminal->reply, length);
	memmove(terminal->reply, terminal->reply + length, terminal->reply_length - length);
	terminal->reply_length -= length;
	return length;
}
