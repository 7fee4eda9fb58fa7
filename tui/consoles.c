/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * consoles: see consoles.h. A sandbox that is started again writes its ring anew from byte 0: the
 * new `request` stamp in its timeline says so, and the terminal begins afresh with it.
 */
#include "consoles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

enum { FIRST_ROWS = 24, FIRST_COLUMNS = 80 };

static void console_destroy(struct console *console)
{
	if (!console)
		return;
	terminal_destroy(console->terminal);
	free(console);
}

void consoles_finish(struct consoles *consoles)
{
	while (consoles->count)
		console_destroy(consoles->list[--consoles->count]);
}

static struct console *console_create(const char *name)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return NULL;
	str_copy(console->name, sizeof(console->name), name);
	console->is_new = true;
	console->rows = FIRST_ROWS;
	console->columns = FIRST_COLUMNS;
	console->terminal = terminal_create(FIRST_ROWS, FIRST_COLUMNS);
	if (console->terminal)
		return console;
	free(console);
	return NULL;
}

int consoles_index(const struct consoles *consoles, const char *name)
{
	for (size_t i = 0; i < consoles->count; i++)
		if (strcmp(consoles->list[i]->name, name) == 0)
			return (int)i;
	return -1;
}

struct console *consoles_find(const struct consoles *consoles, const char *name)
{
	int i = consoles_index(consoles, name);

	return i < 0 ? NULL : consoles->list[i];
}

static bool is_in_step(const struct consoles *consoles, struct lab *lab)
{
	size_t count = lab_count(lab);

	if (consoles->count != (count < CONSOLES_MAX ? count : CONSOLES_MAX))
		return false;
	for (size_t i = 0; i < consoles->count; i++)
		if (strcmp(consoles->list[i]->name, sandbox_name(lab_at(lab, i))) != 0)
			return false;
	return true;
}

bool consoles_sync(struct consoles *consoles, struct lab *lab)
{
	struct consoles fresh = {.count = 0};

	if (is_in_step(consoles, lab))
		return false;
	for (size_t i = 0; i < lab_count(lab) && fresh.count < CONSOLES_MAX; i++) {
		const char *name = sandbox_name(lab_at(lab, i));
		int old = consoles_index(consoles, name);
		struct console *console = old >= 0 ? consoles->list[old] : console_create(name);

		if (!console)
			break;
		if (old >= 0)
			consoles->list[old] = consoles->list[--consoles->count];
		fresh.list[fresh.count++] = console;
	}
	consoles_finish(consoles);
	*consoles = fresh;
	return true;
}

static void begin_again(struct console *console, struct sandbox *sandbox, uint64_t request_ns)
{
	console->request_ns = request_ns;
	console->position = 0;
	console->back = 0;
	console->has_asked_facts = false;
	console->sent_rows = console->sent_columns = 0;
	console->input_length = 0;
	terminal_reset(console->terminal);
	/* The tiny guest's console is a line, not a terminal: nobody adds carriage returns
	 * there. */
	if (!sandbox_spec(sandbox)->tty)
		terminal_set_newline_mode(console->terminal);
}

static void tell_lost(struct console *console, uint64_t lost)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "\r\n[%llu bytes were not kept]\r\n",
			      (unsigned long long)lost);

	terminal_feed(console->terminal, text, (size_t)length);
}

static void answer(struct console *console, struct sandbox *sandbox)
{
	char reply[TERMINAL_REPLY_MAX];
	size_t length = terminal_take_reply(console->terminal, reply, sizeof(reply));

	if (length)
		console_type(console, sandbox, reply, length);
}

bool console_read_new(struct console *console, struct sandbox *sandbox)
{
	uint64_t request_ns = sandbox_timeline(sandbox)->request_ns, lost = 0;
	char buffer[CONSOLE_BYTES_PER_TURN];
	ssize_t n;

	if (request_ns != console->request_ns)
		begin_again(console, sandbox, request_ns);
	n = sandbox_console_read(sandbox, &console->position, buffer, sizeof(buffer), &lost);
	console->has_more = n == (ssize_t)sizeof(buffer);
	if (n <= 0)
		return false;
	if (lost)
		tell_lost(console, lost);
	terminal_feed(console->terminal, buffer, (size_t)n);
	answer(console, sandbox);
	return true;
}

void console_set_size(struct console *console, struct sandbox *sandbox, int rows, int columns)
{
	if (rows < 1 || columns < 2)
		return;
	if (terminal_resize(console->terminal, rows, columns)) {
		console->rows = rows;
		console->columns = columns;
	}
	if (sandbox_state(sandbox) != SANDBOX_RUNNING ||
	    (console->sent_rows == rows && console->sent_columns == columns))
		return;
	console->sent_rows = rows;
	console->sent_columns = columns;
	/* A sandbox without a terminal inside refuses; that is no news for the learner. */
	sandbox_resize(sandbox, (unsigned)rows, (unsigned)columns, NULL);
}

void console_flush(struct console *console, struct sandbox *sandbox)
{
	ssize_t taken;

	if (!console->input_length)
		return;
	taken = sandbox_input(sandbox, console->input, console->input_length, NULL);
	if (taken < 0) /* it does not run any more: nobody will read this */
		taken = (ssize_t)console->input_length;
	memmove(console->input, console->input + taken, console->input_length - (size_t)taken);
	console->input_length -= (size_t)taken;
}

bool console_type(struct console *console, struct sandbox *sandbox, const char *bytes,
		  size_t length)
{
	bool fits = length <= sizeof(console->input) - console->input_length;

	if (fits) {
		memcpy(console->input + console->input_length, bytes, length);
		console->input_length += length;
	}
	console_flush(console, sandbox);
	return fits;
}
