/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QMP is JSON, one document a line, and QEMU writes it always in the same way. Of all it says we
 * need to know six things, so a line is searched for the words of these and not parsed. What comes
 * is foreign: a guest may have taken QEMU over, and whatever it says then can only end its machine.
 */
#include <string.h>

#include "qemu.h"

static const struct {
	const char *name, *detail; /* both stand in the line; NULL: none needed */
	enum qmp_word word;
} words[] = {
    {"{\"QMP\":", NULL, QMP_GREETING},
    {"\"event\": \"RESUME\"", NULL, QMP_RESUMED},
    {"\"event\": \"GUEST_PANICKED\"", NULL, QMP_PANIC},
    {"\"event\": \"SHUTDOWN\"", "\"reason\": \"guest-shutdown\"", QMP_OFF},
    {"\"event\": \"SHUTDOWN\"", "\"reason\": \"guest-reset\"", QMP_RESET},
    {"\"event\": \"SHUTDOWN\"", "\"reason\": \"guest-panic\"", QMP_PANIC},
};

static enum qmp_word find_word(const char *line)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(line, words[i].name) &&
		    (!words[i].detail || strstr(line, words[i].detail)))
			return words[i].word;
	return QMP_OTHER;
}

enum qmp_word qmp_feed(struct qmp_parser *parser, char byte)
{
	enum qmp_word word = QMP_OTHER;

	if (byte != '\n') {
		if (parser->length == QMP_LINE_MAX)
			parser->is_too_long = true;
		else
			parser->line[parser->length++] = byte;
		return QMP_OTHER;
	}
	parser->line[parser->length] = '\0';
	if (!parser->is_too_long)
		word = find_word(parser->line);
	parser->length = 0;
	parser->is_too_long = false;
	return word;
}
