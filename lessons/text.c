/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Characters, columns, wrapping. A paragraph is cut into atoms, the pieces between two places where
 * a line may end; atoms are put on lines until one does not fit. What surprises: Japanese has no
 * blanks, a line may end nearly anywhere but before a closing mark or a small kana (kinsoku); a
 * line of the source ends without a blank between wide characters; a number keeps its unit.
 */
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { REPLACEMENT = 0xfffd, IDEOGRAPHIC_SPACE = 0x3000 };

uint32_t text_decode(const char *text, size_t length, size_t *ret_length)
{
	const unsigned char *at = (const unsigned char *)text;
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t character;
	size_t bytes;

	*ret_length = length ? 1 : 0;
	if (!length)
		return 0;
	if (at[0] < 0x80)
		return at[0];
	bytes = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc2 ? 2 : 0;
	if (!bytes || bytes > length || at[0] > 0xf4)
		return REPLACEMENT;
	character = at[0] & (0x7fU >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		character = character << 6 | (at[i] & 0x3f);
	}
	if (character < smallest[bytes] || character > 0x10ffff ||
	    (character >= 0xd800 && character < 0xe000))
		return REPLACEMENT;
	*ret_length = bytes;
	return character;
}

static bool is_wide(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf && c != 0x303f) ||
	       (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
	       (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff01 && c <= 0xff60) ||
	       (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x20000 && c <= 0x3fffd);
}

int text_columns(uint32_t character)
{
	int columns = wcwidth((wchar_t)character);

	if (columns >= 0)
		return columns;
	if (character < 0x20 || (character >= 0x7f && character < 0xa0))
		return 0;
	return is_wide(character) ? 2 : 1;
}

static int mark_columns(uint32_t c)
{
	return c == TEXT_CODE_ON || c == TEXT_CODE_OFF ? 1 : 0;
}

size_t text_width(const char *text, size_t length)
{
	size_t width = 0, bytes;

	for (size_t at = 0; at < length; at += bytes) {
		uint32_t c = text_decode(text + at, length - at, &bytes);
		width += (size_t)(c < 0x20 ? mark_columns(c) : text_columns(c));
	}
	return width;
}

static bool is_in(uint32_t character, const char *set)
{
	size_t bytes, length = strlen(set);

	for (size_t at = 0; at < length; at += bytes)
		if (text_decode(set + at, length - at, &bytes) == character)
			return true;
	return false;
}

bool text_may_break(uint32_t before, uint32_t after)
{
	if (!is_wide(before) && !is_wide(after))
		return false;
	if (is_in(after, "、。，．・：；？！゛゜ヽヾゝゞ々ー」』）】〕〉》｝］％‰°′″〜…‥ぁぃぅぇぉ"
			 "っゃゅょゎァィゥェォッャュョヮヵヶ"
			 ",.:;?!)]}%"))
		return false;
	return !is_in(before, "（「『【〔〈《｛［￥＄([{");
}

/* ---- wrapping ---- */

struct wrapper {
	struct out *out;
	unsigned columns;
	const char *other;
	size_t used;        /* columns on this line */
	bool is_begun;      /* something but the prefix is on the line */
	bool has_blank;     /* a blank is owed before the next atom */
	bool is_bold;       /* of what is written next */
	enum out_role role; /* of what is not bold */
	struct strbuf run;  /* written in one go: same role */
};

static void wrapper_write(struct wrapper *w, const char *text, size_t length)
{
	str_add_bytes(&w->run, text, length);
}

static void wrapper_flush(struct wrapper *w)
{
	if (w->run.length)
		w->out->write(w->out, false, w->is_bold ? OUT_TITLE : w->role, w->run.data,
			      w->run.length);
	w->run.length = 0;
}

static void wrapper_new_line(struct wrapper *w)
{
	wrapper_write(w, "\n", 1);
	wrapper_write(w, w->other, strlen(w->other));
	w->used = text_width(w->other, strlen(w->other));
	w->is_begun = w->has_blank = false;
}

/* Writes the characters of an atom; breaks it only when it is wider than a whole line. */
static void wrapper_characters(struct wrapper *w, const char *atom, size_t length)
{
	size_t bytes;

	for (size_t at = 0; at < length; at += bytes) {
		uint32_t c = text_decode(atom + at, length - at, &bytes);
		size_t columns = (size_t)(c < 0x20 ? mark_columns(c) : text_columns(c));
		if (c == TEXT_BOLD_ON || c == TEXT_BOLD_OFF) {
			wrapper_flush(w);
			w->is_bold = c == TEXT_BOLD_ON;
			continue;
		}
		if (w->used + columns > w->columns && w->is_begun)
			wrapper_new_line(w);
		if (c == TEXT_CODE_ON || c == TEXT_CODE_OFF)
			wrapper_write(w, "`", 1);
		else if (c >= 0x20)
			wrapper_write(w, atom + at, bytes);
		w->used += columns;
		w->is_begun = true;
	}
}

static void wrapper_atom(struct wrapper *w, const char *atom, size_t length)
{
	size_t width = text_width(atom, length);

	if (!length)
		return;
	if (w->is_begun && w->used + w->has_blank + width > w->columns) {
		wrapper_new_line(w);
	} else if (w->has_blank && w->is_begun) {
		wrapper_write(w, " ", 1);
		w->used++;
	}
	w->has_blank = false;
	wrapper_characters(w, atom, length);
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

/* "1.4 ms": after a digit a blank before a short word of letters does not break. */
static bool is_before_unit(const char *text, size_t length)
{
	static const char *const units[] = {"ns",  "µs", "us", "ms", "s", "KiB", "MiB",
					    "GiB", "MB", "GB", "KB", "%", "CPU", "GHz"};

	for (size_t unit = 0; unit < sizeof(units) / sizeof(units[0]); unit++) {
		size_t size = strlen(units[unit]);
		if (size <= length && !memcmp(text, units[unit], size) &&
		    (size == length || !((text[size] | 32) >= 'a' && (text[size] | 32) <= 'z')))
			return true;
	}
	return false;
}

/* What stands between two atoms at a source line's end: nothing if a neighbour is wide, else a
 * blank. */
static bool joins_without_blank(uint32_t before, const char *rest, size_t length)
{
	size_t bytes;
	uint32_t after = text_decode(rest, length, &bytes);

	while (bytes && after < 0x20) {
		rest += bytes, length -= bytes;
		after = text_decode(rest, length, &bytes);
	}
	return is_wide(before) || is_wide(after);
}

/* Where the atom at the start of `text` ends; *before follows the last visible character. */
static size_t atom_end(const char *text, size_t length, uint32_t *before)
{
	bool is_code = false;
	uint32_t last = 0;
	size_t bytes;

	for (size_t at = 0; at < length; at += bytes) {
		uint32_t c = text_decode(text + at, length - at, &bytes);
		if (c == TEXT_CODE_ON || c == TEXT_CODE_OFF) {
			if (c == TEXT_CODE_ON && is_wide(last) && text_may_break(last, 'a'))
				return *before = last, at;
			is_code = c == TEXT_CODE_ON;
			if (!is_code)
				last = '`';
			continue;
		}
		if (c == TEXT_SOFT_BREAK || c == TEXT_HARD_BREAK)
			return *before = last, at;
		if (c < 0x20)
			continue;
		if (c == ' ' && !is_code &&
		    !(is_digit(last) && is_before_unit(text + at + 1, length - at - 1)))
			return *before = last, at;
		if (!is_code && last && text_may_break(last, c))
			return *before = last, at;
		last = c;
	}
	*before = last;
	return length;
}

void text_wrap(struct out *out, const char *paragraph, unsigned columns, const char *first,
	       const char *other)
{
	text_wrap_role(out, OUT_PLAIN, paragraph, columns, first, other);
}

void text_wrap_role(struct out *out, enum out_role role, const char *paragraph, unsigned columns,
		    const char *first, const char *other)
{
	struct wrapper w = {.out = out,
			    .columns = columns < 20 ? 20 : columns,
			    .other = other,
			    .role = role};
	size_t length = strlen(paragraph), end;
	uint32_t before = 0;

	wrapper_write(&w, first, strlen(first));
	w.used = text_width(first, strlen(first));
	for (size_t at = 0; at < length; at += end) {
		end = atom_end(paragraph + at, length - at, &before);
		wrapper_atom(&w, paragraph + at, end);
		if (at + end == length)
			break;
		if (paragraph[at + end] == TEXT_HARD_BREAK)
			wrapper_new_line(&w), end++;
		else if (paragraph[at + end] == TEXT_SOFT_BREAK)
			end++, w.has_blank = !joins_without_blank(before, paragraph + at + end,
								  length - at - end);
		else if (paragraph[at + end] == ' ')
			end++, w.has_blank = true;
	}
	wrapper_flush(&w);
	w.is_bold = false;
	wrapper_write(&w, "\n", 1);
	wrapper_flush(&w);
	str_finish(&w.run);
}

/* ---- repairs ---- */

/* The next "**" outside marked code at or after `at`, NULL if there is none. */
static char *next_stars(char *at)
{
	for (; *at; at++) {
		if (*at == TEXT_CODE_ON)
			while (*at && *at != TEXT_CODE_OFF)
				at++;
		if (at[0] == '*' && at[1] == '*')
			return at;
		if (!*at)
			break;
	}
	return NULL;
}

static void replace_stars(char *stars, char mark)
{
	stars[0] = mark;
	memmove(stars + 1, stars + 2, strlen(stars + 2) + 1);
}

unsigned text_mend_bold(char *paragraph)
{
	unsigned pairs = 0;
	char *open, *close;

	for (open = next_stars(paragraph); open; open = next_stars(close)) {
		close = next_stars(open + 2);
		if (!close)
			break;
		replace_stars(close, TEXT_BOLD_OFF);
		replace_stars(open, TEXT_BOLD_ON);
		pairs++;
	}
	return pairs;
}

void text_mark_code(char *paragraph)
{
	bool is_open = false;

	for (; *paragraph; paragraph++)
		if (*paragraph == '`') {
			*paragraph = is_open ? TEXT_CODE_OFF : TEXT_CODE_ON;
			is_open = !is_open;
		}
}

bool text_fold(const char *text, char *buffer, size_t size)
{
	size_t length = strlen(text), used = 0, bytes;

	for (size_t at = 0; at < length; at += bytes) {
		uint32_t c = text_decode(text + at, length - at, &bytes);
		char plain = c >= 0xff01 && c <= 0xff5e ? (char)(c - 0xff01 + '!')
			     : c == IDEOGRAPHIC_SPACE   ? ' '
							: 0;
		size_t count = plain ? 1 : bytes;
		if (used + count >= size)
			return false;
		memcpy(buffer + used, plain ? &plain : text + at, count);
		used += count;
	}
	buffer[used] = 0;
	return true;
}
