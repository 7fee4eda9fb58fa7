/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line of the prompt → a command. Quick ones run here and now; those that take long become a job,
 * a program of its own whose output comes through pipes; those that want the terminal for
 * themselves are refused with a word on what to do instead.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "line.h"
#include "prompt.h"
#include "ui.h"
#include "ui_text.h"

static struct ui *ui_of(struct host *host)
{
	return (struct ui *)host;
}

/* ---- what the front's own commands ask for ---- */

static void on_write(struct out *out, bool is_error, enum out_role role, const char *text,
		     size_t length)
{
	struct ui *ui = (struct ui *)out;

	(void)is_error;
	messages_add(ui->messages, role, text, length);
	ui->dirty |= DIRTY_PANE(PANE_MESSAGES);
}

static void on_quit(struct host *host)
{
	ui_of(host)->is_over = true;
}

static void on_clear(struct host *host)
{
	struct ui *ui = ui_of(host);

	messages_clear(ui->messages);
	ui->scroll[PANE_MESSAGES] = 0;
	ui->dirty |= DIRTY_PANE(PANE_MESSAGES);
}

static int on_show(struct host *host, const char *name, struct err *e)
{
	struct ui *ui = ui_of(host);

	if (!*name || strcmp(name, "all") == 0) {
		ui_choose(ui, PANE_CONSOLES, false);
		return 0;
	}
	for (int pane = 0; pane < PANE_COUNT; pane++)
		if (strcmp(panes[pane].title, name) == 0 && pane != PANE_WELCOME &&
		    (pane != PANE_LESSON || ui_lesson_is_on(ui))) {
			ui_choose(ui, (enum pane_id)pane, true);
			return 0;
		}
	return err_hint(e, err_set(e, EINVAL, "there is no pane '%s'", name),
			"boot, facts, resources, lesson (while one is on), messages, help, all");
}

static int on_focus(struct host *host, const char *name, struct err *e)
{
	return ui_focus_sandbox(ui_of(host), name, e);
}

static void on_language(struct host *host)
{
	ui_of(host)->lesson_columns = 0;
	ui_of(host)->dirty |= DIRTY_ALL;
}

void ui_host_init(struct ui *ui)
{
	ui->host = (struct host){
	    .out = {.write = on_write, .columns = 80, .is_terminal = false},
	    .quit = on_quit,
	    .clear = on_clear,
	    .show = on_show,
	    .focus = on_focus,
	    .language_changed = on_language,
	};
}

void ui_say(struct ui *ui, enum out_role role, const char *format, ...)
{
	char text[1024];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length > 0)
		on_write(&ui->host.out, false, role, text,
			 (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

/* ---- jobs ---- */

static void start_job(struct ui *ui, char **words)
{
	char program[4096];
	struct err e = {0};

	if (ui->job.pid) {
		err_hint(&e, err_set(&e, EBUSY, "'%s' is still running", ui->job_name),
			 "wait for it, or end it with Ctrl-C");
		out_error(&ui->host.out, &e);
		return;
	}
	lab_program_path(ui->lab, "isolab-cli", program, sizeof(program));
	snprintf(ui->job_name, sizeof(ui->job_name), "%s", words[0]);
	/* argv[0] is the program's; the words follow. */
	char *argv[64] = {program};
	for (size_t i = 0; i < 62 && words[i]; i++)
		argv[i + 1] = words[i];
	if (job_start(&ui->job, program, argv, ui->host.out.columns, &e) < 0)
		out_error(&ui->host.out, &e);
	ui->dirty |= DIRTY_KEYS;
}

void ui_read_job(struct ui *ui)
{
	char buffer[4096];
	int status = 0;
	size_t n;

	for (int which = 0; which < 2; which++)
		while ((n = job_read(&ui->job, which, buffer, sizeof(buffer))) > 0) {
			on_write(&ui->host.out, which == 1, OUT_PLAIN, buffer, n);
			if (n < sizeof(buffer))
				break;
		}
	if (!job_reap(&ui->job, &status))
		return;
	for (int which = 0; which < 2; which++)
		while ((n = job_read(&ui->job, which, buffer, sizeof(buffer))) > 0)
			on_write(&ui->host.out, which == 1, OUT_PLAIN, buffer, n);
	messages_end_line(ui->messages);
	if (status)
		ui_say(ui, OUT_DIM, tr("(%s ended with status %d)\n"), ui->job_name, status);
	job_finish(&ui->job);
	ui->dirty |= DIRTY_KEYS | DIRTY_PANE(PANE_MESSAGES);
}

void ui_interrupt(struct ui *ui)
{
	if (ui->job.pid) {
		job_interrupt(&ui->job);
		return;
	}
	if (prompt_is_empty())
		ui_say(ui, OUT_DIM, "%s\n", tr("To leave: F10, or 'quit'."));
	prompt_cancel();
	ui->dirty |= DIRTY_PROMPT;
}

/* ---- lines ---- */

static void refuse_terminal(struct ui *ui, const char *name)
{
	struct err e = {0};

	err_hint(
	    &e, err_set(&e, ENOTSUP, "'%s' needs the terminal for itself", name),
	    strcmp(name, "exec") == 0
		? "leave out -t here, or use another terminal"
		: "'create KIND NAME' starts one here and F3 goes into it; 'isolab %s' works in "
		  "another terminal",
	    name);
	out_error(&ui->host.out, &e);
}

static void run_line(struct ui *ui, const struct line *line)
{
	const struct command *command = command_find(&tui_command_table, line->words[0]);
	struct err e = {0};

	if (strcmp(line->words[0], "attach") == 0 && line->count == 2 && line->words[1][0] != '-') {
		if (ui_focus_sandbox(ui, line->words[1], &e) < 0)
			out_error(&ui->host.out, &e);
		return;
	}
	if (line_wants_terminal(line)) {
		refuse_terminal(ui, line->words[0]);
		return;
	}
	if ((command && command->flags & COMMAND_WAITS) || line_needs_own_program(line)) {
		start_job(ui, line->words);
		return;
	}
	lab_submit(ui->lab, &tui_command_table, line->text, false, &ui->host.out);
	messages_end_line(ui->messages);
}

/* What these print is what the lesson pane shows then, and a word on it that comes first. */
static bool is_shown_as_lesson(const struct ui *ui, const struct line *line)
{
	static const char *const verbs[] = {"next", "answer", "check", "show"};

	if (!ui->has_lesson || line->count < 2 || strcmp(line->words[0], "lesson") != 0)
		return false;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(line->words[1], verbs[i]) == 0)
			return true;
	return false;
}

void ui_submit(struct ui *ui, const char *raw)
{
	auto_line line = {0};
	struct err e = {0};

	/* The panes come back: what follows may be about any of them. */
	ui_close_output(ui);
	if (ui->chosen == PANE_HELP)
		ui_choose(ui, PANE_CONSOLES, false);
	ui->scroll[PANE_MESSAGES] = 0;
	ui->has_job_unfolded = false;
	if (line_parse(raw, &line, &e) == 0)
		return;
	messages_end_line(ui->messages);
	messages_mark(ui->messages);
	ui->is_following = true;
	ui->is_quiet = is_shown_as_lesson(ui, &line);
	ui_say(ui, OUT_TITLE, "> %s\n", line.text ? line.text : raw);
	if (line.count < 0)
		out_error(&ui->host.out, &e);
	else
		run_line(ui, &line);
	ui->dirty |= DIRTY_PANE(PANE_MESSAGES);
}
