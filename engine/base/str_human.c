/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text for people: figures with a unit and about three digits, and the word that was probably
 * meant.
 */
#include "str.h"

#include <stdio.h>
#include <string.h>

struct unit {
	double scale;
	const char *name;
};

static char *format_figure(char *buffer, size_t size, double value, const struct unit *unit)
{
	value /= unit->scale;
	if (value >= 99.95 || value == (double)(unsigned long)value)
		snprintf(buffer, size, "%.0f %s", value, unit->name);
	else
		snprintf(buffer, size, "%.1f %s", value, unit->name);
	return buffer;
}

static const struct unit *choose_unit(const struct unit *units, size_t count, double value)
{
	size_t i = 0;

	while (i + 1 < count && value >= units[i + 1].scale * 0.9995)
		i++;
	return &units[i];
}

char *str_format_ns(char *buffer, size_t size, uint64_t ns)
{
	static const struct unit units[] = {{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}};

	return format_figure(buffer, size, (double)ns, choose_unit(units, 4, (double)ns));
}

char *str_format_bytes(char *buffer, size_t size, uint64_t bytes)
{
	static const struct unit units[] = {{1, "B"},
					    {1024, "KiB"},
					    {1024.0 * 1024, "MiB"},
					    {1024.0 * 1024 * 1024, "GiB"},
					    {1024.0 * 1024 * 1024 * 1024, "TiB"}};

	return format_figure(buffer, size, (double)bytes, choose_unit(units, 5, (double)bytes));
}

enum { NEAREST_MAX = 32 };

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edit distance in which two swapped neighbours count as one slip (optimal string alignment). */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[3][NEAREST_MAX + 1];
	size_t i, j;

	for (j = 0; j <= b_length; j++)
		row[0][j] = (unsigned)j;
	for (i = 1; i <= a_length; i++) {
		unsigned *now = row[i % 3], *before = row[(i + 2) % 3], *first = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (j = 1; j <= b_length; j++) {
			unsigned cost = a[i - 1] != b[j - 1];

			now[j] = smaller(smaller(before[j] + 1, now[j - 1] + 1),
					 before[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = smaller(now[j], first[j - 2] + 1);
		}
	}
	return row[a_length % 3][b_length];
}

const char *str_nearest(const char *text, const char *const *candidates, size_t count)
{
	size_t length = strlen(text), i;
	unsigned best = (unsigned)(length / 3 > 1 ? length / 3 : 1) + 1;
	const char *nearest = NULL;

	if (length == 0 || length > NEAREST_MAX)
		return NULL;
	for (i = 0; i < count; i++) {
		size_t other = strlen(candidates[i]);
		unsigned distance;

		if (other > NEAREST_MAX)
			continue;
		distance = edit_distance(text, length, candidates[i], other);
		/* A word of which nothing is left is not a slip of the finger; nor are two slips
		 * with another beginning ("nosuch" is not "touch"). */
		if (distance > 1 && candidates[i][0] != text[0])
			continue;
		if (distance < best && distance < length) {
			best = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}
