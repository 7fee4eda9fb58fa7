/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keymap: see keymap.h. The order of the table is the order on the line of keys, of which as many
 * stand there as fit, and on the help page. An entry without `about` is a second way to do what
 * another says.
 */
#include "keymap.h"

#include <string.h>

#include "ui_text.h"

#define CTRL(c)               \
	(char[])              \
	{                     \
		(c) & 0x1f, 0 \
	}

static bool matches(const struct keymap_entry *entry, const struct input_key *key)
{
	if (key->code != INPUT_CHARACTER && key->code != INPUT_ESCAPE) {
		for (size_t i = 0; i < sizeof(entry->codes) / sizeof(entry->codes[0]); i++)
			if (entry->codes[i] == key->code)
				return true;
		return false;
	}
	if (key->code == INPUT_ESCAPE)
		return entry->action == ACTION_BACK;
	if (key->has_alt || !entry->letters || !key->character || key->character > 126)
		return false;
	return strchr(entry->letters, (int)key->character) != NULL;
}

/* Alt-1 → F1, Alt-0 → F10. */
static struct input_key alt_digit(const struct input_key *key)
{
	struct input_key function = *key;

	function.code = key->character == '0' ? INPUT_F1 + 9
					      : (enum input_code)(INPUT_F1 + key->character - '1');
	return function;
}

enum action keymap_find(enum focus focus, const struct input_key *key, int escape)
{
	struct input_key folded = *key;

	if (key->code == INPUT_CHARACTER && key->has_alt && key->character >= '0' &&
	    key->character <= '9')
		folded = alt_digit(key);
	else if (key->code == INPUT_CHARACTER && !key->has_alt &&
		 key->character == (uint32_t)escape)
		return ACTION_ESCAPE;
	else if (focus == FOCUS_VIEW && key->code == INPUT_CHARACTER)
		folded.character = input_fold(key->character);
	for (const struct keymap_entry *entry = keymap; entry->action; entry++)
		if (entry->focuses & (1U << focus) && matches(entry, &folded))
			return entry->action;
	return ACTION_NONE;
}

enum { PROMPT = KEYMAP_IN_PROMPT, SANDBOX = KEYMAP_IN_SANDBOX, VIEW = KEYMAP_IN_VIEW };

const struct keymap_entry keymap[] = {
    {ACTION_ESCAPE,
     KEYMAP_EVERYWHERE,
     SANDBOX,
     NULL,
     N_("prompt"),
     N_("out of a sandbox; between prompt and views"),
     NULL,
     {0}},
    {ACTION_HELP,
     KEYMAP_EVERYWHERE,
     KEYMAP_EVERYWHERE,
     "F1",
     N_("help"),
     N_("this page; the same key closes it"),
     NULL,
     {INPUT_F1}},
    {ACTION_HELP, VIEW, 0, "?", NULL, N_("the same, in the views"), "?", {0}},
    {ACTION_NEXT_PANE,
     VIEW,
     VIEW,
     "Tab",
     N_("next"),
     N_("next pane (Shift-Tab: the one before)"),
     "\t",
     {INPUT_RIGHT}},
    {ACTION_PREVIOUS_PANE, VIEW, 0, NULL, NULL, NULL, NULL, {INPUT_BACK_TAB, INPUT_LEFT}},
    {ACTION_ENTER,
     VIEW,
     VIEW,
     "Enter",
     N_("in"),
     N_("into it: a sandbox, or the pane in full"),
     "\r\n",
     {0}},
    {ACTION_BACK,
     VIEW,
     VIEW,
     "Esc",
     N_("back"),
     N_("back: smaller again, then to the prompt"),
     NULL,
     {0}},
    {ACTION_TO_PROMPT,
     KEYMAP_EVERYWHERE,
     VIEW,
     "F2",
     N_("prompt"),
     N_("to the prompt"),
     NULL,
     {INPUT_F1 + 1}},
    {ACTION_TO_PROMPT, VIEW, 0, ":", NULL, N_("to the prompt"), ":", {0}},
    {ACTION_TO_SANDBOX,
     KEYMAP_EVERYWHERE,
     PROMPT,
     "F3",
     N_("sandbox"),
     N_("into a sandbox's console; again: into the next one"),
     NULL,
     {INPUT_F1 + 2}},
    {ACTION_TO_SANDBOX, SANDBOX, SANDBOX, "F3", N_("next"), NULL, NULL, {INPUT_F1 + 2}},
    {ACTION_TO_VIEW,
     KEYMAP_EVERYWHERE,
     PROMPT | SANDBOX,
     "F4",
     N_("views"),
     N_("to the views: single letters act there"),
     NULL,
     {INPUT_F1 + 3}},
    {ACTION_SHOW_BOOT,
     KEYMAP_EVERYWHERE,
     0,
     "F5",
     NULL,
     N_("boot, larger; again: as before"),
     NULL,
     {INPUT_F1 + 4}},
    {ACTION_SHOW_FACTS,
     KEYMAP_EVERYWHERE,
     0,
     "F6",
     NULL,
     N_("facts, larger; again: as before"),
     NULL,
     {INPUT_F1 + 5}},
    {ACTION_SHOW_RESOURCES,
     KEYMAP_EVERYWHERE,
     0,
     "F7",
     NULL,
     N_("resources, larger; again: as before"),
     NULL,
     {INPUT_F1 + 6}},
    {ACTION_SHOW_LESSON,
     KEYMAP_EVERYWHERE,
     0,
     "F8",
     NULL,
     N_("lesson, larger; again: as before"),
     NULL,
     {INPUT_F1 + 7}},
    {ACTION_SHOW_MESSAGES,
     KEYMAP_EVERYWHERE,
     0,
     "F9",
     NULL,
     N_("messages, larger; again: as before"),
     NULL,
     {INPUT_F1 + 8}},
    {ACTION_QUIT,
     KEYMAP_EVERYWHERE,
     KEYMAP_EVERYWHERE,
     "F10",
     N_("quit"),
     N_("leave; what was started here is stopped"),
     NULL,
     {INPUT_F1 + 9}},
    {ACTION_OLDER,
     PROMPT,
     0,
     "PgUp",
     NULL,
     N_("read back what was printed"),
     NULL,
     {INPUT_PAGE_UP}},
    {ACTION_NEWER, PROMPT, 0, "PgDn", NULL, N_("and forward again"), NULL, {INPUT_PAGE_DOWN}},
    {ACTION_INTERRUPT,
     PROMPT | VIEW,
     0,
     "Ctrl-C",
     NULL,
     N_("end the command that runs, or throw the line away"),
     CTRL('C'),
     {0}},
    {ACTION_REDRAW, PROMPT | VIEW, 0, "Ctrl-L", NULL, N_("draw the screen anew"), CTRL('L'), {0}},
    {ACTION_SUSPEND,
     PROMPT | VIEW,
     0,
     "Ctrl-Z",
     NULL,
     N_("back to the shell; 'fg' returns"),
     CTRL('Z'),
     {0}},
    {ACTION_UP, VIEW, 0, "k Up", NULL, N_("up"), "k", {INPUT_UP}},
    {ACTION_DOWN, VIEW, 0, "j Down", NULL, N_("down"), "j", {INPUT_DOWN}},
    {ACTION_PAGE_UP, VIEW, 0, NULL, NULL, NULL, "b", {INPUT_PAGE_UP}},
    {ACTION_PAGE_DOWN, VIEW, 0, "Space", NULL, N_("a page down (b: up)"), " ", {INPUT_PAGE_DOWN}},
    {ACTION_TOP, VIEW, 0, "g G", NULL, N_("to the top, to the bottom"), "g", {INPUT_HOME}},
    {ACTION_BOTTOM, VIEW, 0, NULL, NULL, NULL, "G", {INPUT_END}},
    {ACTION_SEARCH, VIEW, VIEW, "/", N_("search"), N_("search in this pane"), "/", {0}},
    {ACTION_SEARCH_NEXT, VIEW, 0, "n N", NULL, N_("next match, the one before"), "n", {0}},
    {ACTION_SEARCH_PREVIOUS, VIEW, 0, NULL, NULL, NULL, "N", {0}},
    {ACTION_DIGIT,
     VIEW,
     VIEW,
     "1-9",
     N_("panes"),
     N_("to the pane with that number"),
     "123456789",
     {0}},
    {ACTION_QUIT, VIEW, 0, "q", NULL, N_("leave"), "q", {0}},
    {ACTION_NONE, 0, 0, NULL, NULL, NULL, NULL, {0}},
};
