/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * messages: see messages.h. Lines are wrapped anew whenever they are drawn or counted: a resize
 * needs no bookkeeping, and 2000 lines cost less than a millisecond.
 */
#include "messages.h"

#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "wrap.h"

/* The one control byte, beside those that switch roles, that a line keeps. */
enum { HANGING_INDENT = '\v' };

struct messages {
	struct strbuf lines[MESSAGES_KEPT]; /* ring */
	unsigned first, count;
	bool is_open;                   /* the last line goes on */
	enum out_role role;             /* of the last line's end */
	unsigned long long added, mark; /* lines ever begun; … at the mark */
	unsigned generation;
};

struct messages *messages_create(void)
{
	return calloc(1, sizeof(struct messages));
}

void messages_destroy(struct messages *messages)
{
	if (!messages)
		return;
	messages_clear(messages);
	free(messages);
}

void messages_clear(struct messages *messages)
{
	for (size_t i = 0; i < MESSAGES_KEPT; i++)
		str_finish(&messages->lines[i]);
	messages->first = messages->count = 0;
	messages->is_open = false;
	messages->mark = messages->added;
	messages->generation++;
}

unsigned messages_generation(const struct messages *messages)
{
	return messages->generation;
}

static struct strbuf *open_line(struct messages *messages)
{
	struct strbuf *line;

	if (messages->is_open)
		return &messages->lines[(messages->first + messages->count - 1) % MESSAGES_KEPT];
	if (messages->count == MESSAGES_KEPT) {
		str_finish(&messages->lines[messages->first]);
		messages->first = (messages->first + 1) % MESSAGES_KEPT;
	} else {
		messages->count++;
	}
	line = &messages->lines[(messages->first + messages->count - 1) % MESSAGES_KEPT];
	*line = (struct strbuf){.limit = MESSAGE_LINE_MAX};
	messages->is_open = true;
	messages->role = OUT_PLAIN;
	messages->added++;
	return line;
}

void messages_end_line(struct messages *messages)
{
	if (messages->is_open)
		messages->generation++;
	messages->is_open = false;
}

static void switch_role(struct messages *messages, struct strbuf *line, enum out_role role)
{
	char byte = (char)(role + 1);

	if (role == messages->role)
		return;
	str_add_bytes(line, &byte, 1);
	messages->role = role;
}

void messages_add(struct messages *messages, enum out_role role, const char *text, size_t length)
{
	size_t start = 0;

	messages->generation++;
	for (size_t i = 0; i <= length; i++) {
		bool is_control = i < length &&
				  ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) &&
				  text[i] != HANGING_INDENT;
		struct strbuf *line;

		if (i < length && !is_control)
			continue;
		if (i > start || (i < length && text[i] == '\n' && !messages->is_open)) {
			line = open_line(messages);
			switch_role(messages, line, role);
			str_add_bytes(line, text + start, i - start);
		}
		if (i < length && text[i] == '\n')
			messages->is_open = false;
		else if (i < length && text[i] != '\r')
			str_add(open_line(messages), text[i] == '\t' ? "        " : "?");
		start = i + 1;
	}
}

void messages_mark(struct messages *messages)
{
	messages->mark = messages->added;
}

static const char *line_text(const struct messages *messages, unsigned index)
{
	const struct strbuf *line = &messages->lines[(messages->first + index) % MESSAGES_KEPT];

	return line->data ? line->data : "";
}

/* Rows that follow the first begin where it has a vertical tab, else they are indented as it is. */
static int line_indent(const char *text, int columns)
{
	const char *tab = strchr(text, HANGING_INDENT);
	int indent = 0;

	while (!tab && text[indent] == ' ')
		indent++;
	for (int width = 0; tab && text < tab;) {
		wchar_t character;
		size_t length = canvas_next(text, &character, &width);

		indent = (unsigned char)*text < 0x20 ? indent : indent + width;
		text += length;
	}
	return indent < columns * 2 / 3 ? indent : 0;
}

static int line_rows(const char *text, int columns)
{
	int rows = 0, indent = line_indent(text, columns);
	size_t next;

	do {
		wrap_row(text, rows ? columns - indent : columns, &next);
		text += next;
		rows++;
	} while (*text);
	return rows;
}

static int count_rows(const struct messages *messages, int columns, unsigned from)
{
	int rows = 0;

	for (unsigned i = from; i < messages->count; i++)
		rows += line_rows(line_text(messages, i), columns);
	return rows;
}

int messages_rows(const struct messages *messages, int columns)
{
	return columns > 0 ? count_rows(messages, columns, 0) : 0;
}

int messages_rows_since_mark(const struct messages *messages, int columns)
{
	unsigned long long fresh = messages->added - messages->mark;

	if (columns <= 0)
		return 0;
	return count_rows(messages, columns,
			  fresh < messages->count ? messages->count - (unsigned)fresh : 0);
}

int messages_first_change(const struct messages *messages, const struct messages *before,
			  int columns)
{
	int rows = 0;

	for (unsigned i = 0; columns > 0 && i < messages->count && i < before->count; i++) {
		if (strcmp(line_text(messages, i), line_text(before, i)) != 0)
			break;
		rows += line_rows(line_text(messages, i), columns);
	}
	return rows;
}

struct style messages_style(enum out_role role)
{
	/* Blue, yellow, red of the terminal's own palette: the ones most people can tell apart. */
	static const struct style styles[] = {
	    [OUT_PLAIN] = {0},
	    [OUT_GOOD] = {.foreground = STYLE_COLOUR + 4, .attributes = STYLE_BOLD},
	    [OUT_WARN] = {.foreground = STYLE_COLOUR + 3, .attributes = STYLE_BOLD},
	    [OUT_BAD] = {.foreground = STYLE_COLOUR + 1, .attributes = STYLE_BOLD},
	    [OUT_DIM] = {.attributes = STYLE_DIM},
	    [OUT_TITLE] = {.attributes = STYLE_BOLD},
	};

	return styles[role];
}

static void switch_to(enum out_role *role, char byte)
{
	if (byte != HANGING_INDENT)
		*role = (enum out_role)(byte - 1);
}

/* Draws one row (text[0..length)), beginning in *role and leaving there the role it ends in. */
static void draw_row(struct canvas *canvas, struct rect rect, int row, const char *text,
		     size_t length, enum out_role *role)
{
	char piece[MESSAGE_LINE_MAX];
	int column = 0;

	for (size_t i = 0; i < length;) {
		size_t end = i;

		if ((unsigned char)text[i] < 0x20) {
			switch_to(role, text[i++]);
			continue;
		}
		while (end < length && (unsigned char)text[end] >= 0x20)
			end++;
		if (end - i >= sizeof(piece))
			end = i + sizeof(piece) - 1;
		memcpy(piece, text + i, end - i);
		piece[end - i] = '\0';
		column += canvas_text(canvas, rect, row, column, messages_style(*role), piece);
		i = end;
	}
}

static void draw_line(const char *text, struct canvas *canvas, struct rect rect, int row)
{
	enum out_role role = OUT_PLAIN;
	int indent = line_indent(text, rect.columns);
	bool is_first = true;
	size_t next;

	do {
		size_t length = wrap_row(text, rect.columns, &next);

		draw_row(canvas, rect, row++, text, length, &role);
		for (size_t i = length; i < next; i++)
			if ((unsigned char)text[i] < 0x20)
				switch_to(&role, text[i]);
		text += next;
		if (is_first) {
			rect.column += indent;
			rect.columns -= indent;
		}
		is_first = false;
	} while (*text);
}

void messages_draw(const struct messages *messages, struct canvas *canvas, struct rect rect,
		   int back)
{
	int row = rect.rows + back;

	canvas_clear(canvas, rect, STYLE_PLAIN);
	for (unsigned i = messages->count; i-- > 0 && row > 0;) {
		const char *text = line_text(messages, i);

		row -= line_rows(text, rect.columns);
		if (row < rect.rows)
			draw_line(text, canvas, rect, row);
	}
	/* Fewer lines than rows: they begin at the top. */
	if (row > 0 && back == 0) {
		canvas_clear(canvas, rect, STYLE_PLAIN);
		row = 0;
		for (unsigned i = 0; i < messages->count; i++) {
			draw_line(line_text(messages, i), canvas, rect, row);
			row += line_rows(line_text(messages, i), rect.columns);
		}
	}
}

int messages_search(const struct messages *messages, int columns, const char *text, int from,
		    bool is_towards_older)
{
	int back = 0, best = -1;

	for (unsigned i = messages->count; i-- > 0;) {
		const char *line = line_text(messages, i);
		bool is_hit = strcasestr(line, text) != NULL;

		if (is_hit && is_towards_older && back > from)
			return back;
		if (is_hit && !is_towards_older && back < from)
			best = back;
		back += line_rows(line, columns);
	}
	return best;
}
