/* SPDX-License-Identifier: GPL-3.0-or-later */
/* string: the four functions that a compiler takes for granted. The string instructions are the
 * fastest way on today's processors. */
#include "string.h"

void *memcpy(void *restrict destination, const void *restrict source, size_t length)
{
	void *to = destination;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(length) : : "memory");
	return destination;
}

void *memset(void *destination, int byte, size_t length)
{
	void *to = destination;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(byte) : "memory");
	return destination;
}

void *memmove(void *destination, const void *source, size_t length)
{
	char *to = destination;
	const char *from = source;
	if (to <= from || to >= from + length)
		return memcpy(destination, source, length);
	while (length--)
		to[length] = from[length];
	return destination;
}

int memcmp(const void *left, const void *right, size_t length)
{
	const unsigned char *a = left, *b = right;
	for (size_t i = 0; i < length; i++) {
		if (a[i] != b[i])
			return a[i] - b[i];
	}
	return 0;
}
