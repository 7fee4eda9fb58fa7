/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_TERMINAL_H
#define ISOLAB_VM_TERMINAL_H
/*
 * terminal: the line discipline of the main program's console, when it is a terminal. The
 * teaching kernel has none, so the device does what termios(3) calls canonical mode: it echoes,
 * edits the line (backspace, Ctrl-U, Ctrl-W), hands it over at Enter, turns Ctrl-C and Ctrl-\
 * into signals and Ctrl-D into end-of-file, and writes "\n" as "\r\n".
 */
#include <stddef.h>
#include <stdint.h>

struct vm;

enum { TERMINAL_LINE = 1024 };

/* A line being typed. */
struct terminal {
	uint8_t line[TERMINAL_LINE];
	size_t length;
};

/* Takes typed bytes; returns how many (0: the program does not read, come again). */
size_t terminal_input(struct vm *vm, const uint8_t *data, size_t length);
/* Hands over what was typed so far: nothing will follow. */
void terminal_end(struct vm *vm);
/* Prints the program's bytes. */
void terminal_output(struct vm *vm, const char *data, size_t length);

#endif
