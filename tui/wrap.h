/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_WRAP_H
#define ISOLAB_WRAP_H
/*
 * wrap: where a line of text breaks when it is too long. At blanks between Latin words; between
 * Chinese and Japanese characters too, but by their rules (kinsoku): no row begins with 、。）」 and
 * the like, none ends with （「.
 */
#include <stddef.h>

/* How many bytes of `text` go on the first row of `columns`; *ret_next = where the next row begins
 * (blanks at the break are dropped). Both are > 0 unless the text is empty. Control bytes (< 0x20)
 * take no room. */
size_t wrap_row(const char *text, int columns, size_t *ret_next);

#endif
