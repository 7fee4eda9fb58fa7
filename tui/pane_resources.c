/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The resources pane: CPU time, memory, overhead and VM exits of each sandbox, sampled from outside
 * twice a second, with a little history of the CPU. A rate is the difference of two samples: with
 * one sample there is none, and '-' is shown.
 */
#include <stdio.h>
#include <string.h>

#include "pane.h"
#include "ui_text.h"

enum { LABEL = 10, CPU = 8, MEMORY = 10, OVERHEAD = 10, EXITS = 9 };

/* Tenths of a per cent of one CPU between sample k and the one before it; -1 = not known. */
static int cpu_permille(const struct sandbox *sandbox, unsigned k)
{
	const struct sample *now = sandbox_sample(sandbox, k),
			    *then = sandbox_sample(sandbox, k + 1);

	if (!now || !then || now->t_ns <= then->t_ns || now->cpu_ns < then->cpu_ns)
		return -1;
	return (int)((now->cpu_ns - then->cpu_ns) * 1000 / (now->t_ns - then->t_ns));
}

static long long exits_per_second(const struct sandbox *sandbox)
{
	const struct sample *now = sandbox_sample(sandbox, 0), *then = sandbox_sample(sandbox, 1);

	if (!now || !then || !now->has_exits || now->t_ns <= then->t_ns || now->exits < then->exits)
		return -1;
	return (long long)((now->exits - then->exits) * 1000000000ULL / (now->t_ns - then->t_ns));
}

static bool is_alive(const struct sandbox *sandbox)
{
	enum sandbox_state state = sandbox_state(sandbox);

	return state == SANDBOX_RUNNING || state == SANDBOX_PAUSED;
}

/* The figures as text: cpu, memory, overhead, exits. */
struct figures {
	char cpu[24], memory[24], overhead[24], exits[24];
};

static struct figures figures_of(const struct sandbox *sandbox)
{
	const struct sample *sample = is_alive(sandbox) ? sandbox_sample(sandbox, 0) : NULL;
	struct figures f = {"-", "-", "-", "-"};
	int cpu = sample ? cpu_permille(sandbox, 0) : -1;
	long long exits = sample ? exits_per_second(sandbox) : -1;

	if (cpu >= 0)
		snprintf(f.cpu, sizeof(f.cpu), "%d.%d %%", cpu / 10, cpu % 10);
	if (exits >= 0)
		snprintf(f.exits, sizeof(f.exits), "%lld", exits);
	if (sample) {
		str_format_bytes(f.memory, sizeof(f.memory), sample->memory_bytes);
		str_format_bytes(f.overhead, sizeof(f.overhead), sample->overhead_bytes);
	}
	return f;
}

/* The CPU of the last `columns` samples, the newest at the right, from '.' (idle) to '#' (a
 * whole CPU or more). */
static void history(const struct sandbox *sandbox, char *text, int columns)
{
	static const char levels[] = ".:-=+*%#";

	for (int i = 0; i < columns; i++) {
		int cpu = cpu_permille(sandbox, (unsigned)(columns - 1 - i));
		int level = cpu / 125;

		text[i] = cpu < 0 ? ' ' : levels[level > 7 ? 7 : level];
	}
	text[columns] = '\0';
}

static void draw_heads(struct canvas *canvas, struct rect rect, int exits, int past)
{
	int column = LABEL + CPU;

	canvas_text_right(canvas, rect, 0, column, STYLE_PLAIN, tr(" cpu"));
	canvas_text_right(canvas, rect, 0, column += MEMORY, STYLE_PLAIN, tr(" memory"));
	canvas_text_right(canvas, rect, 0, column += OVERHEAD, STYLE_PLAIN, tr(" overhead"));
	if (exits)
		canvas_text_right(canvas, rect, 0, column += exits, STYLE_PLAIN, tr(" exits/s"));
	if (past)
		canvas_text(canvas, rect, 0, column, STYLE_PLAIN, tr(" cpu, last seconds "));
}

static void draw_sandbox(struct canvas *canvas, struct rect rect, int row, const struct view *view,
			 const struct sandbox *sandbox, int exits)
{
	struct figures f = figures_of(sandbox);
	struct rect label = {rect.row, rect.column, rect.rows, LABEL};
	int column = LABEL + CPU, past;
	char text[SAMPLES_KEPT + 1];

	canvas_text(canvas, label, row, 1, STYLE_PLAIN, view_label(view, sandbox));
	canvas_text_right(canvas, rect, row, column, STYLE_PLAIN, f.cpu);
	canvas_text_right(canvas, rect, row, column += MEMORY, STYLE_PLAIN, f.memory);
	canvas_text_right(canvas, rect, row, column += OVERHEAD, STYLE_PLAIN, f.overhead);
	if (exits)
		canvas_text_right(canvas, rect, row, column += exits, STYLE_PLAIN, f.exits);
	past = rect.columns - column - 2;
	if (past < 8 || !is_alive(sandbox))
		return;
	history(sandbox, text, past < SAMPLES_KEPT ? past : SAMPLES_KEPT);
	canvas_text(canvas, rect, row, column + 1, STYLE_PLAIN, text);
}

int resources_draw(struct canvas *canvas, struct rect rect, const struct view *view)
{
	int fixed = LABEL + CPU + MEMORY + OVERHEAD;
	int exits = rect.columns >= fixed + EXITS ? EXITS : 0;
	int count = (int)lab_count(view->lab), first = view->first[PANE_RESOURCES], row = 1;

	draw_heads(canvas, rect, exits, rect.columns >= fixed + EXITS + 18);
	for (int i = first; i < count && row < rect.rows; i++)
		draw_sandbox(canvas, rect, row++, view, lab_at(view->lab, (size_t)i), exits);
	return count - first - (row - 1);
}

void resources_write(const struct view *view, struct out *out)
{
	char past[61];

	out_printf(
	    out, "%s\n\n",
	    tr("Sampled from outside, twice a second. cpu: of one processor, the worker included. "
	       "memory: what the programs inside use (vm: guest RAM touched). overhead: the "
	       "worker itself. exits: how often the processor left the guest."));
	out_cell(out, OUT_TITLE, 20, "");
	out_cell(out, OUT_TITLE, -9, tr("cpu"));
	out_cell(out, OUT_TITLE, -11, tr("memory"));
	out_cell(out, OUT_TITLE, -11, tr("overhead"));
	out_cell(out, OUT_TITLE, -10, tr("exits/s"));
	out_role_printf(out, OUT_TITLE, "\n");
	for (size_t i = 0; i < lab_count(view->lab); i++) {
		const struct sandbox *sandbox = lab_at(view->lab, i);
		struct figures f = figures_of(sandbox);

		out_cell(out, OUT_PLAIN, 20, sandbox_name(sandbox));
		out_cell(out, OUT_PLAIN, -9, f.cpu);
		out_cell(out, OUT_PLAIN, -11, f.memory);
		out_cell(out, OUT_PLAIN, -11, f.overhead);
		out_cell(out, OUT_PLAIN, -10, f.exits);
		out_printf(out, "\n");
		if (!is_alive(sandbox))
			continue;
		history(sandbox, past, (int)sizeof(past) - 1);
		out_printf(out, "  %s %s\n", tr("cpu of the last 30 s:"), past);
	}
}
