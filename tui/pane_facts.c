/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts pane: what a program inside sees, probe by probe, next to what the host has; the
 * verdict as a word, never as a colour alone.
 */
#include <stdio.h>
#include <string.h>

#include "pane.h"
#include "ui_text.h"

enum { VERDICT_COLUMNS = 9, VALUE_COLUMNS = 12, SANDBOXES_MAX = 6 };

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
	int label, host, each;
	size_t count;
};

static struct columns share_columns(int width, const struct view *view)
{
	struct columns c = {.count = lab_count(view->lab)};
	int left;

	if (c.count > SANDBOXES_MAX)
		c.count = SANDBOXES_MAX;
	c.each = VERDICT_COLUMNS;
	c.label = width - 1 - (int)c.count * c.each;
	while (c.label < 10 && c.count > 1)
		c.label = width - 1 - (int)--c.count * c.each;
	left = c.label - 22;
	if (left < VALUE_COLUMNS * (int)(c.count + 1))
		return c;
	c.label = 22;
	c.host = left / (int)(c.count + 1);
	c.each += c.host;
	return c;
}

static void draw_heads(struct canvas *canvas, struct rect rect, const struct view *view,
		       struct columns c)
{
	struct rect cell = rect;

	if (c.host)
		canvas_textf(canvas, rect, 0, c.label, STYLE_PLAIN, " %s ", tr("host"));
	for (size_t i = 0; i < c.count; i++) {
		cell.column = rect.column + c.label + c.host + (int)i * c.each;
		cell.columns = c.each;
		canvas_text(canvas, cell, 0, 0, STYLE_PLAIN,
			    view_label(view, lab_at(view->lab, i)));
	}
}

static void draw_fact(struct canvas *canvas, struct rect cell, int row, const struct fact *fact,
		      bool has_value)
{
	enum verdict verdict = fact ? fact->verdict : VERDICT_UNKNOWN;

	cell.columns -= 1; /* a blank before the next column */
	canvas_text(canvas, cell, row, 0, verdict_style(verdict), verdict_word(verdict));
	if (has_value && fact)
		canvas_text(canvas, cell, row, 7,
			    fact->is_absent ? (struct style){.attributes = STYLE_DIM} : STYLE_PLAIN,
			    fact->value);
}

static void draw_probe(struct canvas *canvas, struct rect rect, int row, const struct view *view,
		       struct columns c, int probe)
{
	struct rect label = {rect.row, rect.column, rect.rows, c.label - 1};
	struct rect cell = rect;

	canvas_text(canvas, label, row, 1, STYLE_PLAIN, tr(probes[probe].label));
	if (c.host && view->host) {
		cell.column = rect.column + c.label;
		cell.columns = c.host - 1;
		canvas_text(canvas, cell, row, 0, STYLE_PLAIN, view->host->fact[probe].value);
	}
	for (size_t i = 0; i < c.count; i++) {
		cell.column = rect.column + c.label + c.host + (int)i * c.each;
		cell.columns = c.each;
		draw_fact(canvas, cell, row, fact_of(lab_at(view->lab, i), probe), c.host > 0);
	}
}

int facts_draw(struct canvas *canvas, struct rect rect, const struct view *view)
{
	struct columns c = share_columns(rect.columns, view);
	int count = (int)probe_count(), first = view->first[PANE_FACTS], row = 1;

	draw_heads(canvas, rect, view, c);
	for (int probe = first; probe < count && row < rect.rows; probe++)
		draw_probe(canvas, rect, row++, view, c, probe);
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
		out_role_printf(out, fact->is_absent ? OUT_DIM : OUT_PLAIN, "%s\n", fact->value);
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
