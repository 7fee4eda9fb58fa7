/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What isolab-probe printed, as facts. The text comes out of a sandbox, so it is foreign: unknown
 * names are skipped, what is too long is cut, control characters become '?', and a name that comes
 * twice counts once (the first).
 */
#include <string.h>

#include "probe.h"

static void copy_clean(char *destination, size_t size, const char *from, size_t length)
{
	size_t count = length < size - 1 ? length : size - 1;

	for (size_t at = 0; at < count; at++) {
		unsigned char c = (unsigned char)from[at];
		destination[at] = (char)(c < ' ' || c == 0x7f ? '?' : c);
	}
	destination[count] = 0;
}

/* One line without its newline. Returns whether it was a new fact. */
static bool parse_line(struct facts *facts, const char *line, size_t length)
{
	const char *blank = memchr(line, ' ', length), *end = line + length, *tab;
	char name[64];
	int index;

	if (!blank || (size_t)(blank - line) >= sizeof(name) || blank + 1 == end)
		return false;
	copy_clean(name, sizeof(name), line, (size_t)(blank - line));
	index = probe_index(name);
	if (index < 0)
		return false;
	struct fact *fact = &facts->fact[index];
	if (fact->value[0] || fact->is_absent)
		return false;
	blank++;
	if (*blank == '!') {
		fact->is_absent = true;
		copy_clean(fact->value, sizeof(fact->value), blank + 1, (size_t)(end - blank - 1));
		return true;
	}
	tab = memchr(blank, '\t', (size_t)(end - blank));
	copy_clean(fact->value, sizeof(fact->value), blank, (size_t)((tab ? tab : end) - blank));
	if (tab)
		copy_clean(fact->identity, sizeof(fact->identity), tab + 1,
			   (size_t)(end - tab - 1));
	return true;
}

int facts_parse(struct facts *facts, const char *text, size_t length)
{
	int count = 0;

	memset(facts, 0, sizeof(*facts));
	for (const char *at = text, *end = text + length; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		count += parse_line(facts, at, (size_t)(stop - at));
		at = newline ? newline + 1 : end;
	}
	return count;
}
