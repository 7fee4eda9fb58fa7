/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounded strings, numbers as people write them, and the nearest word.
 *
 * A struct strbuf fails once and stays failed, so that a long chain of additions needs one check at
 * its end. Numbers are added without printf(3): the workers write their journal lines with it, in
 * the middle of what is measured.
 */
#include "str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_finish(struct strbuf *b)
{
	int saved = errno;

	if (!b->is_borrowed)
		free(b->data);
	*b = (struct strbuf){0};
	errno = saved;
}

void str_borrow(struct strbuf *b, char *room, size_t size)
{
	*b = (struct strbuf){.data = room, .capacity = size, .is_borrowed = true};
}

/* Makes room for `more` bytes and a terminator. */
static bool reserve(struct strbuf *b, size_t more)
{
	size_t wanted = b->length + more + 1, capacity = b->capacity ? b->capacity : 256;
	char *data;

	if (b->failed)
		return false;
	if (more > SIZE_MAX / 4 || (b->limit && b->length + more > b->limit)) {
		b->failed = true;
		return false;
	}
	if (wanted <= b->capacity)
		return true;
	while (capacity < wanted)
		capacity *= 2;
	data = realloc(b->is_borrowed ? NULL : b->data, capacity);
	if (!data) {
		b->failed = true;
		return false;
	}
	if (b->is_borrowed)
		memcpy(data, b->data, b->length);
	b->is_borrowed = false;
	b->data = data;
	b->capacity = capacity;
	return true;
}

void str_reserve(struct strbuf *b, size_t more)
{
	reserve(b, more);
}

void str_add_bytes(struct strbuf *b, const void *data, size_t length)
{
	if (!reserve(b, length))
		return;
	if (length > 0)
		memcpy(b->data + b->length, data, length);
	b->length += length;
	b->data[b->length] = '\0';
}

void str_add(struct strbuf *b, const char *text)
{
	str_add_bytes(b, text, strlen(text));
}

void str_add_number(struct strbuf *b, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	str_add_bytes(b, digits + at, sizeof(digits) - at);
}

void str_add_signed(struct strbuf *b, int64_t number)
{
	if (number < 0)
		str_add_bytes(b, "-", 1);
	str_add_number(b, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void str_addv(struct strbuf *b, const char *format, va_list args)
{
	size_t room = b->data && !b->failed ? b->capacity - b->length : 0;
	va_list again;
	int length;

	/* Mostly there is room enough already: then it is formatted once. */
	va_copy(again, args);
	length = vsnprintf(room ? b->data + b->length : NULL, room, format, again);
	va_end(again);
	if (length < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)length)) {
		if (room)
			b->data[b->length] = '\0';
		return;
	}
	if ((size_t)length >= room)
		vsnprintf(b->data + b->length, (size_t)length + 1, format, args);
	b->length += (size_t)length;
}

void str_addf(struct strbuf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	str_addv(b, format, args);
	va_end(args);
}

/* Length of the UTF-8 sequence that starts at `s` (terminated by NUL), 0 if it is none. Refuses
 * what RFC 3629 does: overlong forms, surrogates, beyond U+10FFFF. */
static size_t utf8_length(const unsigned char *s)
{
	size_t length, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	for (i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f))
		return 0;
	if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

static void add_json_escape(struct strbuf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	switch (c) {
	case '"':
		str_add_bytes(b, "\\\"", 2);
		return;
	case '\\':
		str_add_bytes(b, "\\\\", 2);
		return;
	case '\n':
		str_add_bytes(b, "\\n", 2);
		return;
	case '\t':
		str_add_bytes(b, "\\t", 2);
		return;
	default:
		str_add_bytes(b, text, sizeof(text));
	}
}

void str_add_json(struct strbuf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text, *plain = s;

	str_add_bytes(b, "\"", 1);
	while (*s) {
		size_t length = utf8_length(s);

		if (length > 1 ||
		    (length == 1 && *s >= 0x20 && *s != '"' && *s != '\\' && *s != 0x7f)) {
			s += length;
			continue;
		}
		str_add_bytes(b, plain, (size_t)(s - plain));
		if (length == 0)
			str_add_bytes(b, "\xef\xbf\xbd", 3);
		else
			add_json_escape(b, *s);
		plain = ++s;
	}
	str_add_bytes(b, plain, (size_t)(s - plain));
	str_add_bytes(b, "\"", 1);
}

bool str_copy(char *destination, size_t size, const char *source)
{
	size_t length = strlen(source);
	bool fits = length < size;

	if (!fits)
		length = size - 1;
	memcpy(destination, source, length);
	destination[length] = '\0';
	return fits;
}

bool str_is_name(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++) {
		char c = text[i];
		bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			       (c >= '0' && c <= '9') || c == '_';

		if (i >= 63 || (!is_word && (i == 0 || (c != '.' && c != '-'))))
			return false;
	}
	return i > 0;
}

int str_parse_number(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret)
{
	uint64_t number = 0;
	const char *c;

	if (!*text)
		return -EINVAL;
	for (c = text; *c; c++)
		if (*c < '0' || *c > '9')
			return -EINVAL;
	for (c = text; *c; c++) {
		unsigned digit = (unsigned)(*c - '0');

		if (number > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		number = number * 10 + digit;
	}
	if (number < minimum || number > maximum)
		return -ERANGE;
	*ret = number;
	return 0;
}

/* The unit that ends a size: "", B, K, KB, KiB, M … in either case → its power of two, or
 * -EINVAL. */
static int parse_unit(const char *text)
{
	static const char units[] = "kmgtpe";
	const char *unit;
	int shift = 0;

	if (*text && (unit = strchr(units, *text | 0x20)) != NULL) {
		shift = 10 * (int)(unit - units + 1);
		text++;
		if (text[0] == 'i' && (text[1] | 0x20) == 'b')
			text++;
	}
	if ((*text | 0x20) == 'b')
		text++;
	return *text ? -EINVAL : shift;
}

int str_parse_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t whole = 0, fraction = 0, scale = 1, bytes;
	const char *c = text;
	int shift;

	for (; *c >= '0' && *c <= '9'; c++) {
		uint64_t digit = (uint64_t)(*c - '0');

		if (whole > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		whole = whole * 10 + digit;
	}
	if (c == text)
		return -EINVAL;
	if (*c == '.') {
		for (c++; *c >= '0' && *c <= '9'; c++)
			if (scale < 1000000) {
				fraction = fraction * 10 + (uint64_t)(*c - '0');
				scale *= 10;
			}
		if (c[-1] == '.')
			return -EINVAL;
	}
	shift = parse_unit(c);
	if (shift < 0)
		return shift;
	if (whole > UINT64_MAX >> shift)
		return -ERANGE;
	/* Six decimal digits are 20 bits: above 2^40 the shift is split so that nothing
	 * overflows. */
	bytes = (fraction << (shift < 40 ? shift : 40)) / scale << (shift < 40 ? 0 : shift - 40);
	if (bytes > UINT64_MAX - (whole << shift))
		return -ERANGE;
	*ret_bytes = (whole << shift) + bytes;
	return 0;
}
