/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TINY_STRING_H
#define TINY_STRING_H
/* string: the least of a C library. On the host (unit tests) the C library's own are used instead of string.c. */
#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict destination, const void *restrict source, size_t length);
void *memset(void *destination, int byte, size_t length);
void *memmove(void *destination, const void *source, size_t length);
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
