/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What comes to the screen from outside, as hostile bytes: a sandbox's console (first byte even) or
 * a person's keys and a command's output (odd). Keys must always make progress, text only ever
 * fills its canvas, and no control byte may be left in a cell.
 */
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "keymap.h"
#include "messages.h"
#include "terminal.h"
#include "wrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct canvas *canvas)
{
	for (int row = 0; row < canvas->rows; row++)
		for (int column = 0; column < canvas->columns; column++) {
			const struct cell *cell = canvas_cell(canvas, row, column);

			if (cell->kind == CELL_TEXT && cell->text[0] &&
			    (cell->text[0] < 0x20 || cell->text[0] == 0x7f))
				abort();
		}
}

static void print_in_console(const char *bytes, size_t length, struct canvas *canvas)
{
	struct terminal *terminal = terminal_create(6, 30);
	struct rect all = {0, 0, canvas->rows, canvas->columns};
	char reply[TERMINAL_REPLY_MAX];
	size_t half = length / 2;

	terminal_feed(terminal, bytes, half);
	terminal_resize(terminal, 3 + (int)(length % 7), 9 + (int)(length % 23));
	terminal_feed(terminal, bytes + half, length - half);
	terminal_draw(terminal, canvas, all, (int)(length % 5), true);
	terminal_take_reply(terminal, reply, sizeof(reply));
	terminal_destroy(terminal);
}

static void press_keys(const char *bytes, size_t length)
{
	struct input_key key;

	while (length) {
		size_t taken = input_decode(NULL, bytes, length, true, &key);

		if (taken < 1 || taken > length)
			abort();
		for (int focus = 0; focus < FOCUS_COUNT; focus++)
			keymap_find((enum focus)focus, &key, 0x1d);
		bytes += taken;
		length -= taken;
	}
}

static void print_messages(const char *bytes, size_t length, struct canvas *canvas)
{
	struct messages *messages = messages_create();
	struct rect all = {0, 0, canvas->rows, canvas->columns};

	messages_add(messages, OUT_PLAIN, bytes, length);
	messages_draw(messages, canvas, all, messages_rows(messages, canvas->columns) / 2);
	messages_search(messages, canvas->columns, "x", 0, true);
	messages_destroy(messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct canvas canvas = {0};
	char *line = size ? strndup((const char *)data + 1, size - 1) : NULL;

	if (!line || canvas_resize(&canvas, 7, 25) < 0) {
		free(line);
		return 0;
	}
	if (data[0] % 2 == 0) {
		print_in_console((const char *)data + 1, size - 1, &canvas);
	} else {
		press_keys((const char *)data + 1, size - 1);
		print_messages((const char *)data + 1, size - 1, &canvas);
		input_fold_line(line);
	}
	look_at(&canvas);
	canvas_finish(&canvas);
	free(line);
	return 0;
}
