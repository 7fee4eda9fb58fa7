/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cpio: each file is a header of 110 characters (magic "070701" and 13 numbers of 8 hexadecimal
 * digits), its name with a zero, and its bytes; name and bytes are filled up to a multiple of four.
 * The file "TRAILER!!!" ends it.
 */
#include "cpio.h"

#include "string.h"

enum { HEADER_BYTES = 110, NUMBERS = 13 };
enum { INODE = 0, MODE = 1, FILE_BYTES = 6, NAME_BYTES = 11 }; /* of the numbers */

static bool read_number(const char *digits, uint32_t *ret_number)
{
	uint32_t number = 0;
	for (int i = 0; i < 8; i++) {
		char c = digits[i];
		if (c >= '0' && c <= '9')
			number = number << 4 | (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			number = number << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			return false;
	}
	*ret_number = number;
	return true;
}

static uint64_t round_up(uint64_t offset)
{
	return (offset + 3) & ~3ULL;
}

bool cpio_next(const void *archive, uint64_t size, uint64_t *offset, struct cpio_entry *ret_entry)
{
	const char *start = archive;
	uint32_t numbers[NUMBERS];
	if (*offset > size || size - *offset < HEADER_BYTES ||
	    memcmp(start + *offset, "070701", 6) != 0)
		return false;
	for (int i = 0; i < NUMBERS; i++) {
		if (!read_number(start + *offset + 6 + i * 8, &numbers[i]))
			return false;
	}
	uint64_t name = *offset + HEADER_BYTES, data = round_up(name + numbers[NAME_BYTES]);
	uint64_t end = data + numbers[FILE_BYTES];
	if (!numbers[NAME_BYTES] || end > size || start[name + numbers[NAME_BYTES] - 1])
		return false;
	*ret_entry = (struct cpio_entry){.name = start + name,
					 .data = start + data,
					 .length = numbers[FILE_BYTES],
					 .mode = numbers[MODE],
					 .inode = numbers[INODE]};
	*offset = round_up(end);
	return !string_equal(ret_entry->name, "TRAILER!!!");
}

bool cpio_find(const void *archive, uint64_t size, const char *name, struct cpio_entry *ret_entry)
{
	uint64_t offset = 0;
	while (cpio_next(archive, size, &offset, ret_entry)) {
		if (string_equal(ret_entry->name, name))
			return true;
	}
	return false;
}
