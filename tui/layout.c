/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * layout: see the drawings in layout.h. The body (all but messages, prompt and keys) is cut from
 * the top downwards by take_top(); what a pane needs at least decides, what is left goes to the
 * consoles.
 */
#include "layout.h"

#include <string.h>

enum {
	SMALLEST_ROWS = 12,
	SMALLEST_COLUMNS = 40,
	FULL_ROWS = 24,
	FULL_COLUMNS = 80,
	CONSOLE_COLUMNS = 26, /* the narrowest console */
	LESSON_COLUMNS = 52,  /* the narrowest lesson beside the other panes */
	LESSON_COLUMNS_MAX = 78,
	FACTS_ROWS_MAX = 26,
};

static int clamp(int value, int least, int most)
{
	return value < least ? least : value > most ? most : value;
}

static struct rect take_top(struct rect *rest, int rows)
{
	struct rect top = *rest;

	top.rows = clamp(rows, 0, rest->rows);
	rest->row += top.rows;
	rest->rows -= top.rows;
	return top;
}

static struct rect take_bottom(struct rect *rest, int rows)
{
	struct rect bottom = *rest;

	bottom.rows = clamp(rows, 0, rest->rows);
	rest->rows -= bottom.rows;
	bottom.row += rest->rows;
	return bottom;
}

/* The right part; one column is left free between the two for a line. */
static struct rect take_right(struct rect *rest, int columns)
{
	struct rect right = *rest;

	right.columns = columns;
	rest->columns -= columns + 1;
	right.column += rest->columns + 1;
	return right;
}

static void place_consoles(struct layout *layout, const struct layout_request *request)
{
	struct rect rest = layout->pane[PANE_CONSOLES];
	int fit = clamp(rest.columns / CONSOLE_COLUMNS, 1, LAYOUT_CONSOLES_MAX);
	int count = clamp(request->consoles - request->first_console, 0, fit);

	if (rest.rows < 2)
		count = 0;
	layout->console_count = count;
	for (int i = 0; i < count; i++) {
		int left = count - i;
		struct rect here = rest;

		here.columns = (rest.columns - (left - 1)) / left;
		rest.column += here.columns + 1;
		rest.columns -= here.columns + 1;
		layout->console[i] = here;
	}
}

static int boot_rows(const struct layout_request *request)
{
	return 2 + clamp(request->sandboxes, 1, 6);
}

/* Consoles, boot, and facts beside resources: all at once. */
static void place_overview(struct layout *layout, struct rect body,
			   const struct layout_request *request)
{
	int boot = boot_rows(request);
	int lower = clamp((body.rows - boot) * 9 / 20, 0, FACTS_ROWS_MAX);
	struct rect resources;

	layout->pane[PANE_CONSOLES] = take_top(&body, body.rows - boot - lower);
	layout->pane[PANE_BOOT] = take_top(&body, boot);
	resources = take_right(&body, body.columns * 12 / 25);
	layout->pane[PANE_RESOURCES] = resources;
	layout->pane[PANE_FACTS] = body;
}

static bool is_view(enum pane_id pane)
{
	return pane == PANE_BOOT || pane == PANE_FACTS || pane == PANE_RESOURCES;
}

/* A narrow screen with a lesson: consoles, and below them the lesson or the view that was
 * chosen. */
static void place_with_lesson(struct layout *layout, struct rect body,
			      const struct layout_request *request)
{
	enum pane_id middle = is_view(request->chosen) ? request->chosen : PANE_LESSON;

	if (request->consoles)
		layout->pane[PANE_CONSOLES] = take_top(&body, clamp(body.rows / 3, 5, 20));
	if (request->sandboxes)
		layout->strip = take_bottom(&body, 1);
	layout->pane[middle] = body;
}

static void place_full(struct layout *layout, struct rect body,
		       const struct layout_request *request)
{
	bool is_wide = body.columns - LESSON_COLUMNS > FULL_COLUMNS;

	if (request->has_lesson && !is_wide) {
		place_with_lesson(layout, body, request);
		return;
	}
	if (request->has_lesson)
		layout->pane[PANE_LESSON] =
		    take_right(&body,
			       clamp(body.columns * 2 / 5, LESSON_COLUMNS, LESSON_COLUMNS_MAX));
	if (!request->sandboxes)
		layout->pane[PANE_WELCOME] = body;
	else
		place_overview(layout, body, request);
}

/* The chosen pane alone. */
static void place_one(struct layout *layout, struct rect body, const struct layout_request *request)
{
	enum pane_id pane = request->chosen;

	if (pane == PANE_CONSOLES && !request->consoles)
		pane = request->has_lesson  ? PANE_LESSON
		       : request->sandboxes ? PANE_BOOT
					    : PANE_WELCOME;
	if (pane == PANE_LESSON && !request->has_lesson)
		pane = PANE_WELCOME;
	layout->pane[pane] = body;
}

static int message_rows(const struct layout_request *request, bool is_full)
{
	if (request->is_zoomed && request->chosen == PANE_HELP)
		return 0;
	if (!is_full || request->is_zoomed)
		return clamp(request->rows / 5, 3, 8);
	return clamp(request->rows / 5, 5, 12);
}

void layout_compute(const struct layout_request *request, struct layout *ret_layout)
{
	struct rect body = {0, 0, request->rows, request->columns};
	bool is_full = request->rows >= FULL_ROWS && request->columns >= FULL_COLUMNS;

	memset(ret_layout, 0, sizeof(*ret_layout));
	if (request->rows < SMALLEST_ROWS || request->columns < SMALLEST_COLUMNS) {
		ret_layout->is_too_small = true;
		return;
	}
	ret_layout->keys = take_bottom(&body, 1);
	ret_layout->prompt = take_bottom(&body, 1);
	if (request->chosen == PANE_MESSAGES && (request->is_zoomed || !is_full)) {
		ret_layout->pane[PANE_MESSAGES] = body;
		return;
	}
	ret_layout->pane[PANE_MESSAGES] = take_bottom(&body, message_rows(request, is_full));
	if (request->is_zoomed || !is_full)
		place_one(ret_layout, body, request);
	else
		place_full(ret_layout, body, request);
	place_consoles(ret_layout, request);
}
