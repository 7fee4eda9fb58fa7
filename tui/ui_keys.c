/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A key → an action (keymap.c) → which parts to redraw. What is no action goes where the focus is:
 * to the input line, to the sandbox, or, in the views, nowhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prompt.h"
#include "str.h"
#include "ui.h"
#include "ui_text.h"

void ui_set_focus(struct ui *ui, enum focus focus)
{
	ui->focus = focus;
	ui->is_searching = false;
	ui->dirty |= DIRTY_KEYS | DIRTY_PROMPT | (DIRTY_PANE(PANE_COUNT) - 1);
}

void ui_choose(struct ui *ui, enum pane_id pane, bool is_zoomed)
{
	if (pane != ui->chosen || is_zoomed != ui->is_zoomed)
		ui->dirty |= DIRTY_LAYOUT;
	if (pane != ui->chosen && pane != PANE_MESSAGES && pane != PANE_LESSON)
		ui->scroll[pane] = 0;
	ui->chosen = pane;
	ui->is_zoomed = is_zoomed;
	/* Whoever has chosen wants to see that: the output under way does not cover it again. */
	ui->is_opened_for_it = false;
	ui->is_quiet = true;
	ui_place(ui);
}

void ui_close_output(struct ui *ui)
{
	if (ui->is_opened_for_it)
		ui_choose(ui, ui->before_output, false);
}

void ui_toggle(struct ui *ui, enum pane_id pane)
{
	bool is_visible = ui->layout.pane[pane].rows > 0;

	if (pane == PANE_LESSON && !ui_lesson_is_on(ui)) {
		ui_say(ui, OUT_WARN, "%s\n", tr("No lesson is on: type 'lesson list'."));
		return;
	}
	if (pane == PANE_MESSAGES && ui->is_opened_for_it)
		ui_close_output(ui);
	else if (ui->chosen != pane)
		ui_choose(ui, pane, is_visible || ui->is_zoomed);
	else if (!ui->is_zoomed)
		ui_choose(ui, pane, true);
	else
		ui_choose(ui, PANE_CONSOLES, false);
	if (ui->focus == FOCUS_SANDBOX)
		ui_set_focus(ui, FOCUS_VIEW);
}

static void toggle_help(struct ui *ui)
{
	if (ui->chosen == PANE_HELP) {
		ui_choose(ui, ui->before_help, ui->was_zoomed);
		return;
	}
	ui->before_help = ui->chosen;
	ui->was_zoomed = ui->is_zoomed;
	ui_choose(ui, PANE_HELP, true);
	if (ui->focus == FOCUS_SANDBOX)
		ui_set_focus(ui, FOCUS_VIEW);
}

int ui_focus_sandbox(struct ui *ui, const char *name, struct err *e)
{
	struct sandbox *found[1];

	if (!ui->consoles.count)
		return err_hint(e, err_set(e, ENOENT, "there is no sandbox"),
				"'create all demo' makes one of each kind");
	if (name && lab_find_group(ui->lab, name, found, 1, e) < 0)
		return -ENOENT;
	if (name)
		str_copy(ui->focus_name, sizeof(ui->focus_name), sandbox_name(found[0]));
	ui_choose(ui, PANE_CONSOLES, ui->is_zoomed && ui->chosen == PANE_CONSOLES);
	ui_set_focus(ui, FOCUS_SANDBOX);
	return 0;
}

/* F3: into the marked sandbox; pressed in one: into the next. */
static void to_next_sandbox(struct ui *ui)
{
	int at = consoles_index(&ui->consoles, ui->focus_name);
	struct err e = {0};

	if (ui->focus == FOCUS_SANDBOX && at >= 0 && ui->consoles.count)
		str_copy(ui->focus_name, sizeof(ui->focus_name),
			 ui->consoles.list[(size_t)(at + 1) % ui->consoles.count]->name);
	if (ui_focus_sandbox(ui, NULL, &e) < 0)
		out_error(&ui->host.out, &e);
	ui_place(ui);
	ui->dirty |= DIRTY_LAYOUT;
}

static void mark_console(struct ui *ui, int index)
{
	if (index < 0 || (size_t)index >= ui->consoles.count)
		return;
	str_copy(ui->focus_name, sizeof(ui->focus_name), ui->consoles.list[index]->name);
	ui_choose(ui, PANE_CONSOLES, ui->is_zoomed);
	ui->dirty |= DIRTY_LAYOUT;
}

/* Tab: each console, then the panes in order, round and round. */
static void step_pane(struct ui *ui, int direction)
{
	int consoles = (int)ui->consoles.count, at = 0, panes_end = PANE_MESSAGES;
	int total = consoles + panes_end;

	if (ui->chosen == PANE_CONSOLES)
		at = consoles_index(&ui->consoles, ui->focus_name);
	else if (ui->chosen <= PANE_MESSAGES)
		at = consoles + (int)ui->chosen - PANE_BOOT;
	at = at < 0 ? -1 : at;
	do {
		at = (at + direction + total) % total;
	} while (at == consoles + PANE_LESSON - PANE_BOOT && !ui_lesson_is_on(ui));
	if (at < consoles)
		mark_console(ui, at);
	else
		ui_choose(ui, (enum pane_id)(at - consoles + PANE_BOOT), ui->is_zoomed);
	ui->dirty |= DIRTY_LAYOUT;
}

static void act_digit(struct ui *ui, uint32_t digit)
{
	if (digit >= '5') {
		enum pane_id pane = (enum pane_id)(PANE_BOOT + digit - '5');

		if (pane == PANE_LESSON && !ui_lesson_is_on(ui))
			return;
		ui_choose(ui, pane, ui->is_zoomed);
		ui->dirty |= DIRTY_LAYOUT;
		return;
	}
	mark_console(ui, (int)digit - '1');
}

static int limited(int value, int limit)
{
	return value < 0 ? 0 : value > limit ? limit : value;
}

/* `up` rows towards the beginning, whatever kind of pane it is. */
static void scroll(struct ui *ui, enum pane_id pane, int up)
{
	struct console *console;

	if (pane == PANE_CONSOLES) {
		console = consoles_find(&ui->consoles, ui->focus_name);
		if (console)
			console->back = limited(console->back + up,
						terminal_history(console->terminal));
	} else if (pane == PANE_MESSAGES) {
		ui->is_following = false;
		ui->scroll[pane] = limited(ui->scroll[pane] + up, ui_scroll_limit(ui, pane));
	} else if (ui_text_of(ui, pane)) {
		ui->scroll[pane] = limited(ui->scroll[pane] - up, ui_scroll_limit(ui, pane));
	} else {
		ui->view.first[pane] = limited(ui->view.first[pane] - up,
					       ui_scroll_limit(ui, pane));
	}
	ui->dirty |= DIRTY_PANE(pane);
}

static int page(const struct ui *ui, enum pane_id pane)
{
	int rows = ui_inside(ui, pane).rows - 1;

	return rows > 1 ? rows : 1;
}

static void find(struct ui *ui, bool is_back)
{
	struct messages *text = ui_text_of(ui, ui->chosen);
	struct rect inside = ui_inside(ui, ui->chosen);
	int limit = ui_scroll_limit(ui, ui->chosen), from, found;
	bool is_from_end = ui->chosen == PANE_MESSAGES;

	if (!ui->search[0])
		return;
	if (!text &&
	    panes[ui->chosen].write) { /* the small form has no text: search the full one */
		ui_choose(ui, ui->chosen, true);
		ui_draw(ui);
		text = ui_text_of(ui, ui->chosen);
		inside = ui_inside(ui, ui->chosen);
		limit = ui_scroll_limit(ui, ui->chosen);
	}
	if (!text)
		return;
	/* Rows counted from the text's end; the match goes to the top row of the pane. */
	from = is_from_end ? ui->scroll[ui->chosen] + inside.rows - 1
			   : messages_rows(text, inside.columns) - 1 - ui->scroll[ui->chosen];
	found = messages_search(text, inside.columns, ui->search, from, is_from_end != is_back);
	if (found < 0) {
		ui_say(ui, OUT_WARN, tr("'%s' is not there.\n"), ui->search);
		return;
	}
	ui->is_following = false;
	ui->scroll[ui->chosen] = limited(is_from_end
					     ? found - inside.rows + 1
					     : messages_rows(text, inside.columns) - 1 - found,
					 limit);
	ui->dirty |= DIRTY_PANE(ui->chosen);
}

/* The bottom line takes the search text. */
static void search_key(struct ui *ui, const struct input_key *key)
{
	size_t length = strlen(ui->search);

	ui->dirty |= DIRTY_KEYS;
	if (key->code == INPUT_CHARACTER && (key->character == '\r' || key->character == '\n')) {
		ui->is_searching = false;
		find(ui, false);
	} else if (key->code == INPUT_ESCAPE ||
		   (key->code == INPUT_CHARACTER &&
		    (key->character == 3 || key->character == (uint32_t)ui->escape))) {
		ui->is_searching = false;
	} else if (key->code == INPUT_CHARACTER &&
		   (key->character == 0x7f || key->character == 8)) {
		while (length && ((unsigned char)ui->search[--length] & 0xc0) == 0x80)
			;
		ui->search[length] = '\0';
	} else if (key->code == INPUT_CHARACTER && key->character >= ' ' && !key->has_alt &&
		   length + key->length < sizeof(ui->search)) {
		memcpy(ui->search + length, key->bytes, key->length);
		ui->search[length + key->length] = '\0';
	}
}

static void act_back(struct ui *ui)
{
	if (ui->chosen == PANE_HELP)
		toggle_help(ui);
	else if (ui->is_opened_for_it)
		ui_close_output(ui);
	else if (ui->is_zoomed)
		ui_choose(ui, ui->chosen == PANE_MESSAGES ? PANE_CONSOLES : ui->chosen, false);
	else
		ui_set_focus(ui, FOCUS_PROMPT);
}

static void act_enter(struct ui *ui)
{
	struct err e = {0};

	if (ui->chosen == PANE_CONSOLES && ui_focus_sandbox(ui, NULL, &e) == 0)
		return;
	if (ui->chosen != PANE_CONSOLES && !ui->is_zoomed)
		ui_choose(ui, ui->chosen, true);
}

static void act_escape(struct ui *ui)
{
	if (ui->chosen == PANE_HELP)
		toggle_help(ui);
	else
		ui_set_focus(ui, ui->focus == FOCUS_PROMPT ? FOCUS_VIEW : FOCUS_PROMPT);
}

/* F10 leaves from everywhere; the letter q first closes the help page. */
static void act_quit(struct ui *ui, const struct input_key *key)
{
	if (ui->chosen == PANE_HELP && key->code == INPUT_CHARACTER && !key->has_alt)
		toggle_help(ui);
	else
		ui->is_over = true;
}

/* Scrolling: at the prompt the page keys act on the pane in full, else on the messages. */
static bool act_scroll(struct ui *ui, enum action action)
{
	enum pane_id pane = ui->focus == FOCUS_VIEW || ui->is_zoomed ? ui->chosen : PANE_MESSAGES;

	switch (action) {
	case ACTION_OLDER:
	case ACTION_PAGE_UP:
		scroll(ui, pane, page(ui, pane));
		return true;
	case ACTION_NEWER:
	case ACTION_PAGE_DOWN:
		scroll(ui, pane, -page(ui, pane));
		return true;
	case ACTION_UP:
		scroll(ui, pane, 1);
		return true;
	case ACTION_DOWN:
		scroll(ui, pane, -1);
		return true;
	case ACTION_TOP:
		scroll(ui, pane, 1 << 20);
		return true;
	case ACTION_BOTTOM:
		scroll(ui, pane, -(1 << 20));
		return true;
	default:
		return false;
	}
}

static bool act_focus(struct ui *ui, enum action action)
{
	switch (action) {
	case ACTION_HELP:
		toggle_help(ui);
		return true;
	case ACTION_TO_PROMPT:
		ui_set_focus(ui, FOCUS_PROMPT);
		return true;
	case ACTION_TO_SANDBOX:
		to_next_sandbox(ui);
		return true;
	case ACTION_TO_VIEW:
		ui_set_focus(ui, FOCUS_VIEW);
		return true;
	case ACTION_ESCAPE:
		act_escape(ui);
		return true;
	case ACTION_BACK:
		act_back(ui);
		return true;
	case ACTION_ENTER:
		act_enter(ui);
		return true;
	default:
		return false;
	}
}

static void act(struct ui *ui, enum action action, const struct input_key *key)
{
	if (act_focus(ui, action) || act_scroll(ui, action))
		return;
	if (action >= ACTION_SHOW_BOOT && action <= ACTION_SHOW_MESSAGES)
		ui_toggle(ui, (enum pane_id)(PANE_BOOT + (action - ACTION_SHOW_BOOT)));
	else if (action == ACTION_QUIT)
		act_quit(ui, key);
	else if (action == ACTION_REDRAW) {
		screen_invalidate(ui->screen);
		ui->dirty |= DIRTY_ALL;
	} else if (action == ACTION_SUSPEND)
		ui->must_suspend = true;
	else if (action == ACTION_INTERRUPT)
		ui_interrupt(ui);
	else if (action == ACTION_NEXT_PANE || action == ACTION_PREVIOUS_PANE)
		step_pane(ui, action == ACTION_NEXT_PANE ? 1 : -1);
	else if (action == ACTION_SEARCH) {
		ui->is_searching = true;
		ui->search[0] = '\0';
		ui->dirty |= DIRTY_KEYS;
	} else if (action == ACTION_SEARCH_NEXT || action == ACTION_SEARCH_PREVIOUS)
		find(ui, action == ACTION_SEARCH_PREVIOUS);
	else if (action == ACTION_DIGIT)
		act_digit(ui, input_fold(key->character));
}

static void type_into_sandbox(struct ui *ui, const struct input_key *key)
{
	struct sandbox *sandbox = ui_focused(ui);
	struct console *console = consoles_find(&ui->consoles, ui->focus_name);
	char bytes[256];
	size_t length;

	if (!sandbox || !console)
		return;
	console->back = 0;
	length = terminal_key(console->terminal, key, bytes, sizeof(bytes));
	/* Without a terminal inside nobody turns the Return key into a line feed. */
	if (length == 1 && bytes[0] == '\r' && !sandbox_spec(sandbox)->tty)
		bytes[0] = '\n';
	if (sandbox_state(sandbox) != SANDBOX_RUNNING ||
	    !console_type(console, sandbox, bytes, length))
		screen_bell(ui->screen);
	ui->dirty |= DIRTY_PANE(PANE_CONSOLES);
}

static void on_key(struct ui *ui, const struct input_key *key)
{
	enum action action;

	if (key->code == INPUT_PASTE_BEGIN || key->code == INPUT_PASTE_END) {
		ui->is_pasting = key->code == INPUT_PASTE_BEGIN;
		return;
	}
	if (ui->is_searching) {
		search_key(ui, key);
		return;
	}
	/* What is pasted never acts as a key. */
	action = ui->is_pasting ? ACTION_NONE : keymap_find(ui->focus, key, ui->escape);
	if (action != ACTION_NONE) {
		act(ui, action, key);
	} else if (ui->focus == FOCUS_SANDBOX) {
		type_into_sandbox(ui, key);
	} else if (ui->focus == FOCUS_PROMPT) {
		if (key->code == INPUT_ESCAPE && ui->is_zoomed) {
			act_back(ui);
			return;
		}
		if (ui->is_pasting && key->length == 1 && (unsigned char)key->bytes[0] < ' ' &&
		    key->bytes[0] != '\r' && key->bytes[0] != '\n')
			return;
		ui->dirty |= DIRTY_PROMPT;
		prompt_feed(key->bytes, key->length);
	}
}

/* Takes the whole keys of what was read; `is_last`: nothing followed for a while, an escape
 * alone is the Esc key. */
void ui_read_keys(struct ui *ui, bool is_last)
{
	size_t at = 0, taken;
	struct input_key key;

	while (at < ui->input_length && !ui->is_over) {
		taken = input_decode(screen_sequences(ui->screen), ui->input + at,
				     ui->input_length - at, is_last, &key);
		if (!taken)
			break;
		on_key(ui, &key);
		at += taken;
	}
	memmove(ui->input, ui->input + at, ui->input_length - at);
	ui->input_length -= at;
}
