/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wrap: see wrap.h. One pass: the last place where a break is allowed is kept until the row is
 * full. JIS X 4051 names the characters.
 */
#include "wrap.h"

#include <stdbool.h>
#include <wchar.h>

#include "canvas.h"
#include "text.h"

/* May a row end after `before` and the next begin with `after`? The rules of Japanese are the
 * lessons' (text.h). */
static bool may_break(wchar_t before, wchar_t after)
{
	if (before == L' ' || after == L' ')
		return true;
	return text_may_break((uint32_t)before, (uint32_t)after);
}

static size_t skip_blanks(const char *text, size_t at)
{
	while (text[at] == ' ')
		at++;
	return at;
}

size_t wrap_row(const char *text, int columns, size_t *ret_next)
{
	size_t at = 0, last_break = 0, length;
	wchar_t previous = 0, character = 0;
	int total = 0, width = 0;

	for (; text[at]; at += length) {
		if ((unsigned char)text[at] < 0x20) {
			length = 1;
			continue;
		}
		length = canvas_next(text + at, &character, &width);
		if (at && previous && may_break(previous, character))
			last_break = at;
		if (total + width > columns)
			break;
		total += width;
		previous = character;
	}
	if (!text[at]) {
		*ret_next = at;
		return at;
	}
	if (!last_break) /* one word longer than the row: it is cut, but never to nothing */
		last_break = at ? at : length;
	*ret_next = skip_blanks(text, last_break);
	while (last_break > 1 && text[last_break - 1] == ' ')
		last_break--;
	return last_break;
}
