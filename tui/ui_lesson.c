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
	/* A new step is read from its top, a step that unfolds from where it goes on. */
	ui->scroll[PANE_LESSON] = is_new_step ? 0 : 1 << 20;
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

void ui_lesson_write(struct ui *ui, int columns)
{
	struct lesson_out out = {
	    .out = {.write = on_write, .columns = (unsigned)columns, .is_terminal = true},
	    .text = ui->lesson,
	};

	if (columns == ui->lesson_columns)
		return;
	ui->lesson_columns = columns;
	messages_clear(ui->lesson);
	lessons_render(&out.out, true);
	messages_end_line(ui->lesson);
}
