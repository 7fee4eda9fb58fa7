/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_TEXT_H
#define ISOLAB_TINY_TEXT_H
/* text: building a text in a buffer of fixed size. What does not fit is left out; there is no
 * terminating zero. */
#include <stdint.h>

struct text {
	char *start;
	uint32_t size, length;
};

void text_add(struct text *text, const char *words);
void text_add_bytes(struct text *text, const char *bytes, uint32_t length);
/* Decimal; with at least `digits` digits. */
void text_add_number(struct text *text, uint64_t number, unsigned digits);
/* 0x and as many digits as the number has. */
void text_add_hex(struct text *text, uint64_t number);
/* Exactly `digits` hexadecimal digits. */
void text_add_digits(struct text *text, uint64_t number, unsigned digits);

#endif
