/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONFIG_H
#define ISOLAB_CONFIG_H
/*
 * config: the learner's few settings, $XDG_CONFIG_HOME/isolab/config (else
 * ~/.config/isolab/config): lines `key = value`, '#' begins a comment.
 *
 *	escape = ^]	the key out of a sandbox	(ISOLAB_ESCAPE wins)
 *	lang = ja	en, ja				(--lang wins)
 *	ascii = yes	lines of - | +			(--ascii wins)
 *	color = no	no colours				(NO_COLOR and --no-color win)
 */
#include <stdbool.h>

#include "err.h"

struct config {
	int escape; /* its byte */
	char language[16];
	bool is_ascii, has_colour;
};

enum { CONFIG_ESCAPE_DEFAULT = 0x1d }; /* Ctrl-] */

/* Fills defaults, the file, the environment. An unreadable line is an error with its number; a
 * missing file is none. */
int config_load(struct config *ret_config, struct err *e);
/* Takes in one line; for the test. */
int config_parse_line(struct config *config, const char *line, struct err *e);

#endif
