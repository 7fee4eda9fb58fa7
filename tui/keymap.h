/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_KEYMAP_H
#define ISOLAB_KEYMAP_H
/*
 * keymap: which key does what in which focus: one const table, from which come the line of keys at
 * the bottom, the help page and the behaviour.
 *
 *	PROMPT		all goes to the input line but function keys, Alt-digits, the escape key and
 *			a few Ctrl keys
 *	SANDBOX name	all goes to the sandbox but function keys, Alt-digits, the escape key
 *	VIEW		single letters act
 *
 * Alt-1 … Alt-9, Alt-0 are F1 … F9, F10 everywhere, for terminals that keep the function keys for
 * themselves.
 */
#include <stdbool.h>
#include <stddef.h>

#include "input.h"

enum focus { FOCUS_PROMPT, FOCUS_SANDBOX, FOCUS_VIEW, FOCUS_COUNT };

enum action {
	ACTION_NONE, /* the key goes where the focus is */
	ACTION_HELP,
	ACTION_TO_PROMPT,
	ACTION_TO_SANDBOX,
	ACTION_TO_VIEW,
	ACTION_SHOW_BOOT, /* … ACTION_SHOW_MESSAGES: in the order of enum pane_id */
	ACTION_SHOW_FACTS,
	ACTION_SHOW_RESOURCES,
	ACTION_SHOW_LESSON,
	ACTION_SHOW_MESSAGES,
	ACTION_QUIT,
	ACTION_ESCAPE,
	ACTION_REDRAW,
	ACTION_SUSPEND,
	ACTION_INTERRUPT,
	ACTION_OLDER,
	ACTION_NEWER,
	ACTION_UP,
	ACTION_DOWN,
	ACTION_PAGE_UP,
	ACTION_PAGE_DOWN,
	ACTION_TOP,
	ACTION_BOTTOM,
	ACTION_NEXT_PANE,
	ACTION_PREVIOUS_PANE,
	ACTION_ENTER,
	ACTION_BACK,
	ACTION_SEARCH,
	ACTION_SEARCH_NEXT,
	ACTION_SEARCH_PREVIOUS,
	ACTION_DIGIT,
};

enum { KEYMAP_IN_PROMPT = 1, KEYMAP_IN_SANDBOX = 2, KEYMAP_IN_VIEW = 4, KEYMAP_EVERYWHERE = 7 };

struct keymap_entry {
	enum action action;
	unsigned focuses;  /* KEYMAP_IN_… */
	unsigned on_line;  /* in which focuses it stands on the line of keys */
	const char *keys;  /* for the learner: "F1 ?"; NULL: the escape key */
	const char *label; /* on the line of keys */
	const char *about; /* on the help page */
	const char
	    *letters; /* characters that do it (VIEW: letters; elsewhere control characters) */
	enum input_code codes[2]; /* keys that do it; INPUT_CHARACTER = none */
};
extern const struct keymap_entry keymap[]; /* ends with ACTION_NONE */

/* What a key does in this focus. `escape` is the byte of the escape key. */
enum action keymap_find(enum focus focus, const struct input_key *key, int escape);

#endif
