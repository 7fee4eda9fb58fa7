// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The texts are lines of fields with ':' between them, by root's hand and therefore with root's
 * slips: a line that is too long, cut, or makes no sense is passed over. A file may be large
 * where many users are (25 bytes each in /etc/subuid), so it is read in pieces that end with a
 * line. See subuid(5), passwd(5), user_namespaces(7).
 */
#include "idmap_texts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "idmap.h"
#include "str.h"

enum { LINE_MAX_BYTES = 256, PIECE_BYTES = 4096 };

/* Copies the line that begins at `line` without its end. False: too long. Sets *ret_next. */
static bool copy_line(const char *line, char *copy, const char **ret_next)
{
	const char *end = strchr(line, '\n');
	size_t length = end ? (size_t)(end - line) : strlen(line);

	*ret_next = line + length + (end != NULL);
	if (length >= LINE_MAX_BYTES)
		return false;
	memcpy(copy, line, length);
	copy[length] = '\0';
	return true;
}

/* Cuts `line` at its first ':'; what stands behind, or NULL. */
static char *cut_field(char *line)
{
	char *colon = line ? strchr(line, ':') : NULL;

	if (colon)
		*colon++ = '\0';
	return colon;
}

/* A line "name:first:count", cut into name and range. False: it makes no sense. */
static bool parse_range(char *line, struct idmap_range *ret)
{
	char *first_text = cut_field(line), *count_text = cut_field(first_text);
	uint64_t first, count;

	if (!count_text)
		return false;
	/* The last id, 2^32 - 1, means "nobody asked for". */
	if (str_parse_number(first_text, 1, UINT32_MAX - 1, &first) < 0 ||
	    str_parse_number(count_text, 1, UINT32_MAX - first, &count) < 0)
		return false;
	*ret = (struct idmap_range){(uint32_t)first, (uint32_t)count};
	return true;
}

bool idmap_find_range(const char *text, const char *user, const char *number, uint32_t minimum,
		      struct idmap_range *ret_range)
{
	struct idmap_range best = {0}, range;
	char line[LINE_MAX_BYTES];

	while (*text && best.count < IDMAP_COUNT) {
		if (copy_line(text, line, &text) && parse_range(line, &range) &&
		    ((*user && strcmp(line, user) == 0) || strcmp(line, number) == 0) &&
		    range.count >= minimum && range.count > best.count)
			best = range;
	}
	if (best.count)
		*ret_range = best;
	return best.count;
}

uint32_t idmap_find_end(const char *text, uint32_t minimum)
{
	struct idmap_range range;
	char line[LINE_MAX_BYTES];

	while (*text)
		if (copy_line(text, line, &text) && parse_range(line, &range) &&
		    range.first + range.count > minimum)
			minimum = range.first + range.count;
	return minimum;
}

bool idmap_find_name(const char *text, uint32_t uid, char *ret_name, size_t size)
{
	char line[LINE_MAX_BYTES];
	uint64_t number;

	while (*text) {
		if (!copy_line(text, line, &text))
			continue;
		char *number_text = cut_field(cut_field(line));
		cut_field(number_text);
		if (number_text && *line && str_parse_number(number_text, uid, uid, &number) == 0)
			return str_copy(ret_name, size, line);
	}
	return false;
}

bool idmap_find_nested(const char *text, uint32_t *ret_first)
{
	unsigned long long inside, outside, count;
	int length;

	while (sscanf(text, " %llu %llu %llu%n", &inside, &outside, &count, &length) == 3) {
		unsigned long long skipped = inside == 0, end = inside + count;
		text += length;
		if (inside > UINT32_MAX || count > UINT32_MAX || end > UINT32_MAX ||
		    count < IDMAP_COUNT + skipped)
			continue;
		/* Accounts have low numbers: take what is the least likely to be somebody. */
		bool has_usual = inside <= IDMAP_FIRST && end >= IDMAP_FIRST + IDMAP_COUNT;
		*ret_first = has_usual ? IDMAP_FIRST : (uint32_t)(end - IDMAP_COUNT);
		return true;
	}
	return false;
}

/* Calls `on_piece` with pieces of the file until it is content or the file ends. */
static void read_pieces(const char *path, bool (*on_piece)(void *arg, const char *text), void *arg)
{
	auto_close int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char piece[PIECE_BYTES + 1];
	size_t have = 0;

	while (fd >= 0) {
		ssize_t n = read(fd, piece + have, PIECE_BYTES - have);
		bool is_end = n <= 0 || (size_t)n < PIECE_BYTES - have; /* a file's short read */

		have += n > 0 ? (size_t)n : 0;
		piece[have] = '\0';
		char *last = is_end ? NULL : strrchr(piece, '\n');
		char *rest = last ? last + 1 : piece + have;
		char kept = *rest;
		*rest = '\0';
		if (on_piece(arg, piece) || is_end)
			return;
		*rest = kept;
		have -= (size_t)(rest - piece);
		memmove(piece, rest, have);
	}
}

struct wanted {
	const char *user, *number;
	uint32_t minimum;
	struct idmap_range range;
	uint32_t uid;
	char *name;
	size_t size;
	bool is_found;
};

static bool look_for_range(void *arg, const char *text)
{
	struct wanted *wanted = arg;
	struct idmap_range range;

	if (idmap_find_range(text, wanted->user, wanted->number, wanted->minimum, &range) &&
	    range.count > wanted->range.count)
		wanted->range = range;
	return wanted->range.count >= IDMAP_COUNT;
}

bool idmap_read_range(const char *path, const char *user, const char *number, uint32_t minimum,
		      struct idmap_range *ret_range)
{
	struct wanted wanted = {.user = user, .number = number, .minimum = minimum};

	read_pieces(path, look_for_range, &wanted);
	if (wanted.range.count)
		*ret_range = wanted.range;
	return wanted.range.count;
}

static bool look_for_name(void *arg, const char *text)
{
	struct wanted *wanted = arg;

	wanted->is_found = idmap_find_name(text, wanted->uid, wanted->name, wanted->size);
	return wanted->is_found;
}

bool idmap_read_name(const char *path, uint32_t uid, char *ret_name, size_t size)
{
	struct wanted wanted = {.uid = uid, .name = ret_name, .size = size};

	read_pieces(path, look_for_name, &wanted);
	return wanted.is_found;
}

static bool look_for_end(void *arg, const char *text)
{
	uint32_t *end = arg;

	*end = idmap_find_end(text, *end);
	return false;
}

uint32_t idmap_read_end(const char *path, uint32_t minimum)
{
	read_pieces(path, look_for_end, &minimum);
	return minimum;
}
