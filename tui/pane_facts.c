/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts pane: what a program inside sees, probe by probe, next to what the host has; the
 * verdict as a word, never as a colour alone.
 */
#include <stdio.h>
#include <string.h>

#include "pane.h"
#include "ui_text.h"

enum {
	VERDICT_COLUMNS = 6, /* "shared" */
	VALUE_COLUMNS = 12,
	HEAD_COLUMNS_MAX = 14,
	LABEL_COLUMNS = 10,
	LABEL_COLUMNS_WIDE = 22,
	SANDBOXES_MAX = 6,
};

static struct style verdict_style(enum verdict verdict)
{
	static const struct style styles[] = {
	    [VERDICT_UNKNOWN] = {.attributes = STYLE_DIM},
	    [VERDICT_OWN] = {.foreground = STYLE_COLOUR + 4, .attributes = STYLE_BOLD},
	    [VERDICT_SHARED] = {.foreground = STYLE_COLOUR + 3},
	    [VERDICT_HIDDEN] = {.foreground = STYLE_COLOUR + 6},
	    [VERDICT_NONE] = {.attributes = STYLE_DIM},
	};

	return styles[verdict];
}

static const char *verdict_word(enum verdict verdict)
{
	/* The words stand here too, so that they get into the catalogue of translations. */
	static const char *const words[] = {N_("own"), N_("shared"), N_("hidden"), N_("none")};

	(void)words;
	return verdict == VERDICT_UNKNOWN ? "-" : tr(verdict_name(verdict));
}

static const struct fact *fact_of(const struct sandbox *sandbox, int probe)
{
	const struct facts *facts = sandbox_facts(sandbox);

	return facts ? &facts->fact[probe] : NULL;
}

/* How the width is shared: a label, the host's value if there is room, a column for each
 * sandbox. */
struct columns {
	int label, host;
	int start[SANDBOXES_MAX + 1]; /* of each sandbox, and the end of the last */
	size_t first, count;          /* of the sandboxes shown */
};

/* As wide as its head or a verdict, and a blank. */
static int head_columns(const struct view *view, size_t i)
{
	int width = canvas_text_width(view_label(view, lab_at(view->lab, i)));

	if (width < VERDICT_COLUMNS)
		width = VERDICT_COLUMNS;
	return (width < HEAD_COLUMNS_MAX ? width : HEAD_COLUMNS_MAX) + 1;
}

/* What the label would have left if the sandboxes from `first` on, `count` of them, were shown. */
static int left_for_label(int width, const struct view *view, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		width -= head_columns(view, first + i);
	return width;
}

static struct columns share_columns(int width, const struct view *view)
{
	size_t all = lab_count(view->lab);
	struct columns c = {.count = all < SANDBOXES_MAX ? all : SANDBOXES_MAX};
	int extra = 0, shares, at;

	/* Not all fit: those whose consoles are shown, as many as fit. */
	if (c.count < all || left_for_label(width, view, 0, c.count) < LABEL_COLUMNS)
		c.first = (size_t)view->first_sandbox < all ? (size_t)view->first_sandbox : 0;
	if (c.count > all - c.first)
		c.count = all - c.first;
	while (c.count > 1 && left_for_label(width, view, c.first, c.count) < LABEL_COLUMNS)
		c.count--;
	c.label = left_for_label(width, view, c.first, c.count);
	shares = (int)c.count + (view->host != NULL);
	if (shares && c.label - LABEL_COLUMNS_WIDE >= VALUE_COLUMNS * shares) {
		extra = (c.label - LABEL_COLUMNS_WIDE) / shares;
		c.label = LABEL_COLUMNS_WIDE;
		c.host = view->host ? extra : 0;
	}
	at = c.label + c.host;
	for (size_t i = 0; i < c.count; i++) {
		c.start[i] = at;
		at += head_columns(view, c.first + i) + extra;
	}
	c.start[c.count] = at;
	return c;
}

/* The column of one sandbox, without the blank before the next. */
static struct rect column_of(struct rect rect, const struct columns *c, size_t i)
{
	return (struct rect){rect.row, rect.column + c->start[i], rect.rows,
			     c->start[i + 1] - c->start[i] - 1};
}

static void draw_heads(struct canvas *canvas, struct rect rect, const struct view *view,
		       const struct columns *c)
{
	if (c->host)
		canvas_textf(canvas, rect, 0, c->label - 1, STYLE_PLAIN, " %s ", tr("host"));
	for (size_t i = 0; i < c->count; i++) {
		struct rect cell = column_of(rect, c, i);

		cell.column -= 1; /* a blank on either side breaks the title's line */
		cell.columns += 2;
		canvas_textf(canvas, cell, 0, 0, STYLE_PLAIN, " %s ",
			     view_label(view, lab_at(view->lab, c->first + i)));
	}
}

static void draw_fact(struct canvas *canvas, struct rect cell, int row, const struct fact *fact,
		      bool has_value)
{
	enum verdict verdict = fact ? fact->verdict : VERDICT_UNKNOWN;

	canvas_text(canvas, cell, row, 0, verdict_style(verdict), verdict_word(verdict));
	if (has_value && fact)
		canvas_text(canvas, cell, row, 7,
			    fact->is_absent ? (struct style){.attributes = STYLE_DIM} : STYLE_PLAIN,
			    fact->value);
}

static void draw_probe(struct canvas *canvas, struct rect rect, int row, const struct view *view,
		       const struct columns *c, int probe)
{
	struct rect label = {rect.row, rect.column, rect.rows, c->label - 1};

	canvas_text(canvas, label, row, 1, STYLE_PLAIN, tr(probes[probe].label));
	if (c->host && view->host) {
		struct rect host = {rect.row, rect.column + c->label, rect.rows, c->host - 1};

		canvas_text(canvas, host, row, 0, STYLE_PLAIN, view->host->fact[probe].value);
	}
	for (size_t i = 0; i < c->count; i++)
		draw_fact(canvas, column_of(rect, c, i), row,
			  fact_of(lab_at(view->lab, c->first + i), probe), c->host > 0);
}

int facts_draw(struct canvas *canvas, struct rect rect, const struct view *view)
{
	struct columns c = share_columns(rect.columns, view);
	int count = (int)probe_count(), first = view->first[PANE_FACTS], row = 1;

	draw_heads(canvas, rect, view, &c);
	for (int probe = first; probe < count && row < rect.rows; probe++)
		draw_probe(canvas, rect, row++, view, &c, probe);
	return count - first - (row - 1);
}

static void write_fact(struct out *out, const char *who, const struct fact *fact, bool has_verdict)
{
	out_printf(out, "    ");
	out_cell(out, OUT_PLAIN, 16, who);
	if (has_verdict)
		out_cell(out, OUT_TITLE, 8, verdict_word(fact ? fact->verdict : VERDICT_UNKNOWN));
	else
		out_cell(out, OUT_PLAIN, 8, "");
	if (!fact || !fact->value[0])
		out_role_printf(out, OUT_DIM, "-\n");
	else
		out_role_printf(out, fact->is_absent ? OUT_DIM : OUT_PLAIN, "\v%s\n", fact->value);
}

void facts_write(const struct view *view, struct out *out)
{
	out_printf(
	    out, "%s\n",
	    tr("own: its own, other than the host's. shared: the very same object. hidden: the "
	       "host has it, from inside it cannot be seen. none: there is no such thing."));
	for (int probe = 0; probes[probe].name; probe++) {
		out_role_printf(out, OUT_TITLE, "\n%s", tr(probes[probe].label));
		out_role_printf(out, OUT_DIM, "  %s, %s\n", probes[probe].name, probes[probe].how);
		out_printf(out, "  %s\n", tr(probes[probe].about));
		if (view->host)
			write_fact(out, tr("host"), &view->host->fact[probe], false);
		for (size_t i = 0; i < lab_count(view->lab); i++) {
			const struct sandbox *sandbox = lab_at(view->lab, i);

			write_fact(out, sandbox_name(sandbox), fact_of(sandbox, probe), true);
		}
	}
}
