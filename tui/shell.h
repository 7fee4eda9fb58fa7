/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_SHELL_H
#define ISOLAB_SHELL_H
/*
 * shell: `isolab shell [--plain]`: the prompt alone. Only ever appends to stdout, draws no boxes,
 * moves no cursor: for screen readers, for pipes, and the harness in which lessons are tested. On a
 * terminal the line is edited by readline, with --plain by the terminal itself.
 */
#include <stdbool.h>

#include "err.h"

struct shell_start {
	bool is_plain;
};

/* Reads commands until end-of-file or quit. Returns the last command's status when it was fed by
 * a pipe, 0 for a person, -errno. */
int shell_main(const struct shell_start *start, struct err *e);

#endif
