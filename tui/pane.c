/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pane: the table of panes, and the two that are nothing but text: help and the page that greets
 * a newcomer. */
#include "pane.h"

#include <string.h>

#include "keymap.h"
#include "ui_text.h"

const char *view_label(const struct view *view, const struct sandbox *sandbox)
{
	for (size_t i = 0; i < lab_count(view->lab); i++) {
		const struct sandbox *other = lab_at(view->lab, i);

		if (other != sandbox && strcmp(sandbox_kind(other), sandbox_kind(sandbox)) == 0)
			return sandbox_name(sandbox);
	}
	return sandbox_kind(sandbox);
}

static void write_keys(const struct view *view, struct out *out, unsigned focuses)
{
	char escape[16];

	for (const struct keymap_entry *entry = keymap; entry->action; entry++) {
		const char *keys = entry->keys;

		if (entry->focuses != focuses || !entry->about)
			continue;
		if (!keys)
			keys = input_control_name(view->escape, escape);
		out_printf(out, "  ");
		out_cell(out, OUT_TITLE, 9, keys);
		out_printf(out, "\v%s\n", tr(entry->about));
	}
}

void help_write(const struct view *view, struct out *out)
{
	out_role_printf(out, OUT_TITLE, "%s\n", tr("Keys that work everywhere"));
	out_printf(out, "  %s\n", tr("(Alt-1 to Alt-9 and Alt-0 are F1 to F9 and F10)"));
	write_keys(view, out, KEYMAP_EVERYWHERE);
	out_role_printf(out, OUT_TITLE, "\n%s\n",
			tr("PROMPT: what you type goes to the input line"));
	out_printf(out, "  ");
	out_cell(out, OUT_TITLE, 9, "Tab");
	out_printf(out, "%s\n", tr("complete a command, a name, an option"));
	write_keys(view, out, KEYMAP_IN_PROMPT);
	write_keys(view, out, KEYMAP_IN_PROMPT | KEYMAP_IN_VIEW);
	out_role_printf(out, OUT_TITLE, "\n%s\n",
			tr("SANDBOX: everything else you type goes into that sandbox"));
	out_role_printf(out, OUT_TITLE, "\n%s\n", tr("VIEW: single letters act"));
	write_keys(view, out, KEYMAP_IN_VIEW);
	out_role_printf(out, OUT_TITLE, "\n%s\n", tr("Commands"));
	out_printf(out, "  %s\n", tr("'help' at the prompt lists them, 'help NAME' explains one."));
}

static void write_example(struct out *out, const char *command, const char *about)
{
	out_printf(out, "    ");
	out_cell(out, OUT_TITLE, 19, command);
	out_printf(out, "\v%s\n", about);
}

void welcome_write(const struct view *view, struct out *out)
{
	out_role_printf(out, OUT_TITLE, "\n  %s\n\n", tr("isolab: one prompt, two walls"));
	out_printf(
	    out, "  %s\n\n",
	    tr("Run the same program as a plain process, in a container and in a tiny virtual "
	       "machine, next to each other. See what each wall hides, what it costs, how "
	       "long it takes to stand up."));
	out_printf(out, "  %s\n\n", tr("Type one of these below, then Enter:"));
	write_example(out, "create all demo", tr("start one of each, and watch"));
	write_example(out, "compare", tr("one of each, measured side by side"));
	write_example(out, "lesson start 01", tr("the first lesson: two walls"));
	write_example(out, "doctor", tr("what this machine can do"));
	write_example(out, "help", tr("all commands (F1: all keys)"));
	if (view->note)
		out_role_printf(out, OUT_DIM, "\n  %s\n", tr(view->note));
}

const struct pane panes[PANE_COUNT] = {
    [PANE_CONSOLES] = {N_("consoles"), 0, NULL, NULL},
    [PANE_BOOT] = {N_("boot"), '5', boot_draw, boot_write},
    [PANE_FACTS] = {N_("facts"), '6', facts_draw, facts_write},
    [PANE_RESOURCES] = {N_("resources"), '7', resources_draw, resources_write},
    [PANE_LESSON] = {N_("lesson"), '8', NULL, NULL},
    [PANE_MESSAGES] = {N_("messages"), '9', NULL, NULL},
    [PANE_HELP] = {N_("help"), 0, NULL, help_write},
    [PANE_WELCOME] = {N_("welcome"), 0, NULL, welcome_write},
};
