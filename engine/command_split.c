/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line of the prompt as words, by the rules of a shell that expands nothing: blanks part words,
 * '…' keeps all, "…" keeps all but \" and \\, \ keeps the next character, # at the start of a word
 * begins a comment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "fd.h"

struct splitter {
	const char *at;
	char *to;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* From behind the opening quote to behind the closing one. False: there is none. */
static bool copy_quoted(struct splitter *s, char quote)
{
	while (*s->at && *s->at != quote) {
		if (quote == '"' && s->at[0] == '\\' && (s->at[1] == '"' || s->at[1] == '\\'))
			s->at++;
		*s->to++ = *s->at++;
	}
	if (!*s->at)
		return false;
	s->at++;
	return true;
}

/* One word with its end mark. */
static bool copy_word(struct splitter *s)
{
	while (*s->at && !is_blank(*s->at)) {
		if (*s->at == '\'' || *s->at == '"') {
			char quote = *s->at++;

			if (!copy_quoted(s, quote))
				return false;
			continue;
		}
		if (*s->at == '\\' && s->at[1])
			s->at++;
		*s->to++ = *s->at++;
	}
	*s->to++ = 0;
	return true;
}

int command_split(const char *line, char ***ret_words, char **ret_storage, struct err *e)
{
	/* A word of n bytes takes n + 1, and there is a blank between two: never more than the
	 * line. */
	auto_free char *storage = malloc(strlen(line) + 2);
	auto_free char **words = malloc((strlen(line) / 2 + 2) * sizeof(*words));
	struct splitter s = {.at = line, .to = storage};
	int argc = 0;

	if (!storage || !words)
		return err_sys(e, ENOMEM, "read the line");
	for (;;) {
		while (is_blank(*s.at))
			s.at++;
		if (!*s.at || *s.at == '#')
			break;
		words[argc++] = s.to;
		if (!copy_word(&s)) {
			int r = err_set(e, EINVAL, "a quote is not closed");
			return err_hint(e, r, "end it with the same mark, or put \\ before it");
		}
	}
	words[argc] = NULL;
	*ret_words = words;
	*ret_storage = storage;
	words = NULL;
	storage = NULL;
	return argc;
}
