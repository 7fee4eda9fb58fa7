/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rows and columns of text: first all cells are collected, then widths are found, then lines are
 * written. A cell that is wider than its column is cut at blanks, a word that is wider at the
 * column's edge; the pieces stand below each other.
 */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"

enum { GAP = 2, WIDTH_MIN = 5 };

static void add_owned(struct table *table, enum out_role role, char *text)
{
	if (table->count == table->capacity) {
		size_t capacity = table->capacity ? 2 * table->capacity : 64;
		struct table_cell *cells = realloc(table->cells, capacity * sizeof(*cells));

		if (cells) {
			table->cells = cells;
			table->capacity = capacity;
		}
	}
	if (!text || table->count == table->capacity) {
		free(text);
		table->failed = true;
		return;
	}
	table->cells[table->count++] = (struct table_cell){.text = text, .role = role};
}

void table_add(struct table *table, enum out_role role, const char *text)
{
	add_owned(table, role, strdup(text));
}

void table_addf(struct table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	add_owned(table, OUT_PLAIN, text);
}

void table_init(struct table *table, const char *heading)
{
	*table = (struct table){0};
	for (const char *at = heading; at; at = *at ? at + 1 : NULL) {
		size_t length = strcspn(at, "|");

		if (table->columns == TABLE_COLUMNS_MAX)
			break;
		if (*at == '>') {
			table->right |= 1U << table->columns;
			at++, length--;
		}
		table->columns++;
		add_owned(table, OUT_TITLE, strndup(at, length));
		at += length;
		if (!*at)
			break;
	}
}

void table_finish(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){0};
}

/* Columns of the longest word of `text`. */
static int widest_word(const char *text)
{
	int widest = 0;

	while (*text) {
		size_t length = strcspn(text, " ");
		auto_free char *word = strndup(text, length);
		int width = word ? out_columns_of(word) : 0;

		widest = width > widest ? width : widest;
		text += length + strspn(text + length, " ");
	}
	return widest;
}

/* Takes one column away from the widest that is still wider than its minimum. False: there is
 * none. */
static bool shrink_widest(const struct table *table, int *widths, const int *minima)
{
	int widest = -1;

	for (unsigned c = 0; c < table->columns; c++)
		if (widths[c] > minima[c] && (widest < 0 || widths[c] > widths[widest]))
			widest = (int)c;
	if (widest < 0)
		return false;
	widths[widest]--;
	return true;
}

/* Natural widths; if they do not fit, first columns whose cells can be cut at blanks get
 * narrower, then any. */
static void find_widths(const struct table *table, unsigned available, int *widths)
{
	int words[TABLE_COLUMNS_MAX], minima[TABLE_COLUMNS_MAX];
	int sum = (int)(table->columns - 1) * GAP;

	for (unsigned c = 0; c < table->columns; c++) {
		widths[c] = words[c] = 0;
		for (size_t i = c; i < table->count; i += table->columns) {
			int width = out_columns_of(table->cells[i].text);
			int word = widest_word(table->cells[i].text);

			widths[c] = width > widths[c] ? width : widths[c];
			words[c] = word > words[c] ? word : words[c];
		}
		minima[c] = WIDTH_MIN;
		sum += widths[c];
	}
	while (available && sum > (int)available && shrink_widest(table, widths, words))
		sum--;
	while (available && sum > (int)available && shrink_widest(table, widths, minima))
		sum--;
}

/* The bytes of `text` that fit into `width` columns, at best up to a blank. *ret_next = where
 * the next piece begins. */
static size_t piece_length(const char *text, int width, size_t *ret_next)
{
	size_t length = strlen(text), at = 0, blank = 0;
	char character[8];
	int columns = 0;

	while (at < length) {
		size_t size = 1;

		while (at + size < length && size < 4 &&
		       ((unsigned char)text[at + size] & 0xc0) == 0x80)
			size++;
		memcpy(character, text + at, size);
		character[size] = 0;
		columns += out_columns_of(character);
		if (text[at] == ' ')
			blank = at;
		if (columns > width)
			break;
		at += size;
	}
	if (at < length && blank) {
		*ret_next = blank + 1;
		return blank;
	}
	*ret_next = at;
	return at;
}

static void print_row(const struct table *table, struct out *out, size_t row, const int *widths)
{
	const struct table_cell *cells = table->cells + row * table->columns;
	size_t offset[TABLE_COLUMNS_MAX] = {0};
	bool has_more = true;

	while (has_more) {
		int owed =
		    0; /* blanks are written only in front of something: no line ends with one */

		has_more = false;
		for (unsigned c = 0; c < table->columns; c++) {
			const char *text = cells[c].text + offset[c];
			size_t next, length = piece_length(text, widths[c], &next);
			auto_free char *piece = strndup(text, length);
			int padding = widths[c] - (piece ? out_columns_of(piece) : 0);

			owed += table->right & 1U << c ? padding : 0;
			if (piece && *piece) {
				out_printf(out, "%*s", owed, "");
				out_role_printf(out, cells[c].role, "%s", piece);
				owed = 0;
			}
			owed += GAP + (table->right & 1U << c ? 0 : padding);
			offset[c] += next;
			has_more |= next && cells[c].text[offset[c]];
		}
		out_printf(out, "\n");
	}
}

void table_print(const struct table *table, struct out *out)
{
	int widths[TABLE_COLUMNS_MAX];

	if (table->failed || !table->columns) {
		out_printf(out, "(no memory for this table)\n");
		return;
	}
	find_widths(table, out->columns, widths);
	for (size_t row = 0; row < table->count / table->columns; row++)
		print_row(table, out, row, widths);
}
