/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_LINE_H
#define ISOLAB_LINE_H
/* line: what both prompts, the screen's and the plain one, do with a line before a command runs. */
#include <stdbool.h>

#include "err.h"

struct line {
	char *
	    /* folded (input.h); an answer to a lesson's question is the command `lesson answer
	     * …` */
	    text;
	char **words; /* ended by NULL */
	int count;    /* 0: nothing to do; -EINVAL: not readable */
	char *storage;
};

/* Reads `raw`. The count is returned, too. */
int line_parse(const char *raw, struct line *ret_line, struct err *e);
void line_finish(struct line *line);
#define auto_line __attribute__((cleanup(line_finish))) struct line

/* A program of its own in any case: it uses the descriptors it was started with. */
bool line_needs_own_program(const struct line *line);
/* `exec` with -t or -it among its options, or a command that always wants the terminal. */
bool line_wants_terminal(const struct line *line);

#endif
