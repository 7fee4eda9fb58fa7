/* SPDX-License-Identifier: GPL-3.0-or-later */
/* line: see line.h. A bare "120ms" or "2" is an answer only while a lesson waits for one; a
 * comment is a line that begins with '#'. */
#include "line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "input.h"
#include "lessons.h"
#include "str.h"

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

int line_parse(const char *raw, struct line *ret_line, struct err *e)
{
	struct strbuf text = {0};

	*ret_line = (struct line){0};
	if (is_blank(raw) || raw[strspn(raw, " \t")] == '#')
		return 0;
	str_add(&text, raw);
	if (text.failed)
		return ret_line->count = -ENOMEM;
	input_fold_line(text.data);
	if (lessons_takes_line(text.data)) {
		char *answer = text.data;

		text = (struct strbuf){0};
		str_addf(&text, "lesson answer %s", answer);
		free(answer);
	}
	ret_line->text = text.data;
	if (text.failed)
		return ret_line->count = -ENOMEM;
	return ret_line->count = command_split(text.data, &ret_line->words, &ret_line->storage, e);
}

void line_finish(struct line *line)
{
	free(line->words);
	free(line->storage);
	free(line->text);
	*line = (struct line){0};
}

static bool has_terminal_option(char *const *words)
{
	for (size_t i = 1; words[i] && strcmp(words[i], "--") != 0 && words[i][0] == '-'; i++)
		if (words[i][1] != '-' && strchr(words[i], 't'))
			return true;
	return false;
}

bool line_needs_own_program(const struct line *line)
{
	const struct command *command = command_find(&tui_command_table, line->words[0]);

	return command && command->flags & COMMAND_TERMINAL;
}

bool line_wants_terminal(const struct line *line)
{
	if (!line_needs_own_program(line))
		return false;
	return strcmp(line->words[0], "exec") != 0 || has_terminal_option(line->words);
}
