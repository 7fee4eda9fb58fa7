/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One byte at a time through a table of special keys; everything else goes into the line and back
 * as echo. A line is handed to the program's input ring only as a whole, so a byte that ends a
 * line is refused while the ring has too little room for it. A byte 0 in the ring is the typed
 * end-of-file (abi.h, struct vm_input): a 0 that is typed is dropped.
 */
#include "terminal.h"

#include <signal.h>
#include <string.h>

#include "channel.h"
#include "vm.h"

enum {
	CTRL_C = 3,
	CTRL_D = 4,
	BACKSPACE = 8,
	CTRL_U = 21,
	CTRL_W = 23,
	CTRL_BACKSLASH = 28,
	DELETE = 127
};

void terminal_output(struct vm *vm, const char *data, size_t length)
{
	while (length) {
		const char *newline = memchr(data, '\n', length);
		size_t count = newline ? (size_t)(newline - data) : length;
		if (count)
			worker_output(vm->worker, WORKER_STDOUT, data, count);
		if (!newline)
			return;
		worker_output(vm->worker, WORKER_STDOUT, "\r\n", 2);
		data += count + 1;
		length -= count + 1;
	}
}

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80; /* of a UTF-8 character */
}

/* Takes the last character off the line and off the screen. False when there is none. */
static bool erase_character(struct vm *vm)
{
	struct terminal *t = &vm->terminal;
	if (!t->length)
		return false;
	while (t->length > 1 && is_continuation(t->line[t->length - 1]))
		t->length--;
	t->length--;
	worker_output(vm->worker, WORKER_STDOUT, "\b \b", 3);
	return true;
}

static bool key_erase(struct vm *vm)
{
	erase_character(vm);
	return true;
}

static bool key_erase_word(struct vm *vm)
{
	struct terminal *t = &vm->terminal;
	while (t->length && t->line[t->length - 1] == ' ')
		erase_character(vm);
	while (t->length && t->line[t->length - 1] != ' ')
		erase_character(vm);
	return true;
}

static bool key_erase_line(struct vm *vm)
{
	while (erase_character(vm))
		;
	return true;
}

/* Hands the line and its last byte over. */
static bool deliver(struct vm *vm, uint8_t last, size_t last_count)
{
	struct terminal *t = &vm->terminal;
	if (channel_input_room(vm, 0) < t->length + last_count)
		return false;
	channel_put_input(vm, 0, t->line, t->length);
	channel_put_input(vm, 0, &last, last_count);
	t->length = 0;
	return true;
}

void terminal_end(struct vm *vm)
{
	deliver(vm, 0, 0);
}

static bool key_enter(struct vm *vm)
{
	if (!deliver(vm, '\n', 1))
		return false;
	terminal_output(vm, "\n", 1);
	return true;
}

/* Ctrl-D hands over what was typed; on an empty line that is nothing: end-of-file. */
static bool key_end(struct vm *vm)
{
	return deliver(vm, 0, vm->terminal.length ? 0 : 1);
}

static bool send_signal(struct vm *vm, int number, const char *echo)
{
	vm->terminal.length = 0;
	terminal_output(vm, echo, strlen(echo));
	channel_signal(vm, 0, number);
	return true;
}

static bool key_interrupt(struct vm *vm)
{
	return send_signal(vm, SIGINT, "^C\n");
}

static bool key_quit(struct vm *vm)
{
	return send_signal(vm, SIGQUIT, "^\\\n");
}

static bool key_none(struct vm *vm)
{
	(void)vm;
	return true;
}

/* Each returns false when it cannot be done now. */
static const struct key {
	uint8_t byte;
	bool (*press)(struct vm *vm);
} keys[] = {
    {'\n', key_enter},          {'\r', key_enter},
    {CTRL_C, key_interrupt},    {CTRL_D, key_end},
    {BACKSPACE, key_erase},     {DELETE, key_erase},
    {CTRL_U, key_erase_line},   {CTRL_W, key_erase_word},
    {CTRL_BACKSLASH, key_quit}, {0, key_none},
};

static bool take_byte(struct vm *vm, uint8_t byte)
{
	struct terminal *t = &vm->terminal;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].byte == byte)
			return keys[i].press(vm);
	if (t->length == TERMINAL_LINE)
		return true; /* as a Linux terminal: what does not fit the line is lost */
	t->line[t->length++] = byte;
	const char caret[2] = {'^', (char)(byte ^ 0x40)};
	if (byte < ' ' && byte != '\t')
		worker_output(vm->worker, WORKER_STDOUT, caret, 2);
	else
		worker_output(vm->worker, WORKER_STDOUT, &byte, 1);
	return true;
}

/* Where the last key that sends a signal stands in `data`; `length`: nowhere. */
static size_t find_signal(const uint8_t *data, size_t length)
{
	for (size_t at = length; at-- > 0;)
		if (data[at] == CTRL_C || data[at] == CTRL_BACKSLASH)
			return at;
	return length;
}

/* A program that reads nothing can still be interrupted: what was typed before that is lost then,
 * as on a Linux terminal. */
size_t terminal_input(struct vm *vm, const uint8_t *data, size_t length)
{
	size_t taken = 0;
	while (taken < length) {
		if (!take_byte(vm, data[taken])) {
			size_t skipped = find_signal(data + taken, length - taken);
			if (taken + skipped == length)
				break; /* no such key: the rest waits */
			taken += skipped;
			take_byte(vm, data[taken]); /* a signal is always taken */
		}
		taken++;
	}
	return taken;
}
