/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The screen's life: begin, one loop, end. One turn of the loop: wait with poll(2) for the
 * terminal, the lab, a signal or a job; take in what came; draw once. What a sandbox prints is
 * drawn at most 60 times a second, what a key does at once.
 *
 * The order of the beginning is not free: readline first (it shares libtinfo with curses), our
 * signal handlers next (curses would set its own), the terminal last.
 */
#include "ui.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "prompt.h"
#include "signals.h"
#include "str.h"
#include "ui_text.h"

enum {
	FRAME_NS = 16 * 1000 * 1000,
	ESCAPE_MS = 30, /* what follows an escape within this time belongs to it */
};

static void on_line(void *arg, char *line)
{
	struct ui *ui = arg;

	if (line)
		ui_submit(ui, line);
	else
		ui->is_over = true;
	ui->dirty |= DIRTY_PROMPT;
}

static void on_complete(void *arg, const char *line, size_t cursor, size_t *ret_start,
			void (*add)(void *add_arg, const char *candidate), void *add_arg)
{
	struct ui *ui = arg;

	command_complete(&tui_command_table, ui->lab, line, cursor, ret_start, add, add_arg);
}

/* The candidates in columns, as far as two rows of the message area go at once. */
static void on_candidates(void *arg, char *const *candidates, size_t count)
{
	struct ui *ui = arg;
	int widest = 0, across, columns = (int)ui->host.out.columns;

	for (size_t i = 0; i < count; i++) {
		int width = canvas_text_width(candidates[i]);

		widest = width > widest ? width : widest;
	}
	across = columns / (widest + 2) > 0 ? columns / (widest + 2) : 1;
	messages_end_line(ui->messages);
	messages_mark(ui->messages);
	ui->is_following = true;
	for (size_t i = 0; i < count; i++)
		ui_say(ui, OUT_DIM, "%s%*s%s", candidates[i],
		       widest + 2 - canvas_text_width(candidates[i]), "",
		       (int)(i + 1) % across == 0 || i + 1 == count ? "\n" : "");
}

static void suspend(struct ui *ui)
{
	ui->must_suspend = false;
	screen_suspend(ui->screen);
	signals_stop_self();
	screen_resume(ui->screen);
	ui->must_measure = true;
	ui->dirty = DIRTY_ALL;
}

static void take_signals(struct ui *ui)
{
	int signal_number;

	while ((signal_number = signals_next()) > 0) {
		if (signal_number == SIGWINCH)
			ui->must_measure = true;
		else if (signal_number == SIGTSTP)
			ui->must_suspend = true;
	}
}

/* Another size never covers the panes with output that was read already; output that covers them
 * goes back, unless it is too long for the new size too. */
static void measure(struct ui *ui)
{
	bool was_open = ui->is_opened_for_it;

	ui->must_measure = false;
	screen_measure(ui->screen, &ui->rows, &ui->columns);
	prompt_set_size(ui->rows, ui->columns);
	ui_close_output(ui);
	ui->is_quiet = was_open ? false : ui->is_quiet || !ui->job.pid;
	ui_place(ui);
	ui->dirty = DIRTY_ALL;
}

static void read_terminal(struct ui *ui)
{
	ssize_t n = read(STDIN_FILENO, ui->input + ui->input_length,
			 sizeof(ui->input) - ui->input_length);

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		ui->is_over = true;
	if (n <= 0)
		return;
	ui->input_length += (size_t)n;
	ui_read_keys(ui, ui->input_length == sizeof(ui->input));
}

/* How long to wait: for the rest of an escape sequence, for the next frame, or for ever. */
static int patience_ms(const struct ui *ui, bool has_pending_output)
{
	if (ui->input_length)
		return ESCAPE_MS;
	if (has_pending_output) {
		uint64_t since = clock_now_ns() - ui->painted_ns;

		return since >= FRAME_NS ? 0 : (int)((FRAME_NS - since) / 1000000) + 1;
	}
	return -1;
}

/* One turn. */
static void turn(struct ui *ui, int signals_fd)
{
	struct pollfd fds[3 + JOB_FDS] = {
	    {STDIN_FILENO, POLLIN, 0},
	    {signals_fd, POLLIN, 0},
	    {lab_fd(ui->lab), POLLIN, 0},
	};
	bool is_urgent = false;
	int n;

	for (int i = 0; i < JOB_FDS; i++)
		fds[3 + i] = (struct pollfd){ui->job.fds[i], POLLIN, 0};
	n = poll(fds, 3 + JOB_FDS, patience_ms(ui, ui->dirty || ui_has_more(ui)));
	if (n == 0 && ui->input_length) {
		ui_read_keys(ui, true);
		is_urgent = true;
	}
	if (n > 0 && fds[0].revents) {
		read_terminal(ui);
		is_urgent = true;
	}
	take_signals(ui);
	if (n > 0 && fds[2].revents)
		lab_dispatch(ui->lab, NULL);
	if (ui->job.pid)
		ui_read_job(ui);
	ui_update(ui);
	if (ui->must_suspend)
		suspend(ui);
	if (ui->must_measure)
		measure(ui);
	if (is_urgent || clock_now_ns() - ui->painted_ns >= FRAME_NS)
		ui_draw(ui);
}

/* What will stop with us, to be said once the terminal is the shell's again. */
static void write_farewell(struct ui *ui)
{
	struct strbuf names = {.limit = 256};

	for (size_t i = 0; i < lab_count(ui->lab); i++) {
		const struct sandbox *sandbox = lab_at(ui->lab, i);
		enum sandbox_state state = sandbox_state(sandbox);

		if (sandbox_spec(sandbox)->leased &&
		    (state == SANDBOX_RUNNING || state == SANDBOX_PAUSED ||
		     state == SANDBOX_STARTING))
			str_addf(&names, "%s%s", names.length ? ", " : "", sandbox_name(sandbox));
	}
	if (names.length && !names.failed)
		snprintf(ui->farewell, sizeof(ui->farewell), tr("isolab: stopped and removed %s"),
			 names.data);
	str_finish(&names);
}

static int begin(struct ui *ui, const struct ui_start *start, struct err *e)
{
	static const int list[] = {SIGWINCH, SIGTSTP, 0};
	const struct prompt_hooks hooks = {on_line, on_complete, on_candidates, ui};
	const struct screen_options options = {start->is_ascii, start->has_colour};
	const struct lab_options lab = {.lease = true, .sample = true};
	int signals_fd, r;

	signal(SIGPIPE, SIG_IGN);
	r = lab_create(&lab, &ui->lab, e);
	if (r < 0)
		return r;
	r = prompt_open(&hooks, true, e);
	if (r < 0)
		return r;
	signals_fd = signals_open(list, e);
	if (signals_fd < 0)
		return signals_fd;
	r = screen_open(&options, &ui->screen, e);
	return r < 0 ? r : signals_fd;
}

static void end(struct ui *ui)
{
	if (ui->screen)
		write_farewell(ui);
	screen_close(ui->screen);
	prompt_close();
	signals_close();
	if (ui->farewell[0])
		printf("%s\n", ui->farewell);
	job_finish(&ui->job);
	consoles_finish(&ui->consoles);
	lab_destroy(ui->lab);
	messages_destroy(ui->messages);
	messages_destroy(ui->lesson);
	messages_destroy(ui->lesson_before);
	messages_destroy(ui->full);
	canvas_finish(&ui->canvas);
	free(ui);
}

int ui_main(const struct ui_start *start, struct err *e)
{
	struct ui *ui = calloc(1, sizeof(*ui));
	int signals_fd;

	if (!ui)
		return err_sys(e, ENOMEM, "start the screen");
	ui->job = JOB_NONE;
	ui->escape = ui->view.escape = start->escape;
	ui->canvas.is_ascii = start->is_ascii;
	ui->messages = messages_create();
	ui->lesson = messages_create();
	ui->lesson_before = messages_create();
	ui->full = messages_create();
	if (!ui->messages || !ui->lesson || !ui->lesson_before || !ui->full) {
		end(ui);
		return err_sys(e, ENOMEM, "start the screen");
	}
	ui_host_init(ui);
	signals_fd = begin(ui, start, e);
	if (signals_fd < 0) {
		end(ui);
		return signals_fd;
	}
	ui->view.lab = ui->lab;
	ui->view.note = ui_text_note();
	measure(ui);
	ui_update(ui);
	ui_draw(ui);
	while (!ui->is_over)
		turn(ui, signals_fd);
	end(ui);
	return 0;
}
