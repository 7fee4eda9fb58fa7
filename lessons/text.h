/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TEXT_H
#define ISOLAB_TEXT_H
/*
 * text: UTF-8 by characters and columns, and paragraphs wrapped to a width, Japanese included.
 *
 * A paragraph is UTF-8 with marks (enum text_mark), single control characters that cannot come from
 * a lesson: the reader removes what it finds there.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "out.h"
#include "str.h"

enum text_mark {
	TEXT_BOLD_ON = 1,
	TEXT_BOLD_OFF,
	TEXT_CODE_ON, /* shown between back quotes; never broken where it fits on a line */
	TEXT_CODE_OFF,
	TEXT_SOFT_BREAK, /* a line of the source ends: a blank, or nothing beside wide characters */
	TEXT_HARD_BREAK,
};

/* One character: its code point, its bytes in *ret_length (≥ 1 unless at the end: 0). Broken bytes
 * give U+FFFD, one at a time. */
uint32_t text_decode(const char *text, size_t length, size_t *ret_length);
/* Columns of one character: 0, 1 or 2. By wcwidth(3), by our own ranges where the locale knows no
 * such character. */
int text_columns(uint32_t character);
/* Columns of a text; marks count nothing, code marks one (the back quote). */
size_t text_width(const char *text, size_t length);

/* May a line end between these two neighbours? (kinsoku: no line begins with 、。」 or a small kana,
 * none ends with 「（.) */
bool text_may_break(uint32_t before, uint32_t after);

/* Writes a marked paragraph, wrapped to `columns`; the first line begins with `first`, the others
 * with `other` (their own columns counted). Bold goes out as OUT_TITLE. Ends with a newline. */
void text_wrap(struct out *out, const char *paragraph, unsigned columns, const char *first,
	       const char *other);

/* The same, all of it in one role. */
void text_wrap_role(struct out *out, enum out_role role, const char *paragraph, unsigned columns,
		    const char *first, const char *other);

/* Turns `**…**` that CommonMark left standing (it does not close `**コンテナ（軽量）**は`) into bold marks,
 * in place. Returns how many pairs there were. Marked code is left alone. */
unsigned text_mend_bold(char *paragraph);

/* Turns `code` into code marks, in place. */
void text_mark_code(char *paragraph);

/* Folds full-width ASCII (１２０ｍｓ) and the ideographic space to plain ASCII. Into `buffer`; false
 * when it did not fit. */
bool text_fold(const char *text, char *buffer, size_t size);

#endif
