/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CALLS_H
#define ISOLAB_CALLS_H
/*
 * calls: the file `calls` of a sandbox, in which its worker has written down the system calls that
 * built its wall (container/calls_text.h says its form). The file is foreign bytes: lines that make
 * no sense are counted and skipped, texts are cut, and what would move a terminal's cursor is
 * replaced.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "sandbox.h"

enum {
	CALLS_FILE_MAX = 512 * 1024,
	CALL_WORD_MAX = 64,
	CALL_ARGUMENTS_MAX = 2048,
	CALL_WHY_MAX = 512,
	CALLS_STEPS_MAX = 64,
	CALLS_CALLS_MAX = 1024
};

struct step_line {
	char name[CALL_WORD_MAX], by[CALL_WORD_MAX];
	char without[CALL_WORD_MAX]; /* the option that took it out, "" */
	char why[CALL_WHY_MAX];
	uint64_t start_ns, duration_ns; /* 0: it was not done */
	size_t first_call, call_count;
};

struct call_line {
	char name[CALL_WORD_MAX], error[CALL_WORD_MAX]; /* error: errno's name, "" */
	char *arguments;                                /* owned by struct calls_text */
	char why[CALL_WHY_MAX];
	int64_t result;
	uint64_t start_ns, duration_ns;
};

struct calls_text {
	struct step_line *steps;
	struct call_line *calls;
	size_t step_count, call_count;
	uint64_t lost;  /* calls that the worker had no room for */
	size_t skipped; /* lines that nobody understands */
};
/* Frees what it holds. */
void calls_finish(struct calls_text *calls);
#define auto_calls __attribute__((cleanup(calls_finish))) struct calls_text

/* Parses all of it. Only -ENOMEM is an error. */
int calls_parse(const char *text, size_t length, struct calls_text *ret, struct err *e);

/* Reads what built `s`, running or ended. -ENODATA, with a hint why, where it is not known. */
int calls_read(struct sandbox *s, struct calls_text *ret, struct err *e);

#endif
