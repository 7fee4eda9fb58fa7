/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_PANE_H
#define ISOLAB_PANE_H
/*
 * pane: one part of the screen. A pane has a small form, drawn to fit (draw), and a full form,
 * written as text that scrolls and can be searched (write). Both only read: the lab's state, as its
 * journals tell it. So a recording shows the same as a live sandbox.
 */
#include "canvas.h"
#include "lab.h"
#include "layout.h"
#include "messages.h"
#include "out.h"

/* What panes read. */
struct view {
	struct lab *lab;
	const struct facts *host; /* NULL: not read yet */
	int escape;               /* the escape key's byte, for the help */
	int first_sandbox;        /* of those whose consoles are shown */
	int first[PANE_COUNT];    /* small forms that are too long: the first row shown */
	const char *note;         /* one line for the welcome page, or NULL */
};

struct pane {
	const char *title;
	char digit; /* its key in VIEW, also the number of its function key; 0 = none */
	/* The small form. `rect` includes the title's row, which is drawn already: column heads may
	 * be put on it. NULL: the full form is used. Returns how many rows did not fit below. */
	int (*draw)(struct canvas *canvas, struct rect rect, const struct view *view);
	/* The full form. NULL: the pane has text of its own (messages, lesson) or none
	 * (consoles). */
	void (*write)(const struct view *view, struct out *out);
};
extern const struct pane panes[PANE_COUNT];

/* How a sandbox is called where room is short: by its kind, if no other has that kind, else by
 * its name. */
const char *view_label(const struct view *view, const struct sandbox *sandbox);

/* One row: how long each took to be ready, and the keys that show more. */
void boot_draw_strip(struct canvas *canvas, struct rect rect, const struct view *view);
/* One const entry per file. */
int boot_draw(struct canvas *canvas, struct rect rect, const struct view *view);
void boot_write(const struct view *view, struct out *out);
int facts_draw(struct canvas *canvas, struct rect rect, const struct view *view);
void facts_write(const struct view *view, struct out *out);
int resources_draw(struct canvas *canvas, struct rect rect, const struct view *view);
void resources_write(const struct view *view, struct out *out);
void help_write(const struct view *view, struct out *out);
void welcome_write(const struct view *view, struct out *out);

#endif
