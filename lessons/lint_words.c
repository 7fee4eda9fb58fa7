/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The house's words: COURSE/glossary.tsv has lines "wrong TAB right [TAB except]", and a
 * translation must not hold a wrong one. `except` is a longer word that may hold it (サーバ is wrong,
 * but a part of サーバー).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "lint.h"

static void look_for(struct lint *lint, const char *file, const char *text, const char *wrong,
		     const char *right, const char *except)
{
	unsigned line = 1;
	const char *last = text;
	char message[256];

	for (const char *at = text; (at = strstr(at, wrong)); at += strlen(wrong)) {
		if (*except && strstr(except, wrong) &&
		    (size_t)(at - text) >= (size_t)(strstr(except, wrong) - except) &&
		    !strncmp(at - (strstr(except, wrong) - except), except, strlen(except)))
			continue;
		for (; last < at; last++)
			line += *last == '\n';
		snprintf(message, sizeof(message), "glossary: '%s', not '%s'", right, wrong);
		lint_say(lint, file, line, message);
	}
}

static bool is_latin(char byte)
{
	return isalnum((unsigned char)byte) || byte == '`';
}

/* "コンテナ VM": Japanese and Latin stand together without a blank. Code is left alone. */
static void look_for_blanks(struct lint *lint, const char *file, const char *text)
{
	unsigned line = 1;
	bool is_code = false;

	for (const char *at = text; *at; at++) {
		if (*at == '\n') {
			line++;
			is_code = false;
		}
		if (*at == '`')
			is_code = !is_code;
		if (*at != ' ' || is_code || at == text)
			continue;
		if (((unsigned char)at[-1] >= 0x80 && is_latin(at[1])) ||
		    ((unsigned char)at[1] >= 0x80 && is_latin(at[-1])))
			lint_say(lint, file, line, "no blank between Japanese and Latin");
	}
}

void lint_words(struct lint *lint, const char *file, const char *text)
{
	auto_free char *glossary = NULL;
	char *rest;
	size_t length;

	look_for_blanks(lint, file, text);
	if (lesson_read_file(lint->course, ".", "glossary.tsv", &glossary, &length, NULL) < 0)
		return;
	for (char *line = strtok_r(glossary, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *right = strchr(line, '\t'), *except;
		if (*line == '#' || !right || right == line)
			continue;
		*right++ = 0;
		except = strchr(right, '\t');
		if (except)
			*except++ = 0;
		look_for(lint, file, text, line, right, except ? except : "");
	}
}
