/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_STRING_H
#define ISOLAB_TINY_STRING_H
/* string: the least of a C library. On the host (unit tests) the C library's own are used
 * instead of string.c. */
#include <stdbool.h>
#include <stddef.h>

/* As in every C library: `destination` and `source` do not overlap. */
void *memcpy(void *restrict destination, const void *restrict source, size_t length);
/* Fills with a byte. */
void *memset(void *destination, int byte, size_t length);
/* As memcpy, but they may overlap. */
void *memmove(void *destination, const void *source, size_t length);
/* 0: equal. */
int memcmp(const void *left, const void *right, size_t length);

static inline size_t string_length(const char *text)
{
	size_t length = 0;
	while (text[length])
		length++;
	return length;
}

static inline bool string_equal(const char *left, const char *right)
{
	while (*left && *left == *right)
		left++, right++;
	return *left == *right;
}

/* Copies as much as fits and terminates. */
static inline void string_copy(char *destination, size_t size, const char *source)
{
	size_t i = 0;
	for (; i + 1 < size && source[i]; i++)
		destination[i] = source[i];
	destination[i] = '\0';
}

#endif
