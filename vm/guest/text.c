/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text: building a text piece by piece, see text.h. Every function ends in add_byte(), which is
 * where the size of the buffer is looked at.
 */
#include "text.h"

static void add_byte(struct text *text, char byte)
{
	if (text->length < text->size)
		text->start[text->length++] = byte;
}

void text_add_bytes(struct text *text, const char *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		add_byte(text, bytes[i]);
}

void text_add(struct text *text, const char *words)
{
	while (*words)
		add_byte(text, *words++);
}

void text_add_number(struct text *text, uint64_t number, unsigned digits)
{
	char reversed[20];
	unsigned count = 0;
	do {
		reversed[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number || (count < digits && count < sizeof(reversed)));
	while (count)
		add_byte(text, reversed[--count]);
}

void text_add_digits(struct text *text, uint64_t number, unsigned digits)
{
	while (digits--)
		add_byte(text, "0123456789abcdef"[number >> 4 * digits & 15]);
}

void text_add_hex(struct text *text, uint64_t number)
{
	unsigned digits = 1;
	while (digits < 16 && number >> 4 * digits)
		digits++;
	text_add(text, "0x");
	text_add_digits(text, number, digits);
}
