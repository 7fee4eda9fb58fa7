/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONSOLES_H
#define ISOLAB_CONSOLES_H
/*
 * consoles: one terminal (terminal.h) per sandbox, fed from the sandbox's console ring, and what is
 * typed into it on the way back. A sandbox that prints without end is read a bounded piece per
 * turn, and one that does not read its input makes nobody wait.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab.h"
#include "terminal.h"

enum {
	CONSOLES_MAX = 64,
	CONSOLE_BYTES_PER_TURN = 16 * 1024,
	CONSOLE_INPUT_MAX = 4096,
};

struct console {
	char name[SPEC_NAME_MAX];
	struct terminal *terminal;
	uint64_t position;           /* in the console ring */
	uint64_t request_ns;         /* of the start whose output this is */
	int rows, columns;           /* as the terminal has them */
	int sent_rows, sent_columns; /* as the sandbox was told */
	int back;                    /* how far its history is scrolled */
	bool has_more;               /* not all that is there was read */
	bool has_asked_facts;
	bool is_new;                   /* nobody has looked at it yet */
	char input[CONSOLE_INPUT_MAX]; /* typed, not yet taken by the sandbox */
	size_t input_length;
};

struct consoles {
	struct console *list[CONSOLES_MAX];
	size_t count;
};

void consoles_finish(struct consoles *consoles);
/* Makes the list what the lab has, in its order. True if sandboxes came or went. */
bool consoles_sync(struct consoles *consoles, struct lab *lab);
/* Reads what is new. True if something was. */
bool console_read_new(struct console *console, struct sandbox *sandbox);
struct console *consoles_find(const struct consoles *consoles, const char *name);
int consoles_index(const struct consoles *consoles, const char *name);

/* The room it has on the screen now; told to a running sandbox when it changes. */
void console_set_size(struct console *console, struct sandbox *sandbox, int rows, int columns);
/* Queues bytes; false: the sandbox has not read for so long that they are dropped. */
bool console_type(struct console *console, struct sandbox *sandbox, const char *bytes,
		  size_t length);
/* Offers again what was not taken. */
void console_flush(struct console *console, struct sandbox *sandbox);

#endif
