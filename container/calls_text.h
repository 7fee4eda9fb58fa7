/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_CALLS_TEXT_H
#define ISOLAB_CONTAINER_CALLS_TEXT_H
/*
 * calls_text: what each system call is, as a table to read, and the logs of a wall as text: the
 * file `calls` of a sandbox, one JSON object per line. A step, then the calls it made:
 *
 *	{"step":"proc","by":"child","start_ns":N,"duration_ns":N,"why":"an own /proc …"}
 *	{"call":"mount","arguments":"\"proc\", …","result":0,"start_ns":N,"duration_ns":N,"why":…}
 *
 * A step that a brick left out names it: "without":"--no-proc". A failed call has "error":"EPERM".
 * {"lost":N}: so many calls were not written down.
 */
#include "calls.h"
#include "str.h"

struct container;

/* What a word of a call is. */
enum call_word {
	WORD_NOTHING, /* there is no further word */
	WORD_TEXT,
	WORD_NUMBER,
	WORD_UNSIGNED,
	WORD_OCTAL,
	WORD_DIRECTORY, /* a descriptor, or AT_FDCWD */
	WORD_POINTER,   /* of no interest: not shown */
	WORD_MASK,      /* capabilities, as names */
	WORD_OPTION,    /* one of the names in .names */
	WORD_FLAGS,     /* bits that have the names in .names */
	WORD_FLAGS_MORE /* the same in .more_names */
};

/* In place of where a text's copy begins. */
enum { WORD_NONE = -1, WORD_LOST = -2 };

struct call_name {
	const char *name;
	unsigned long value;
};

struct call_form_entry {
	const char *name;
	const char *about; /* what it does, in one line */
	const struct call_name *names, *more_names;
	long number; /* of the system call */
	uint8_t kinds[CALL_WORDS];
};
extern const struct call_form_entry call_forms[CALL_FORMS];

/* The words of a call as text: "\"proc\", \"proc\", MS_NOSUID|MS_NODEV". For the tests apart. */
void call_add_words(const struct calls *calls, const struct call *call, struct strbuf *text);

/* All of it: see above. The child must have become the program, or be gone. */
void calls_encode(const struct container *c, struct strbuf *text);

#endif
