/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_UI_H
#define ISOLAB_UI_H
/*
 * ui: the screen's state, and how its files share the work:
 *
 *	ui.c		begin, loop, end; signals; size
 *	ui_update.c	what changed in the lab → which parts to redraw
 *	ui_keys.c	a key → an action → which parts to redraw
 *	ui_run.c	a line of the prompt → command or job → text in the message area
 *	ui_draw.c	the parts that are dirty → canvas → terminal, once per turn of the loop
 *
 * Calls go down, data comes back as events, drawing only reads; nothing here waits for a sandbox.
 */
#include "consoles.h"
#include "host.h"
#include "job.h"
#include "keymap.h"
#include "pane.h"
#include "screen.h"

/* What has to be drawn again: a bit per pane, and: */
enum {
	DIRTY_PROMPT = 1 << PANE_COUNT,
	DIRTY_KEYS = 2 << PANE_COUNT,
	DIRTY_LAYOUT = 4 << PANE_COUNT, /* everything, in new places */
	DIRTY_ALL = (8 << PANE_COUNT) - 1,
};
#define DIRTY_PANE(pane) (1U << (pane))

enum { UI_INPUT_MAX = 4096, UI_SEARCH_MAX = 64 };

struct ui {
	struct host host; /* first: commands find us through their out */
	struct lab *lab;
	struct screen *screen;
	struct canvas canvas;
	struct layout layout;
	int rows, columns;

	enum focus focus;
	char focus_name
	    [SPEC_NAME_MAX]; /* the sandbox of FOCUS_SANDBOX, and the marked one in the views */
	enum pane_id chosen;
	bool is_zoomed;
	enum pane_id before_help; /* where F1 came from */
	bool was_zoomed;
	int first_console;
	unsigned dirty;

	struct view view;
	struct consoles consoles;
	struct messages *messages, *lesson, *full; /* full: the text of a pane in its full form */
	struct messages *lesson_before; /* the lesson's text before the last command changed it */
	/* Texts: the first row shown; of the messages, which are read from their end, how far
	 * above the end the last one is. */
	int scroll[PANE_COUNT];

	uint64_t lesson_seen; /* generation */
	bool has_lesson;
	unsigned lesson_step;
	int lesson_columns;    /* of the text as it is written; 0: write it anew */
	bool is_unfolding;     /* the step goes on: what is new is to be seen */
	bool has_job_unfolded; /* and what comes next may be of the same job */

	bool is_searching; /* the bottom line takes a search text */
	char search[UI_SEARCH_MAX];

	struct job job;
	char job_name[64];
	/* The message area shows the last command's output from its beginning; it was made larger
	 * for that, until the next command; or is not, as a pane of its own shows the same or the
	 * learner has arranged the panes since. */
	bool is_following, is_opened_for_it, is_quiet;
	enum pane_id before_output; /* what was chosen before it was made larger */

	char input[UI_INPUT_MAX]; /* bytes read, not yet a whole key */
	size_t input_length;
	bool is_pasting;
	int escape;
	uint64_t generation; /* of the lab, as drawn last */
	uint64_t painted_ns;
	bool is_over, must_suspend, must_measure;
	char farewell[512]; /* said after the terminal was given back */
};

/* ui_update.c: takes in what the lab has to tell. */
void ui_update(struct ui *ui);
/* Consoles that had more to read than one turn takes. */
bool ui_has_more(const struct ui *ui);
struct sandbox *ui_focused(struct ui *ui);
void ui_place(struct ui *ui);

/* ui_keys.c */
void ui_read_keys(struct ui *ui, bool is_last);
void ui_set_focus(struct ui *ui, enum focus focus);
void ui_choose(struct ui *ui, enum pane_id pane, bool is_zoomed);
/* The panes are again as they were before a command's output took their place. */
void ui_close_output(struct ui *ui);
/* As a pane's function key does: shows it, larger, as before. */
void ui_toggle(struct ui *ui, enum pane_id pane);
/* Into the console of `name`; of the marked or first sandbox when NULL. */
int ui_focus_sandbox(struct ui *ui, const char *name, struct err *e);

/* ui_run.c */
void ui_host_init(struct ui *ui);
void ui_submit(struct ui *ui, const char *line);
void ui_read_job(struct ui *ui);
void ui_interrupt(struct ui *ui);
void ui_say(struct ui *ui, enum out_role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ui_draw.c */
void ui_draw(struct ui *ui);
/* The text that a pane shows now, NULL if it is drawn in its small form. */
struct messages *ui_text_of(const struct ui *ui, enum pane_id pane);
/* A pane's room below its title. */
struct rect ui_inside(const struct ui *ui, enum pane_id pane);
/* The most that scroll[pane] can be. */
int ui_scroll_limit(const struct ui *ui, enum pane_id pane);

/* ui_lesson.c: the lesson that is on, if one is. */
bool ui_lesson_is_on(const struct ui *ui);
/* Looks whether a step, an answer or the language changed. */
void ui_lesson_update(struct ui *ui);
/* Writes the current step when it changed or the width did. */
void ui_lesson_write(struct ui *ui, int columns);

/* ui.c: the whole life of the screen. Returns the exit status. */
struct ui_start {
	bool is_ascii;
	int escape;
	bool has_colour;
};
/* Leased sandboxes are stopped at its end. */
int ui_main(const struct ui_start *start, struct err *e);

#endif
