/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists of processors. They come from the command line and from files of /sys and of cgroups; what
 * the kernel would take, "0-6:2/4" (every second block) and the word "all" apart, we take.
 */
#include "cpus.h"

#include <errno.h>
#include <stdint.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One number at *text, which moves behind it. */
static int parse_number(const char **text, unsigned *ret)
{
	unsigned number = 0;

	if (!is_digit(**text))
		return -EINVAL;
	for (; is_digit(**text); (*text)++) {
		number = number * 10 + (unsigned)(**text - '0');
		if (number >= CPUS_MAX)
			return -ERANGE;
	}
	*ret = number;
	return 0;
}

/* "3" or "3-5" */
static int parse_range(const char **text, struct cpus *set)
{
	unsigned first, last;
	int r = parse_number(text, &first);

	last = first;
	if (r == 0 && **text == '-') {
		(*text)++;
		r = parse_number(text, &last);
	}
	if (r < 0 || last < first)
		return r < 0 ? r : -EINVAL;
	for (unsigned cpu = first; cpu <= last; cpu++)
		set->bits[cpu / CPUS_WORD_BITS] |= 1UL << (cpu % CPUS_WORD_BITS);
	return 0;
}

int cpus_parse(const char *text, struct cpus *ret_set)
{
	struct cpus set = {0};

	if (*text && *text != '\n') {
		int r = parse_range(&text, &set);

		while (r == 0 && *text == ',') {
			text++;
			r = parse_range(&text, &set);
		}
		if (r < 0)
			return r;
	}
	if (*text == '\n')
		text++;
	if (*text)
		return -EINVAL;
	*ret_set = set;
	return 0;
}

bool cpus_are_within(const struct cpus *set, const struct cpus *all)
{
	for (size_t i = 0; i < sizeof(set->bits) / sizeof(set->bits[0]); i++)
		if (set->bits[i] & ~all->bits[i])
			return false;
	return true;
}
