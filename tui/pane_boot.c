/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The boot pane: for each sandbox its steps from `request` to `ready`, as bars on one time axis
 * that all share.
 *
 * A step is drawn from its start to its end, as much of its name in it as fits; a step thinner than
 * a column is not drawn (the full form lists it). Marks stand where figures must not be compared:
 * '*' started together, '~' an acceleration without a verdict on time.
 */
#include <stdio.h>
#include <string.h>

#include "pane.h"
#include "ui_text.h"

enum {
	LABEL_COLUMNS = 13,
	TOTAL_COLUMNS = 11,
	BAR_START = LABEL_COLUMNS + TOTAL_COLUMNS + 1,
	WIDE_COLUMNS = 110, /* the full form has room for bars, too */
};

/* One colour per step, the same on every wall. */
static const struct {
	const char *name;
	int colour;
} step_colours[] = {
    {"worker", 4},     {"clone", 6},   {"cgroup", 5},     {"idmap", 3},        {"mounts", 4},
    {"pivot", 6},      {"network", 3}, {"caps", 5},       {"seccomp", 4},      {"exec", 3},
    {"kvm_open", 6},   {"kvm_vm", 5},  {"kvm_memory", 3}, {"kvm_vcpu", 4},     {"load", 6},
    {"devicetree", 5}, {"enter", 4},   {"lockdown", 3},   {"kernel_entry", 6}, {"kernel_ready", 5},
    {"init", 4},
};

static bool has_no_verdict(const struct sandbox *sandbox)
{
	return sandbox_no_verdict(sandbox);
}

/* The end of what is known: ready, or the last step's end while it still starts. */
static uint64_t known_ns(const struct timeline *timeline)
{
	uint64_t end = timeline_total_ns(timeline);

	if (!timeline->request_ns)
		return 0;
	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_step *step = &timeline->steps[i];
		uint64_t step_end = step->start_ns + step->duration_ns;

		if (step->start_ns >= timeline->request_ns && step_end - timeline->request_ns > end)
			end = step_end - timeline->request_ns;
	}
	return end;
}

static uint64_t longest_ns(const struct view *view)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < lab_count(view->lab); i++) {
		uint64_t ns = known_ns(sandbox_timeline(lab_at(view->lab, i)));

		longest = ns > longest ? ns : longest;
	}
	return longest;
}

static struct style step_style(const char *name, bool is_grey)
{
	struct style style = {.attributes = STYLE_REVERSE};

	if (is_grey) {
		style.attributes |= STYLE_DIM;
		return style;
	}
	for (size_t i = 0; i < sizeof(step_colours) / sizeof(step_colours[0]); i++)
		if (strcmp(step_colours[i].name, name) == 0)
			style.foreground = (uint16_t)(STYLE_COLOUR + step_colours[i].colour);
	return style;
}

static void draw_steps(struct canvas *canvas, struct rect bar, int row,
		       const struct sandbox *sandbox, uint64_t longest)
{
	const struct timeline *timeline = sandbox_timeline(sandbox);
	int end = (int)(known_ns(timeline) * (uint64_t)bar.columns / longest);

	/* Time that is in no step: it waited for the processor, or for one another. */
	for (int column = 0; column < end; column++)
		canvas_text(canvas, bar, row, column, (struct style){.attributes = STYLE_DIM}, ".");
	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_step *step = &timeline->steps[i];
		struct style style = step_style(step->name, has_no_verdict(sandbox));
		uint64_t start = step->start_ns - timeline->request_ns;
		struct rect part = bar;
		int from, to;

		if (step->start_ns < timeline->request_ns || start + step->duration_ns > longest)
			continue;
		from = (int)(start * (uint64_t)bar.columns / longest);
		to = (int)((start + step->duration_ns) * (uint64_t)bar.columns / longest);
		if (to <= from)
			continue;
		part.column += from;
		part.columns = to - from;
		for (int column = 0; column < part.columns; column++)
			canvas_text(canvas, part, row, column, style, column ? "-" : "|");
		part.column += 1;
		part.columns -= 1;
		canvas_text(canvas, part, row, 0, style, step->name);
	}
}

static const char *marks(const struct sandbox *sandbox)
{
	bool is_together = sandbox_started_together(sandbox);

	return is_together ? (has_no_verdict(sandbox) ? "*~" : "*")
			   : (has_no_verdict(sandbox) ? "~" : "");
}

static void draw_row(struct canvas *canvas, struct rect rect, int row, const struct view *view,
		     const struct sandbox *sandbox, uint64_t longest)
{
	uint64_t total = timeline_total_ns(sandbox_timeline(sandbox));
	struct rect label = {rect.row, rect.column, rect.rows, LABEL_COLUMNS};
	struct rect bar = {rect.row, rect.column + BAR_START, rect.rows, rect.columns - BAR_START};
	char figure[32], text[48];

	canvas_text(canvas, label, row, 1, STYLE_PLAIN, view_label(view, sandbox));
	if (total)
		snprintf(text, sizeof(text), "%s%-2s", str_format_ns(figure, sizeof(figure), total),
			 marks(sandbox));
	else
		snprintf(text, sizeof(text), "%s  ",
			 sandbox_state(sandbox) == SANDBOX_STARTING ? "..." : "-");
	canvas_text_right(canvas, rect, row, LABEL_COLUMNS + TOTAL_COLUMNS,
			  total ? (struct style){.attributes = STYLE_BOLD} : STYLE_PLAIN, text);
	if (longest && bar.columns > 0)
		draw_steps(canvas, bar, row, sandbox, longest);
}

/* 1, 2 or 5 times a power of ten, so that a tick has at least 14 columns. */
static uint64_t tick_ns(uint64_t longest, int columns)
{
	uint64_t least = longest * 14 / (uint64_t)(columns > 14 ? columns : 14), power = 1;

	while (power * 10 <= least)
		power *= 10;
	return power >= least       ? power
	       : power * 2 >= least ? power * 2
	       : power * 5 >= least ? power * 5
				    : power * 10;
}

static void draw_axis(struct canvas *canvas, struct rect rect, int row, uint64_t longest)
{
	struct rect bar = {rect.row, rect.column + BAR_START, rect.rows, rect.columns - BAR_START};
	uint64_t tick;

	if (!longest || bar.columns < 10)
		return;
	tick = tick_ns(longest, bar.columns);
	for (uint64_t at = 0; at < longest; at += tick) {
		int column = (int)(at * (uint64_t)bar.columns / longest);
		char figure[32], text[48];

		snprintf(text, sizeof(text), "|%s",
			 at ? str_format_ns(figure, sizeof(figure), at) : "0");
		if (column + (int)strlen(text) <= bar.columns)
			canvas_text(canvas, bar, row, column,
				    (struct style){.attributes = STYLE_DIM}, text);
	}
}

static void draw_legend(struct canvas *canvas, struct rect rect, const struct view *view)
{
	bool is_together = false, is_grey = false;
	char text[256];

	for (size_t i = 0; i < lab_count(view->lab); i++) {
		is_together |= sandbox_started_together(lab_at(view->lab, i));
		is_grey |= has_no_verdict(lab_at(view->lab, i));
	}
	snprintf(text, sizeof(text), "%s%s ", is_together ? tr(" * started together") : "",
		 is_grey ? tr(" ~ kvm-pvm or tcg: no verdict on time") : "");
	if (text[1])
		canvas_text_right(canvas, rect, 0, rect.columns - 1, STYLE_PLAIN, text);
}

int boot_draw(struct canvas *canvas, struct rect rect, const struct view *view)
{
	uint64_t longest = longest_ns(view);
	size_t count = lab_count(view->lab), first = (size_t)view->first[PANE_BOOT];
	int row = 1;

	draw_legend(canvas, rect, view);
	for (size_t i = first; i < count && row < rect.rows - 1; i++)
		draw_row(canvas, rect, row++, view, lab_at(view->lab, i), longest);
	draw_axis(canvas, rect, row, longest);
	return (int)count - (int)first - (row - 1);
}

void boot_draw_strip(struct canvas *canvas, struct rect rect, const struct view *view)
{
	const char *keys = tr(" F5 boot F6 facts F7 resources ");
	struct rect left = rect;
	int column = 1;

	canvas_clear(canvas, rect, STYLE_PLAIN);
	canvas_line(canvas, rect, 0, 0, STYLE_PLAIN, LINE_HORIZONTAL, rect.columns);
	canvas_text_right(canvas, rect, 0, rect.columns - 1, STYLE_PLAIN, keys);
	left.columns -= canvas_text_width(keys) + 1;
	for (size_t i = 0; i < lab_count(view->lab); i++) {
		const struct sandbox *sandbox = lab_at(view->lab, i);
		uint64_t total = timeline_total_ns(sandbox_timeline(sandbox));
		char figure[32], text[128];

		snprintf(text, sizeof(text), " %s %s%s", view_label(view, sandbox),
			 total ? str_format_ns(figure, sizeof(figure), total) : "...",
			 marks(sandbox));
		if (column + canvas_text_width(text) > left.columns)
			return;
		column += canvas_text(canvas, left, 0, column, STYLE_PLAIN, text);
	}
}

/* ---- the full form ---- */

static void write_bar(struct out *out, uint64_t start, uint64_t duration, uint64_t longest)
{
	enum { BAR = 30 };
	char bar[BAR + 1];
	uint64_t from = start * BAR / longest, to = (start + duration) * BAR / longest;

	for (uint64_t i = 0; i < BAR; i++)
		bar[i] = (char)(i >= from && (i < to || i == from) ? '=' : ' ');
	bar[BAR] = '\0';
	out_printf(out, " |%s|", bar);
}

static void write_step(struct out *out, const struct timeline *timeline,
		       const struct timeline_step *step, uint64_t longest)
{
	const char *about = timeline_step_about(step->name);
	uint64_t start = step->start_ns - timeline->request_ns;
	char figure[32];

	if (step->start_ns < timeline->request_ns || start + step->duration_ns > longest)
		return;
	out_printf(out, "  ");
	out_cell(out, OUT_PLAIN, 13, step->name);
	out_cell(out, OUT_PLAIN, -9, str_format_ns(figure, sizeof(figure), start));
	out_cell(out, OUT_TITLE, -9, str_format_ns(figure, sizeof(figure), step->duration_ns));
	if (out->columns >= WIDE_COLUMNS)
		write_bar(out, start, step->duration_ns, longest);
	out_role_printf(out, OUT_DIM, "  \v%s\n", step->why[0] ? step->why : about ? about : "");
}

static void write_boot(struct out *out, const struct sandbox *sandbox, uint64_t longest)
{
	const struct timeline *timeline = sandbox_timeline(sandbox);
	uint64_t total = timeline_total_ns(timeline);
	char figure[32];

	out_role_printf(out, OUT_TITLE, "\n%s", sandbox_name(sandbox));
	out_printf(out, "  %s %s %s  %s %s%s\n", sandbox_kind(sandbox), sandbox_flavour(sandbox),
		   sandbox_accel(sandbox),
		   total ? str_format_ns(figure, sizeof(figure), total) : "-", tr("(n=1)"),
		   marks(sandbox));
	for (size_t k = 0; longest && k < timeline->count; k++)
		write_step(out, timeline, &timeline->steps[k], longest);
	if (timeline->first_output_ns > timeline->request_ns && timeline->request_ns)
		out_printf(out, "  %s %s\n", tr("first output after"),
			   str_format_ns(figure, sizeof(figure),
					 timeline->first_output_ns - timeline->request_ns));
}

void boot_write(const struct view *view, struct out *out)
{
	uint64_t longest = longest_ns(view);

	out_printf(
	    out, "%s\n",
	    tr("Each step from the request until the sandbox accepts commands: when it began, "
	       "how long it took. Dots in the small picture: time between steps."));
	for (size_t i = 0; i < lab_count(view->lab); i++) {
		const struct sandbox *sandbox = lab_at(view->lab, i), *inner;

		write_boot(out, sandbox, longest);
		for (size_t k = 0; (inner = sandbox_inner(sandbox, k)) != NULL; k++)
			write_boot(out, inner, longest); /* each from its own request on */
	}
}
