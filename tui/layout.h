/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_LAYOUT_H
#define ISOLAB_LAYOUT_H
/*
 * layout: which pane stands where, computed from the terminal's size and what there is to show.
 * Pure.
 *
 *	80×24			with a lesson		wide, with a lesson
 *	+-----+-----+-----+	+-----+-----+-----+	+-----+-----+-----+--------+
 *	| consoles        |	| consoles        |	| consoles        | lesson |
 *	+-----+-----+-----+	+-----+-----+-----+	+-----+-----+-----+        |
 *	| boot            |	| lesson, or the  |	| boot            |        |
 *	+--------+--------+	| view that was   |	+--------+--------+        |
 *	| facts  | resour.|	| chosen          |	| facts  | resour.|        |
 *	+--------+--------+	+-----------------+	+--------+--------+--------+
 *	| messages        |	| messages        |	| messages                 |
 *	  prompt		  prompt		  prompt
 *	  focus and keys	  focus and keys	  focus and keys
 *
 * Smaller than 80×24 only the chosen pane stands above the messages; smaller than 40×12 there is no
 * layout at all. A rectangle with rows == 0 is not shown. Every shown pane's first row is its
 * title.
 */
#include <stdbool.h>

#include "canvas.h"

enum { LAYOUT_CONSOLES_MAX = 3 };

enum pane_id {
	PANE_CONSOLES,
	PANE_BOOT,
	PANE_FACTS,
	PANE_RESOURCES,
	PANE_LESSON,
	PANE_MESSAGES,
	PANE_HELP,
	PANE_WELCOME,
	PANE_COUNT
};

struct layout_request {
	int rows, columns;
	int consoles;        /* how many sandboxes have a console to show */
	int sandboxes;       /* how many have a timeline to show */
	int first_console;   /* shown from this one on, if they do not fit all */
	bool has_lesson;     /* a lesson is on */
	enum pane_id chosen; /* the pane the learner looks at */
	bool is_zoomed;      /* it alone, above messages and prompt */
};

struct layout {
	bool is_too_small;
	struct rect pane[PANE_COUNT];
	struct rect console[LAYOUT_CONSOLES_MAX];
	int console_count;
	struct rect
	    strip; /* one row that stands for boot, facts, resources where they are hidden */
	struct rect prompt, keys;
};

void layout_compute(const struct layout_request *request, struct layout *ret_layout);

#endif
