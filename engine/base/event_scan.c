/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a line as event.c writes it back to an event: the keys in that order, each at most once, no
 * blanks. The line is foreign bytes all the same (a guest's): every step stays before its end, and
 * what is not exactly such a line is none.
 */
#include <errno.h>
#include <string.h>

#include "event.h"

struct scan {
	const char *at, *end;
};

static bool take(struct scan *scan, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, text, length) != 0)
		return false;
	scan->at += length;
	return true;
}

static bool take_number(struct scan *scan, uint64_t *ret)
{
	const char *begin = scan->at;
	uint64_t number = 0;

	for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++) {
		unsigned digit = (unsigned)(*scan->at - '0');
		if (number > ((uint64_t)INT64_MAX - digit) / 10)
			return false; /* also for a JSON library there are no larger ones */
		number = number * 10 + digit;
	}
	*ret = number;
	return scan->at > begin;
}

/* The four digits behind \u, of a control character: others are not written so. */
static bool take_code(struct scan *scan, char *ret)
{
	static const char hex[] = "0123456789abcdef";
	const char *high, *low;

	if (scan->end - scan->at < 4 || !take(scan, "00"))
		return false;
	high = memchr(hex, scan->at[0], 16);
	low = memchr(hex, scan->at[1], 16);
	if (!high || !low || (high == hex && low == hex))
		return false;
	scan->at += 2;
	*ret = (char)((high - hex) << 4 | (low - hex));
	return true;
}

static bool take_escape(struct scan *scan, char *ret)
{
	static const char letters[] = "\"\\nt", meanings[] = "\"\\\n\t";
	const char *letter = scan->at < scan->end ? memchr(letters, *scan->at, 4) : NULL;

	if (!letter)
		return take(scan, "u") && take_code(scan, ret);
	scan->at++;
	*ret = meanings[letter - letters];
	return true;
}

static bool take_text(struct scan *scan, char *text, size_t size)
{
	size_t length = 0;

	if (!take(scan, "\""))
		return false;
	while (scan->at < scan->end && *scan->at != '"') {
		char c = *scan->at++;
		if ((unsigned char)c < ' ' || length + 1 >= size)
			return false;
		if (c == '\\' && !take_escape(scan, &c))
			return false;
		text[length++] = c;
	}
	text[length] = '\0';
	return take(scan, "\"");
}

/* A key that may be left out. */
static bool take_more(struct scan *scan, const char *key, char *text, size_t size)
{
	return !take(scan, key) || take_text(scan, text, size);
}

static bool take_count(struct scan *scan, const char *key, uint64_t *ret)
{
	return !take(scan, key) || take_number(scan, ret);
}

int event_scan(const char *line, size_t length, struct event *ret_event)
{
	struct scan scan = {.at = line, .end = line + length};
	struct event event = {0};
	char kind[EVENT_NAME_MAX];

	if (length > EVENT_LINE_MAX || !take(&scan, "{\"t_ns\":") ||
	    !take_number(&scan, &event.t_ns) || !take(&scan, ",\"sandbox\":") ||
	    !take_text(&scan, event.sandbox, sizeof(event.sandbox)) || !take(&scan, ",\"kind\":") ||
	    !take_text(&scan, kind, sizeof(kind)) || event_kind_parse(kind, &event.kind) < 0)
		return -EINVAL;
	if (!take_more(&scan, ",\"name\":", event.name, sizeof(event.name)) ||
	    !take_more(&scan, ",\"value\":", event.value, sizeof(event.value)) ||
	    !take_more(&scan, ",\"detail\":", event.detail, sizeof(event.detail)) ||
	    !take_count(&scan, ",\"duration_ns\":", &event.duration_ns) ||
	    !take_count(&scan, ",\"offset\":", &event.offset) ||
	    !take_count(&scan, ",\"length\":", &event.length) || !take(&scan, "}"))
		return -EINVAL;
	take(&scan, "\n");
	if (scan.at != scan.end)
		return -EINVAL;
	*ret_event = event;
	return 0;
}
