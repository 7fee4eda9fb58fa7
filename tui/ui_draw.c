/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dirty parts → canvas → terminal, once per turn of the loop. Nothing here changes what is shown:
 * it only reads.
 *
 * A pane's first row is its title: a line, its number, its name, and what its small form puts
 * beside. The pane that keys act on has its title in reverse, and its name stands on the bottom
 * line too: the focus is never told by a colour alone.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "prompt.h"
#include "ui.h"
#include "ui_text.h"
#include "wrap.h"

struct rect ui_inside(const struct ui *ui, enum pane_id pane)
{
	struct rect inside = ui->layout.pane[pane];

	inside.row += 1;
	inside.rows -= 1;
	return inside;
}

static bool is_full(const struct ui *ui, enum pane_id pane)
{
	return panes[pane].write && (!panes[pane].draw || (ui->is_zoomed && ui->chosen == pane));
}

struct messages *ui_text_of(const struct ui *ui, enum pane_id pane)
{
	if (pane == PANE_MESSAGES)
		return ui->messages;
	if (pane == PANE_LESSON)
		return ui->lesson;
	return is_full(ui, pane) ? ui->full : NULL;
}

int ui_scroll_limit(const struct ui *ui, enum pane_id pane)
{
	const struct messages *text = ui_text_of(ui, pane);
	struct rect inside = ui_inside(ui, pane);
	int limit;

	if (text)
		limit = messages_rows(text, inside.columns) - inside.rows;
	else if (pane == PANE_FACTS)
		limit = (int)probe_count() - inside.rows;
	else
		limit = (int)lab_count(ui->lab) - inside.rows + (pane == PANE_BOOT);
	return limit > 0 ? limit : 0;
}

/* ---- titles ---- */

static struct style title_style(const struct ui *ui, bool is_marked)
{
	(void)ui;
	return (struct style){.attributes = is_marked ? STYLE_REVERSE | STYLE_BOLD : STYLE_BOLD};
}

static void draw_title(struct ui *ui, enum pane_id pane)
{
	struct rect rect = ui->layout.pane[pane];
	bool is_marked = ui->focus == FOCUS_VIEW && ui->chosen == pane;
	char text[64];

	canvas_clear(&ui->canvas, rect, STYLE_PLAIN);
	canvas_line(&ui->canvas, rect, 0, 0, STYLE_PLAIN, LINE_HORIZONTAL, rect.columns);
	if (panes[pane].digit)
		snprintf(text, sizeof(text), " %c %s ", panes[pane].digit, tr(panes[pane].title));
	else
		snprintf(text, sizeof(text), " %s ", tr(panes[pane].title));
	canvas_text(&ui->canvas, rect, 0, 1, title_style(ui, is_marked), text);
}

/* What is hidden, at the right end of a title; with the keys if they act on this pane now. */
static void draw_more(struct ui *ui, enum pane_id pane, int above, int below)
{
	struct rect rect = ui->layout.pane[pane];
	bool has_keys = ui->focus == FOCUS_VIEW || ui->is_zoomed ? ui->chosen == pane
								 : pane == PANE_MESSAGES;
	char text[96] = "";

	if (!has_keys && pane == PANE_LESSON && below > 0)
		snprintf(text, sizeof(text), tr(" %d rows below: F8 "), below);
	else if (!has_keys && (above > 0 || below > 0))
		snprintf(text, sizeof(text), " ... ");
	else if (above > 0 && below > 0)
		snprintf(text, sizeof(text), tr(" %d rows above, %d below "), above, below);
	else if (above > 0)
		snprintf(text, sizeof(text), tr(" %d rows above: PgUp "), above);
	else if (below > 0)
		snprintf(text, sizeof(text), tr(" %d rows below: PgDn "), below);
	canvas_text_right(&ui->canvas, rect, 0, rect.columns - 1, STYLE_PLAIN, text);
}

/* ---- consoles ---- */

static void console_title(const struct ui *ui, const struct sandbox *sandbox, int index, char *text,
			  size_t size)
{
	const char *note = sandbox_state_name(sandbox_state(sandbox));
	char status[48] = "", number[16] = "";
	int code;

	(void)ui;
	if (index < 4)
		snprintf(number, sizeof(number), "%d ", index + 1);
	if (sandbox_exit_status(sandbox, &code))
		snprintf(status, sizeof(status), " %d", code);
	snprintf(text, size, " %s%s %s%s ", number, sandbox_name(sandbox), tr(note), status);
}

static void draw_console(struct ui *ui, int shown)
{
	size_t index = (size_t)(ui->first_console + shown);
	struct console *console = ui->consoles.list[index];
	struct sandbox *sandbox = lab_find(ui->lab, console->name);
	struct rect rect = ui->layout.console[shown], inside = rect;
	bool is_marked = strcmp(ui->focus_name, console->name) == 0 &&
			 (ui->focus == FOCUS_SANDBOX ||
			  (ui->focus == FOCUS_VIEW && ui->chosen == PANE_CONSOLES));
	char text[160];

	inside.row += 1;
	inside.rows -= 1;
	canvas_line(&ui->canvas, rect, 0, 0, STYLE_PLAIN, LINE_HORIZONTAL, rect.columns);
	if (!sandbox)
		return;
	terminal_draw(console->terminal, &ui->canvas, inside, console->back,
		      is_marked && ui->focus == FOCUS_SANDBOX);
	console_title(ui, sandbox, (int)index, text, sizeof(text));
	canvas_text(&ui->canvas, rect, 0, 1, title_style(ui, is_marked), text);
	if (console->back) {
		snprintf(text, sizeof(text), tr(" %d up "), console->back);
		canvas_text_right(&ui->canvas, rect, 0, rect.columns, STYLE_PLAIN, text);
	}
}

/* Wraps `text` onto the rows from `row` on, over what is there; only counts with canvas == NULL. */
static int put_wrapped(struct canvas *canvas, struct rect rect, int row, enum out_role role,
		       const char *text)
{
	size_t next;
	int rows = 0;

	for (; *text; text += next, rows++) {
		size_t length = wrap_row(text, rect.columns, &next);
		char piece[ERR_WHAT_MAX];

		if (!canvas || row + rows >= rect.rows)
			continue;
		snprintf(piece, sizeof(piece), "%.*s", (int)length, text);
		canvas_clear(canvas,
			     (struct rect){rect.row + row + rows, rect.column, 1, rect.columns},
			     STYLE_PLAIN);
		canvas_text(canvas, rect, row + rows, 0, messages_style(role), piece);
	}
	return rows;
}

/* Why a sandbox failed stands at the end of its console: what, then what to do. */
static void draw_failure(struct ui *ui, int shown)
{
	struct console *console = ui->consoles.list[ui->first_console + shown];
	struct sandbox *sandbox = lab_find(ui->lab, console->name);
	struct rect rect = ui->layout.console[shown];
	char hint[ERR_HINT_MAX + 16] = "";
	int rows;

	if (!sandbox || !sandbox_failure(sandbox)[0])
		return;
	if (sandbox_failure_hint(sandbox)[0])
		snprintf(hint, sizeof(hint), "%s %s", tr("hint:"),
			 tr(sandbox_failure_hint(sandbox)));
	rows = put_wrapped(NULL, rect, 0, OUT_BAD, tr(sandbox_failure(sandbox))) +
	       put_wrapped(NULL, rect, 0, OUT_WARN, hint);
	rect.row += 1;
	rect.rows -= 1;
	if (rows < rect.rows) {
		rect.row += rect.rows - rows;
		rect.rows = rows;
	}
	rows = put_wrapped(&ui->canvas, rect, 0, OUT_BAD, tr(sandbox_failure(sandbox)));
	put_wrapped(&ui->canvas, rect, rows, OUT_WARN, hint);
}

static void draw_consoles(struct ui *ui)
{
	struct rect rect = ui->layout.pane[PANE_CONSOLES];

	canvas_clear(&ui->canvas, rect, STYLE_PLAIN);
	for (int i = 0; i < ui->layout.console_count; i++) {
		struct rect console = ui->layout.console[i];

		draw_console(ui, i);
		draw_failure(ui, i);
		if (i + 1 < ui->layout.console_count) {
			struct rect gap = {rect.row, console.column + console.columns, rect.rows,
					   1};

			canvas_line(&ui->canvas, gap, 0, 0, STYLE_PLAIN, LINE_TEE_DOWN, 1);
			canvas_line(&ui->canvas, gap, 1, 0, STYLE_PLAIN, LINE_VERTICAL,
				    rect.rows - 1);
		}
	}
}

/* ---- texts ---- */

struct full_out {
	struct out out; /* first */
	struct messages *text;
};

static void on_full_write(struct out *out, bool is_error, enum out_role role, const char *text,
			  size_t length)
{
	(void)is_error;
	messages_add(((struct full_out *)out)->text, role, text, length);
}

static void write_full(struct ui *ui, enum pane_id pane)
{
	struct full_out out = {
	    .out = {.write = on_full_write, .columns = (unsigned)ui->layout.pane[pane].columns},
	    .text = ui->full,
	};

	messages_clear(ui->full);
	panes[pane].write(&ui->view, &out.out);
	messages_end_line(ui->full);
}

/* Texts read from their top: scroll[] is the first row shown. */
static void draw_text(struct ui *ui, enum pane_id pane, const struct messages *text)
{
	struct rect inside = ui_inside(ui, pane);
	int hidden = messages_rows(text, inside.columns) - inside.rows;
	int below = hidden - ui->scroll[pane];

	if (below < 0)
		below = 0;
	messages_draw(text, &ui->canvas, inside, below);
	draw_more(ui, pane, ui->scroll[pane], below);
}

/* The messages are read from their end, but a command's output from its beginning. */
static void draw_messages(struct ui *ui)
{
	struct rect inside = ui_inside(ui, PANE_MESSAGES);
	int hidden, fresh;

	if (ui->is_following && inside.columns > 0) {
		fresh = messages_rows_since_mark(ui->messages, inside.columns) - inside.rows;
		ui->scroll[PANE_MESSAGES] = fresh > 0 ? fresh : 0;
	}
	hidden = ui_scroll_limit(ui, PANE_MESSAGES);
	if (ui->scroll[PANE_MESSAGES] > hidden)
		ui->scroll[PANE_MESSAGES] = hidden;
	messages_draw(ui->messages, &ui->canvas, inside, ui->scroll[PANE_MESSAGES]);
	draw_more(ui, PANE_MESSAGES, hidden - ui->scroll[PANE_MESSAGES], ui->scroll[PANE_MESSAGES]);
}

/* A command printed more than its area holds: the area takes the panes' place until the next
 * command. */
static void open_for_output(struct ui *ui)
{
	struct rect inside = ui_inside(ui, PANE_MESSAGES);
	enum pane_id before = ui->chosen == PANE_MESSAGES ? PANE_CONSOLES : ui->chosen;

	if (!ui->is_following || ui->is_quiet || ui->is_zoomed || inside.rows < 1 ||
	    ui->focus == FOCUS_SANDBOX ||
	    messages_rows_since_mark(ui->messages, inside.columns) <= inside.rows)
		return;
	ui_choose(ui, PANE_MESSAGES, true);
	ui->is_opened_for_it = true;
	ui->before_output = before;
}

/* ---- the bottom lines ---- */

static int draw_focus(struct ui *ui, struct rect rect)
{
	static const char *const names[] = {"PROMPT", "SANDBOX", "VIEW"};
	char text[128];

	if (ui->focus == FOCUS_PROMPT)
		snprintf(text, sizeof(text), " %s ", names[FOCUS_PROMPT]);
	else
		snprintf(text, sizeof(text), " %s %s ", names[ui->focus],
			 ui->focus == FOCUS_SANDBOX || ui->chosen == PANE_CONSOLES
			     ? ui->focus_name
			     : tr(panes[ui->chosen].title));
	return canvas_text(&ui->canvas, rect, 0, 0,
			   (struct style){.attributes = STYLE_REVERSE | STYLE_BOLD}, text);
}

/* Where room is short the key stands there without its label: the help page has it. */
static int draw_one_key(struct ui *ui, struct rect rect, int column, const char *keys,
			const char *label)
{
	int width = 2 + canvas_text_width(keys);
	bool has_label = column + width + 1 + canvas_text_width(label) <= rect.columns;

	if (column + width > rect.columns)
		return column;
	column += 2;
	column += canvas_text(&ui->canvas, rect, 0, column,
			      (struct style){.attributes = STYLE_BOLD}, keys);
	if (!has_label)
		return column;
	column += 1;
	return column + canvas_text(&ui->canvas, rect, 0, column, STYLE_PLAIN, label);
}

static void draw_keys(struct ui *ui)
{
	struct rect rect = ui->layout.keys;
	char escape[16];
	int column;

	canvas_clear(&ui->canvas, rect, STYLE_PLAIN);
	if (ui->is_searching) {
		column = canvas_textf(&ui->canvas, rect, 0, 0, STYLE_PLAIN, "/%s", ui->search);
		canvas_set_cursor(&ui->canvas, rect, 0, column);
		return;
	}
	column = draw_focus(ui, rect);
	if (ui->job.pid)
		column = draw_one_key(ui, rect, column, ui->job_name,
				      tr("is running (Ctrl-C ends it)"));
	if (ui->focus == FOCUS_PROMPT && ui->is_zoomed)
		column = draw_one_key(ui, rect, column, "Esc", tr("back"));
	else if (ui->focus == FOCUS_PROMPT)
		column = draw_one_key(ui, rect, column, "Tab", tr("complete"));
	for (const struct keymap_entry *entry = keymap; entry->action; entry++)
		if (entry->on_line & (1U << ui->focus))
			column = draw_one_key(ui, rect, column,
					      entry->keys ? entry->keys
							  : input_control_name(ui->escape, escape),
					      tr(entry->label));
	if (ui->focus == FOCUS_PROMPT)
		draw_one_key(ui, rect, column, "F5-F9", tr("panes"));
}

static void draw_too_small(struct ui *ui)
{
	struct rect all = {0, 0, ui->rows, ui->columns};

	canvas_clear(&ui->canvas, all, STYLE_PLAIN);
	canvas_text(&ui->canvas, all, ui->rows / 2, 0, STYLE_PLAIN, tr("needs 40x12 or more"));
}

/* ---- the turn ---- */

/* The small form; how many rows it has no room for stands behind its name, if there is room. */
static void draw_small(struct ui *ui, enum pane_id pane)
{
	struct rect rect = ui->layout.pane[pane];
	int below = panes[pane].draw(&ui->canvas, rect, &ui->view);
	int column = 5 + canvas_text_width(tr(panes[pane].title));
	char text[16];

	snprintf(text, sizeof(text), "+%d ", below);
	for (size_t i = 0; i < strlen(text); i++) {
		const struct cell *cell = canvas_cell(&ui->canvas, rect.row,
						      rect.column + column + (int)i);

		if (!cell || cell->kind != CELL_LINE)
			return;
	}
	if (below > 0)
		canvas_text(&ui->canvas, rect, 0, column, STYLE_PLAIN, text);
}

static void draw_pane(struct ui *ui, enum pane_id pane)
{
	if (!ui->layout.pane[pane].rows)
		return;
	if (pane == PANE_CONSOLES) {
		draw_consoles(ui);
		return;
	}
	draw_title(ui, pane);
	if (pane == PANE_MESSAGES) {
		draw_messages(ui);
	} else if (pane == PANE_LESSON) {
		ui_lesson_write(ui, ui_inside(ui, pane).columns);
		if (ui->scroll[pane] > ui_scroll_limit(ui, pane))
			ui->scroll[pane] = ui_scroll_limit(ui, pane);
		draw_text(ui, pane, ui->lesson);
	} else if (is_full(ui, pane)) {
		write_full(ui, pane);
		draw_text(ui, pane, ui->full);
	} else {
		draw_small(ui, pane);
	}
}

/* The line between two panes side by side. */
static void draw_gap(struct ui *ui, enum pane_id right)
{
	struct rect rect = ui->layout.pane[right];
	struct rect gap = {rect.row, rect.column - 1, rect.rows, 1};

	if (!rect.rows || rect.column < 1)
		return;
	canvas_line(&ui->canvas, gap, 0, 0, STYLE_PLAIN, LINE_TEE_DOWN, 1);
	canvas_line(&ui->canvas, gap, 1, 0, STYLE_PLAIN, LINE_VERTICAL, rect.rows - 1);
}

static void begin_layout(struct ui *ui)
{
	if (ui->canvas.rows != ui->rows || ui->canvas.columns != ui->columns)
		canvas_resize(&ui->canvas, ui->rows, ui->columns);
	canvas_clear(&ui->canvas, (struct rect){0, 0, ui->rows, ui->columns}, STYLE_PLAIN);
	ui_place(ui);
	ui->dirty = DIRTY_ALL & ~(unsigned)DIRTY_LAYOUT;
	draw_gap(ui, PANE_RESOURCES);
	draw_gap(ui, PANE_LESSON);
}

void ui_draw(struct ui *ui)
{
	if (!ui->dirty)
		return;
	open_for_output(ui);
	if (ui->dirty & DIRTY_LAYOUT)
		begin_layout(ui);
	/* The one who has the focus draws the cursor: its part is drawn whenever the cursor is
	 * asked for anew. */
	ui->canvas.has_cursor = false;
	if (ui->layout.is_too_small) {
		draw_too_small(ui);
	} else {
		unsigned cursor_pane = ui->focus == FOCUS_SANDBOX ? DIRTY_PANE(PANE_CONSOLES) : 0;

		for (int pane = 0; pane < PANE_COUNT; pane++)
			if ((ui->dirty | cursor_pane) & DIRTY_PANE(pane))
				draw_pane(ui, (enum pane_id)pane);
		if (ui->layout.strip.rows && ui->dirty & DIRTY_PANE(PANE_BOOT))
			boot_draw_strip(&ui->canvas, ui->layout.strip, &ui->view);
		if (ui->dirty & DIRTY_KEYS || ui->is_searching)
			draw_keys(ui);
		prompt_draw(&ui->canvas, ui->layout.prompt,
			    ui->focus == FOCUS_PROMPT && !ui->is_searching);
	}
	ui->dirty = 0;
	screen_paint(ui->screen, &ui->canvas);
	ui->painted_ns = clock_now_ns();
}
