/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What changed in the lab → dirty bits. Facts are asked for here, once per start, and never while
 * any sandbox boots: a probe would disturb the figure that is just being measured.
 */
#include <string.h>

#include "str.h"
#include "ui.h"

struct sandbox *ui_focused(struct ui *ui)
{
	return ui->focus_name[0] ? lab_find(ui->lab, ui->focus_name) : NULL;
}

static bool is_booting(struct lab *lab)
{
	for (size_t i = 0; i < lab_count(lab); i++)
		if (sandbox_state(lab_at(lab, i)) == SANDBOX_STARTING)
			return true;
	return false;
}

static void ask_facts(struct ui *ui)
{
	if (is_booting(ui->lab))
		return;
	for (size_t i = 0; i < ui->consoles.count; i++) {
		struct sandbox *sandbox = lab_find(ui->lab, ui->consoles.list[i]->name);

		if (!sandbox || sandbox_state(sandbox) != SANDBOX_RUNNING ||
		    ui->consoles.list[i]->has_asked_facts || sandbox_facts(sandbox))
			continue;
		ui->consoles.list[i]->has_asked_facts = true;
		if (!ui->view.host)
			ui->view.host = lab_host_facts(ui->lab, NULL);
		sandbox_read_facts(sandbox, NULL);
	}
}

/* What was just made is looked at next. */
static void mark_new(struct ui *ui)
{
	for (size_t i = ui->consoles.count; i-- > 0;) {
		struct console *console = ui->consoles.list[i];

		if (console->is_new)
			str_copy(ui->focus_name, sizeof(ui->focus_name), console->name);
		console->is_new = false;
	}
}

/* The marked sandbox may be gone: then none is, and who typed into it is at the prompt again. */
static void keep_focus(struct ui *ui)
{
	if (ui->focus_name[0] && !lab_find(ui->lab, ui->focus_name)) {
		ui->focus_name[0] = '\0';
		if (ui->focus == FOCUS_SANDBOX)
			ui_set_focus(ui, FOCUS_PROMPT);
	}
	if (ui->focus != FOCUS_SANDBOX && !ui->job.pid)
		mark_new(ui);
	if (!ui->focus_name[0] && ui->consoles.count)
		str_copy(ui->focus_name, sizeof(ui->focus_name), ui->consoles.list[0]->name);
}

static void read_consoles(struct ui *ui)
{
	for (size_t i = 0; i < ui->consoles.count; i++) {
		struct console *console = ui->consoles.list[i];
		struct sandbox *sandbox = lab_find(ui->lab, console->name);

		if (!sandbox)
			continue;
		if (console_read_new(console, sandbox))
			ui->dirty |= DIRTY_PANE(PANE_CONSOLES);
		console_flush(console, sandbox);
	}
}

bool ui_has_more(const struct ui *ui)
{
	for (size_t i = 0; i < ui->consoles.count; i++)
		if (ui->consoles.list[i]->has_more || ui->consoles.list[i]->input_length)
			return true;
	return false;
}

/* Tells every shown console how much room it has. */
static void size_consoles(struct ui *ui)
{
	for (int i = 0; i < ui->layout.console_count; i++) {
		size_t index = (size_t)(ui->first_console + i);
		struct console *console = index < ui->consoles.count ? ui->consoles.list[index]
								     : NULL;
		struct sandbox *sandbox = console ? lab_find(ui->lab, console->name) : NULL;

		if (sandbox)
			console_set_size(console, sandbox, ui->layout.console[i].rows - 1,
					 ui->layout.console[i].columns);
	}
}

/* Computes the layout anew; the marked console is always among those shown. */
void ui_place(struct ui *ui)
{
	struct layout_request request = {
	    .rows = ui->rows,
	    .columns = ui->columns,
	    .consoles = (int)ui->consoles.count,
	    .sandboxes = (int)lab_count(ui->lab),
	    .has_lesson = ui_lesson_is_on(ui),
	    .chosen = ui->chosen,
	    .is_zoomed = ui->is_zoomed,
	};
	int marked = consoles_index(&ui->consoles, ui->focus_name);

	layout_compute(&request, &ui->layout);
	if (marked >= 0 && marked < ui->first_console)
		ui->first_console = marked;
	if (marked >= ui->first_console + ui->layout.console_count && ui->layout.console_count)
		ui->first_console = marked - ui->layout.console_count + 1;
	if (ui->first_console + ui->layout.console_count > request.consoles)
		ui->first_console = request.consoles > ui->layout.console_count
					? request.consoles - ui->layout.console_count
					: 0;
	request.first_console = ui->view.first_sandbox = ui->first_console;
	layout_compute(&request, &ui->layout);
	ui->host.out.columns = ui->layout.pane[PANE_MESSAGES].columns
				   ? (unsigned)ui->layout.pane[PANE_MESSAGES].columns
				   : (unsigned)ui->columns;
	size_consoles(ui);
}

void ui_update(struct ui *ui)
{
	uint64_t generation = lab_generation(ui->lab);

	if (generation != ui->generation) {
		ui->generation = generation;
		ui->dirty |= DIRTY_PANE(PANE_BOOT) | DIRTY_PANE(PANE_FACTS) |
			     DIRTY_PANE(PANE_RESOURCES) | DIRTY_PANE(PANE_CONSOLES) |
			     DIRTY_PANE(PANE_LESSON) | DIRTY_KEYS;
		if (consoles_sync(&ui->consoles, ui->lab))
			ui->dirty |= DIRTY_LAYOUT;
		keep_focus(ui);
		ask_facts(ui);
		ui_place(ui);
	}
	ui_lesson_update(ui);
	read_consoles(ui);
}
