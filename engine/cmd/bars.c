/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boots as text: one line per step with its start, its duration and a bar, all sandboxes on one
 * axis that begins at `request`. What stands inside a sandbox follows it, counted from the request
 * of that one. Only ASCII draws the bars, so that they look the same everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "str.h"

enum { NAME_COLUMNS = 14, FIGURE_COLUMNS = 9, BAR_MIN = 10 };

/* So soon after the boot that it may stand on its axis: what comes much later, when somebody types,
 * must not squeeze the boot. */
static bool is_near(const struct timeline *timeline, uint64_t t_ns)
{
	return t_ns < timeline->ready_ns + timeline_total_ns(timeline) / 4;
}

static uint64_t end_of(const struct timeline *timeline)
{
	uint64_t end = timeline->ready_ns;

	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_step *step = &timeline->steps[i];

		if ((strcmp(step->name, "first_output") != 0 ||
		     is_near(timeline, step->start_ns)) &&
		    step->start_ns + step->duration_ns > end)
			end = step->start_ns + step->duration_ns;
	}
	return end;
}

/* How long an axis must be for it and what soon stands inside it. */
static uint64_t axis_of(const struct sandbox *s)
{
	const struct timeline *timeline = sandbox_timeline(s);
	uint64_t end = end_of(timeline);
	const struct sandbox *inner;

	for (size_t k = 0; (inner = sandbox_inner(s, k)) != NULL; k++) {
		uint64_t inner_end = end_of(sandbox_timeline(inner));
		if (is_near(timeline, sandbox_timeline(inner)->request_ns) && inner_end > end)
			end = inner_end;
	}
	return end > timeline->request_ns ? end - timeline->request_ns : 0;
}

/* `width` characters with the step's place on an axis of `axis_ns` marked; at least one mark. What
 * lies between `idle_ns`, the end of the step before, and its start is dotted. */
static void draw_bar(char *bar, unsigned width, uint64_t idle_ns, uint64_t start_ns,
		     uint64_t duration_ns, uint64_t axis_ns)
{
	unsigned idle = axis_ns && idle_ns < start_ns ? (unsigned)(idle_ns * width / axis_ns)
						      : width;
	unsigned from = axis_ns ? (unsigned)(start_ns * width / axis_ns) : 0;
	unsigned to = axis_ns ? (unsigned)((start_ns + duration_ns) * width / axis_ns) : 0;

	bar[0] = 0;
	if (from >= width && start_ns > axis_ns)
		return; /* outside of the axis */
	if (from >= width)
		from = width - 1;
	if (to > width)
		to = width;
	memset(bar, ' ', from);
	if (idle < from)
		memset(bar + idle, '.', from - idle);
	if (duration_ns == 0 || to <= from) {
		bar[from] = '|';
		to = from + 1;
	} else {
		memset(bar + from, '=', to - from);
	}
	bar[to] = 0;
}

/* When the steps before number `index` had all ended. */
static uint64_t idle_since(const struct timeline *timeline, size_t index)
{
	uint64_t end = timeline->request_ns;

	for (size_t i = 0; i < index; i++) {
		const struct timeline_step *step = &timeline->steps[i];

		if (step->start_ns >= timeline->request_ns &&
		    step->start_ns + step->duration_ns > end)
			end = step->start_ns + step->duration_ns;
	}
	/* What the program does before it says something is no gap of the boot. */
	return strcmp(timeline->steps[index].name, "first_output") == 0 ? UINT64_MAX : end;
}

/* The axis begins at `zero_ns`. */
static void print_step(const struct timeline *timeline, size_t index, uint64_t zero_ns,
		       uint64_t axis_ns, struct out *out)
{
	const struct timeline_step *step = &timeline->steps[index];
	char start[24], duration[24] = "", bar[512];
	unsigned used = 2 + NAME_COLUMNS + 2 * (FIGURE_COLUMNS + 1) + 2;
	unsigned columns = out->columns ? out->columns : 80;
	unsigned width = columns > used + BAR_MIN ? columns - used : BAR_MIN;

	if (step->start_ns < timeline->request_ns)
		return;
	width = width < sizeof(bar) ? width : sizeof(bar) - 1;
	str_format_ns(start, sizeof(start), step->start_ns - zero_ns);
	if (step->duration_ns)
		str_format_ns(duration, sizeof(duration), step->duration_ns);
	draw_bar(bar, width, idle_since(timeline, index) - zero_ns, step->start_ns - zero_ns,
		 step->duration_ns, axis_ns);
	out_printf(out, "  ");
	out_cell(out, OUT_PLAIN, NAME_COLUMNS, step->name);
	out_cell(out, OUT_PLAIN, -FIGURE_COLUMNS, start);
	if (*duration || *bar) {
		out_printf(out, " ");
		out_cell(out, OUT_PLAIN, -FIGURE_COLUMNS, duration);
	}
	out_printf(out, *bar ? "  %s\n" : "%s\n", bar);
}

static void print_heading(const struct sandbox *s, struct out *out)
{
	const struct timeline *timeline = sandbox_timeline(s);
	char label[64], total[24];

	out_role_printf(out, OUT_TITLE, "%s", sandbox_name(s));
	out_printf(out, "  (%s)  ", report_label(s, label, sizeof(label)));
	if (timeline_total_ns(timeline))
		out_printf(out, "ready after %s, n=1",
			   str_format_ns(total, sizeof(total), timeline_total_ns(timeline)));
	else
		out_printf(out, "%s", timeline->request_ns ? "never got ready" : "never started");
	if (sandbox_started_together(s))
		out_printf(out, ", together with others");
	if (sandbox_no_verdict(s))
		out_role_printf(out, OUT_DIM, ", %s", sandbox_no_verdict(s));
	out_printf(out, "\n");
}

static void print_boot(const struct sandbox *s, uint64_t zero_ns, uint64_t axis_ns, struct out *out)
{
	const struct timeline *timeline = sandbox_timeline(s);

	print_heading(s, out);
	for (size_t i = 0; i < timeline->count && timeline->request_ns >= zero_ns; i++)
		print_step(timeline, i, zero_ns, axis_ns, out);
}

/* Its own, then those of what stands inside it. */
static void print_boots(const struct sandbox *s, uint64_t axis_ns, struct out *out)
{
	uint64_t zero_ns = sandbox_timeline(s)->request_ns;
	const struct sandbox *inner;

	print_boot(s, zero_ns, axis_ns, out);
	for (size_t k = 0; (inner = sandbox_inner(s, k)) != NULL; k++)
		print_boot(inner, zero_ns, axis_ns, out);
}

/* What happened while it ran: sentences, no bars. */
static void print_life(const struct sandbox *s, struct out *out)
{
	const struct timeline *timeline = sandbox_timeline(s);
	char start[24];

	if (timeline->life_count)
		out_role_printf(out, OUT_TITLE, "%s, its life\n", sandbox_name(s));
	for (size_t i = 0; i < timeline->life_count; i++) {
		const struct timeline_step *step = &timeline->life[i];

		str_format_ns(start, sizeof(start), step->start_ns - timeline->request_ns);
		out_printf(out, "  ");
		out_cell(out, OUT_PLAIN, NAME_COLUMNS, step->name);
		out_cell(out, OUT_PLAIN, -FIGURE_COLUMNS, start);
		out_printf(out, "  %s\n", step->why);
	}
}

/* The end has no bars: it would squeeze the boot to nothing. */
static void print_end(const struct sandbox *s, struct out *out)
{
	const struct timeline *timeline = sandbox_timeline(s);
	char start[24], duration[24];

	if (timeline->end_count)
		out_role_printf(out, OUT_TITLE, "%s, the end\n", sandbox_name(s));
	for (size_t i = 0; i < timeline->end_count; i++) {
		const struct timeline_step *step = &timeline->end[i];

		if (step->start_ns < timeline->request_ns)
			continue;
		str_format_ns(start, sizeof(start), step->start_ns - timeline->request_ns);
		str_format_ns(duration, sizeof(duration), step->duration_ns);
		out_printf(out, "  ");
		out_cell(out, OUT_PLAIN, NAME_COLUMNS, step->name);
		out_cell(out, OUT_PLAIN, -FIGURE_COLUMNS, start);
		out_printf(out, " ");
		out_cell(out, OUT_PLAIN, -FIGURE_COLUMNS, step->duration_ns ? duration : "");
		out_printf(out, "  %s\n", step->why);
	}
}

static bool is_with_outer(struct sandbox *const sandboxes[], size_t count, size_t index)
{
	for (size_t i = 0; i < count; i++)
		if (sandboxes[i] == sandbox_outer(sandboxes[index]))
			return true;
	return false;
}

void bars_print(struct sandbox *const sandboxes[], size_t count, struct out *out)
{
	uint64_t axis_ns = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t length_ns = axis_of(sandboxes[i]);

		axis_ns = length_ns > axis_ns ? length_ns : axis_ns;
	}
	out_printf(out, "  ");
	out_cell(out, OUT_TITLE, NAME_COLUMNS, "STEP");
	out_cell(out, OUT_TITLE, -FIGURE_COLUMNS, "AT");
	out_printf(out, " ");
	out_cell(out, OUT_TITLE, -FIGURE_COLUMNS, "TOOK");
	out_printf(out, "  = at work  . between: starting, waiting\n");
	for (size_t i = 0; i < count; i++)
		if (!is_with_outer(sandboxes, count, i))
			print_boots(sandboxes[i], axis_ns, out);
	for (size_t i = 0; i < count; i++) {
		print_life(sandboxes[i], out);
		print_end(sandboxes[i], out);
	}
}
