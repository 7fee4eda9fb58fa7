/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cpio: each file is a header of 110 characters (magic "070701" and 13 numbers of 8 hexadecimal
 * digits), its name with a zero, and its bytes; name and bytes are filled up to a multiple of four.
 * The file "TRAILER!!!" ends it.
 */
#include "cpio.h"

#include "string.h"

enum { HEADER_BYTES = 110, NUMBERS = 13, TYPE_MASK = 0170000, TYPE_REGULAR = 0100000 };
enum { MODE = 1, FILE_BYTES = 6, NAME_BYTES = 11 };

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

/* Where the file that begins at `*offset` has its name and bytes; moves on to the next. False:
 * no file. */
struct entry {
	const char *name, *data;
	uint32_t length, mode;
};

static bool next(const char *archive, uint64_t size, uint64_t *offset, struct entry *entry)
{
	uint32_t numbers[NUMBERS];
	if (*offset > size || size - *offset < HEADER_BYTES)
		return false;
	const char *header = archive + *offset;
	if (memcmp(header, "070701", 6) != 0)
		return false;
	for (int i = 0; i < NUMBERS; i++) {
		if (!read_number(header + 6 + i * 8, &numbers[i]))
			return false;
	}
	uint64_t name = *offset + HEADER_BYTES, data = round_up(name + numbers[NAME_BYTES]);
	uint64_t end = data + numbers[FILE_BYTES];
	if (!numbers[NAME_BYTES] || end > size || archive[name + numbers[NAME_BYTES] - 1])
		return false;
	*entry = (struct entry){.name = archive + name,
				.data = archive + data,
				.length = numbers[FILE_BYTES],
				.mode = numbers[MODE]};
	*offset = round_up(end);
	return true;
}

bool cpio_find(const void *archive, uint64_t size, const char *path, const char **ret_data,
	       uint32_t *ret_length)
{
	uint64_t offset = 0;
	struct entry entry;
	while (next(archive, size, &offset, &entry)) {
		if ((entry.mode & TYPE_MASK) != TYPE_REGULAR || !string_equal(entry.name, path))
			continue;
		*ret_data = entry.data;
		*ret_length = entry.length;
		return true;
	}
	return false;
}
