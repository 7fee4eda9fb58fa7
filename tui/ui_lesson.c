/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lesson pane: the current step as lessons/ writes it, whoever moved it on: this prompt, a job
 * of it, or a command line in another terminal. All of its state is in files, and
 * lessons_generation() says when they changed.
 */
#include "lessons.h"
#include "ui.h"
#include "ui_text.h"

struct lesson_out {
	struct out out; /* first */
	struct messages *text;
};

bool ui_lesson_is_on(const struct ui *ui)
{
	return ui->has_lesson;
}

void ui_lesson_update(struct ui *ui)
{
	uint64_t generation = lessons_generation();
	bool is_first_look = ui->lesson_seen == 0, is_new_step;
	struct lessons_status status;

	if (generation == ui->lesson_seen)
		return;
	ui->lesson_seen = generation;
	lessons_status(&status);
	is_new_step = !is_first_look &&
		      (status.step != ui->lesson_step || status.is_on != ui->has_lesson);
	if (status.is_on != ui->has_lesson)
		ui->dirty |= DIRTY_LAYOUT;
	ui->has_lesson = status.is_on;
	ui->lesson_step = status.step;
	ui->lesson_columns = 0;
	/* A new step is read from its top, a step that unfolds from where it goes on; nobody knows
	 * where that is when we begin: at its end. */
	if (is_new_step || is_first_look)
		ui->scroll[PANE_LESSON] = is_new_step ? 0 : 1 << 20;
	ui->is_unfolding = !is_new_step && !is_first_look;
	if (!status.is_on && ui->chosen == PANE_LESSON)
		ui_choose(ui, PANE_CONSOLES, false);
	ui->dirty |= DIRTY_PANE(PANE_LESSON);
}

static void on_write(struct out *out, bool is_error, enum out_role role, const char *text,
		     size_t length)
{
	(void)is_error;
	messages_add(((struct lesson_out *)out)->text, role, text, length);
}

/* A job (check) may change the text more than once: the place where it goes on is held against the
 * text before the first change. */
void ui_lesson_write(struct ui *ui, int columns)
{
	struct lesson_out out = {
	    .out = {.write = on_write, .columns = (unsigned)columns, .is_terminal = true},
	};

	if (columns == ui->lesson_columns)
		return;
	ui->lesson_columns = columns;
	if (ui->is_unfolding && !ui->has_job_unfolded) {
		out.text = ui->lesson_before;
		ui->lesson_before = ui->lesson;
		ui->lesson = out.text;
	}
	out.text = ui->lesson;
	messages_clear(out.text);
	lessons_render(&out.out, true);
	messages_end_line(out.text);
	if (!ui->is_unfolding)
		return;
	ui->scroll[PANE_LESSON] = messages_first_change(out.text, ui->lesson_before, columns);
	ui->is_unfolding = false;
	ui->has_job_unfolded = ui->job.pid != 0;
}
