/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Front matter: flat `key: value` lines between two lines `---` at the top of a lesson. Not YAML:
 * no quotes, no lists, no nesting, so there is nothing to get wrong but a key's name.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lesson.h"
#include "str.h"

struct front {
	struct lesson *lesson;
	bool is_translation;
	const struct lesson_reporter *reporter;
};

static void fault(struct front *front, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fault(struct front *front, unsigned line, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	front->reporter->tell(front->reporter->arg, line, text);
}

static bool set_front_key(struct front *front, unsigned line, const char *key, const char *value)
{
	struct lesson *lesson = front->lesson;
	uint64_t number;
	char *end;

	if (!strcmp(key, "id"))
		str_copy(lesson->id, sizeof(lesson->id), value);
	else if (!strcmp(key, "title"))
		lesson->title = value;
	else if (!strcmp(key, "level"))
		lesson->level = value;
	else if (!strcmp(key, "needs"))
		lesson->needs = value;
	else if (!strcmp(key, "sandbox"))
		lesson->sandbox = value;
	else if (!strcmp(key, "minutes") && str_parse_number(value, 1, 600, &number) == 0)
		lesson->minutes = (unsigned)number;
	else if (!strcmp(key, "format") &&
		 str_parse_number(value, LESSON_FORMAT, LESSON_FORMAT, &number) == 0)
		return true;
	else if (!strcmp(key, "language") && front->is_translation &&
		 language_parse(value, &lesson->language))
		return true;
	else if (!strcmp(key, "source-hash") && front->is_translation) {
		lesson->hash = strtoull(value, &end, 16);
		if (*end || strlen(value) != 16)
			fault(front, line, "source-hash: 16 hexadecimal digits expected");
	} else
		return false;
	return true;
}

/* One `key: value` line. */
static void read_front_line(struct front *front, unsigned line, const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length), *key, *value;
	size_t start;

	if (!length)
		return;
	if (!colon) {
		fault(front, line, "'key: value' expected");
		return;
	}
	start = (size_t)(colon - text) + 1;
	while (start < length && text[start] == ' ')
		start++;
	while (length > start && (text[length - 1] == ' ' || text[length - 1] == '\r'))
		length--;
	key = lesson_copy(front->lesson, text, (size_t)(colon - text));
	value = lesson_copy(front->lesson, text + start, length - start);
	if (!set_front_key(front, line, key, value))
		fault(front, line, "unknown key or bad value: '%.40s: %.40s'", key, value);
}

size_t lesson_read_front_matter(struct lesson *lesson, const char *text, size_t length,
				bool is_translation, const struct lesson_reporter *reporter,
				unsigned *ret_first_line)
{
	struct front front = {lesson, is_translation, reporter};
	unsigned line = 1;
	size_t at = 0;

	*ret_first_line = 1;
	while (at < length) {
		const char *newline = memchr(text + at, '\n', length - at);
		size_t size = newline ? (size_t)(newline - text) - at : length - at;
		bool is_fence = size >= 3 && !memcmp(text + at, "---", 3) &&
				(size == 3 || text[at + 3] == '\r');
		if (line == 1 && !is_fence)
			break;
		if (line > 1 && !is_fence)
			read_front_line(&front, line, text + at, size);
		at += size + (newline != NULL);
		line++;
		if (is_fence && line > 2) {
			*ret_first_line = line;
			return at;
		}
	}
	fault(&front, 1, "expected: '---', lines 'key: value', '---'");
	return 0;
}
