/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * screen: see screen.h. curses gets only the cells that changed since the last paint, and works out
 * itself what to send for them.
 *
 * Three things are not as in most programs with curses. Input is read by ourselves (never getch(),
 * no keypad()): one key has to go, byte for byte, to the prompt or to a sandbox. The restoring
 * bytes are taken from terminfo *before* curses starts, so that there is no moment without them.
 * And readline must have been set up before: both share libtinfo's current terminal.
 */
#include "screen.h"

#include <curses.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "restore.h"
#include "str.h"

#undef columns /* macros of term.h that would eat our names */
#undef lines

enum { SEQUENCES_MAX = 40 };

struct screen {
	SCREEN *curses;
	struct canvas painted; /* what is on the terminal */
	bool is_all_dirty, is_ascii, has_colour, is_cursor_shown;
	struct termios settings; /* as they were before us */
	char restoring[RESTORE_BYTES_MAX];
	size_t restoring_length;
	const char *paste_on, *paste_off; /* bracketed paste, NULL: the terminal has none */
	struct input_sequence sequences[SEQUENCES_MAX + 1];
};

/* A capability's bytes without the padding marks "$<5>" that curses would turn into delays; NULL
 * = absent. */
static const char *capability(const char *name)
{
	const char *bytes = tigetstr(name);

	return bytes && bytes != (char *)-1 && *bytes ? bytes : NULL;
}

static void add_restoring(struct screen *screen, const char *bytes)
{
	while (bytes && *bytes && screen->restoring_length < sizeof(screen->restoring)) {
		if (bytes[0] == '$' && bytes[1] == '<') {
			const char *end = strchr(bytes, '>');

			bytes = end ? end + 1 : bytes + 2;
			continue;
		}
		screen->restoring[screen->restoring_length++] = *bytes++;
	}
}

static void collect_restoring(struct screen *screen)
{
	static const char *const names[] = {"rmacs", "op", "sgr0", "cnorm", "rmkx", "rmcup"};

	screen->paste_on = capability("BE");
	screen->paste_off = capability("BD");
	add_restoring(screen, screen->paste_off);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_restoring(screen, capability(names[i]));
	/* A terminal without a second page keeps our last picture: go below it. */
	if (!capability("rmcup"))
		add_restoring(screen, "\r\n");
}

static void collect_sequences(struct screen *screen)
{
	static const struct {
		const char *name;
		enum input_code code;
	} keys[] = {
	    {"kcuu1", INPUT_UP},     {"kcud1", INPUT_DOWN},    {"kcub1", INPUT_LEFT},
	    {"kcuf1", INPUT_RIGHT},  {"khome", INPUT_HOME},    {"kend", INPUT_END},
	    {"kpp", INPUT_PAGE_UP},  {"knp", INPUT_PAGE_DOWN}, {"kich1", INPUT_INSERT},
	    {"kdch1", INPUT_DELETE}, {"kcbt", INPUT_BACK_TAB}, {"kf1", INPUT_F1},
	    {"kf2", INPUT_F1 + 1},   {"kf3", INPUT_F1 + 2},    {"kf4", INPUT_F1 + 3},
	    {"kf5", INPUT_F1 + 4},   {"kf6", INPUT_F1 + 5},    {"kf7", INPUT_F1 + 6},
	    {"kf8", INPUT_F1 + 7},   {"kf9", INPUT_F1 + 8},    {"kf10", INPUT_F1 + 9},
	    {"kf11", INPUT_F1 + 10}, {"kf12", INPUT_F12},
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *bytes = capability(keys[i].name);

		/* Only what begins with ESC: a terminal whose Delete is a plain byte shall not
		 * take that byte away. */
		if (!bytes || bytes[0] != '\033' || !bytes[1] ||
		    strlen(bytes) >= INPUT_SEQUENCE_MAX)
			continue;
		str_copy(screen->sequences[count].bytes, INPUT_SEQUENCE_MAX, bytes);
		screen->sequences[count++].code = keys[i].code;
	}
}

static int check_terminal(struct err *e)
{
	const char *name = getenv("TERM");
	int found = 0;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_hint(e, err_set(e, ENOTTY, "the screen needs a terminal"),
				"use 'isolab shell', or 'isolab compare'");
	if (!name || setupterm(NULL, STDOUT_FILENO, &found) != OK)
		return err_hint(
		    e, err_set(e, ENOTSUP, "the terminal type '%s' is not known", name ? name : ""),
		    "use 'isolab shell', or set TERM to what your terminal is, e.g. xterm");
	if (!capability("cup"))
		return err_hint(e,
				err_set(e, ENOTSUP,
					"a terminal of type '%s' cannot show the screen", name),
				"use 'isolab shell': the same prompt, line by line");
	return 0;
}

static void enter(struct screen *screen)
{
	raw();
	noecho();
	nonl();
	if (screen->paste_on)
		putp(screen->paste_on);
	fflush(stdout);
}

static void start_colours(struct screen *screen)
{
	if (!screen->has_colour || !has_colors() || start_color() != OK) {
		screen->has_colour = false;
		return;
	}
	use_default_colors();
}

int screen_open(const struct screen_options *options, struct screen **ret_screen, struct err *e)
{
	struct screen *screen;
	int r = check_terminal(e);

	if (r < 0)
		return r;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return err_sys(e, ENOMEM, "open the screen");
	screen->is_ascii = options->is_ascii;
	screen->has_colour = options->has_colour;
	tcgetattr(STDIN_FILENO, &screen->settings);
	collect_restoring(screen);
	collect_sequences(screen);
	restore_arm(STDIN_FILENO, &screen->settings, screen->restoring, screen->restoring_length);
	screen->curses = newterm(NULL, stdout, stdin);
	if (!screen->curses) {
		restore_disarm();
		free(screen);
		return err_set(e, ENOTSUP, "curses cannot use this terminal");
	}
	enter(screen);
	start_colours(screen);
	screen->is_all_dirty = true;
	screen->is_cursor_shown = true;
	*ret_screen = screen;
	return 0;
}

static void leave(struct screen *screen)
{
	if (screen->paste_off)
		putp(screen->paste_off);
	curs_set(1);
	endwin();
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->settings);
}

void screen_close(struct screen *screen)
{
	if (!screen)
		return;
	leave(screen);
	restore_disarm();
	delscreen(screen->curses);
	canvas_finish(&screen->painted);
	free(screen);
}

void screen_suspend(struct screen *screen)
{
	leave(screen);
	restore_disarm();
}

void screen_resume(struct screen *screen)
{
	/* The shell may have changed the settings meanwhile: these are now the ones to give
	 * back. */
	tcgetattr(STDIN_FILENO, &screen->settings);
	restore_arm(STDIN_FILENO, &screen->settings, screen->restoring, screen->restoring_length);
	refresh();
	enter(screen);
	screen->is_cursor_shown = true;
	screen_invalidate(screen);
}

void screen_measure(struct screen *screen, int *ret_rows, int *ret_columns)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col) {
		*ret_rows = size.ws_row < 1000 ? size.ws_row : 1000;
		*ret_columns = size.ws_col < 1000 ? size.ws_col : 1000;
		if (is_term_resized(*ret_rows, *ret_columns)) {
			resizeterm(*ret_rows, *ret_columns);
			screen_invalidate(screen);
		}
		return;
	}
	getmaxyx(stdscr, *ret_rows, *ret_columns);
}

void screen_invalidate(struct screen *screen)
{
	screen->is_all_dirty = true;
	clearok(curscr, TRUE);
}

void screen_bell(struct screen *screen)
{
	(void)screen;
	beep();
}

const struct input_sequence *screen_sequences(const struct screen *screen)
{
	return screen->sequences;
}

/* A terminal of 8 colours: the nearest by which of red, green, blue are strong. */
static int reduce_colour(int colour)
{
	int level;

	if (colour < COLORS)
		return colour;
	if (colour < 16)
		return colour - 8;
	if (colour >= 232)
		return colour >= 244 ? 7 : 0;
	level = colour - 16;
	return (level / 36 >= 3) | ((level / 6 % 6 >= 3) << 1) | ((level % 6 >= 3) << 2);
}

static attr_t to_attributes(struct style style)
{
	return (style.attributes & STYLE_BOLD ? A_BOLD : 0) |
	       (style.attributes & STYLE_DIM ? A_DIM : 0) |
	       (style.attributes & STYLE_REVERSE ? A_REVERSE : 0) |
	       (style.attributes & STYLE_UNDERLINE ? A_UNDERLINE : 0) |
	       (style.attributes & STYLE_ITALIC ? A_ITALIC : 0);
}

static short to_pair(const struct screen *screen, struct style style)
{
	int foreground = style.foreground ? reduce_colour(style.foreground - STYLE_COLOUR) : -1;
	int background = style.background ? reduce_colour(style.background - STYLE_COLOUR) : -1;
	int pair;

	if (!screen->has_colour || (foreground < 0 && background < 0))
		return 0;
	pair = alloc_pair(foreground, background);
	return pair > 0 && pair <= 32767 ? (short)pair : 0;
}

static void paint_cell(struct screen *screen, int row, int column, const struct cell *cell)
{
	static const wchar_t ascii_lines[] = L" -|+++";
	attr_t attributes = to_attributes(cell->style);
	short pair = to_pair(screen, cell->style);
	wchar_t text[CELL_TEXT_MAX + 1] = {0};
	cchar_t drawn;

	memcpy(text, cell->text, sizeof(cell->text));
	if (!text[0])
		text[0] = L' ';
	if (cell->kind == CELL_LINE) {
		const cchar_t *const lines[] = {NULL,      WACS_HLINE, WACS_VLINE,
						WACS_TTEE, WACS_BTEE,  WACS_PLUS};
		wchar_t line[CCHARW_MAX] = {ascii_lines[cell->text[0]]};
		attr_t line_attributes = 0;
		short line_pair;

		if (!screen->is_ascii)
			getcchar(lines[cell->text[0]], line, &line_attributes, &line_pair, NULL);
		attributes |= line_attributes;
		text[0] = line[0];
	}
	setcchar(&drawn, text, attributes, pair, NULL);
	mvadd_wch(row, column, &drawn);
}

void screen_paint(struct screen *screen, const struct canvas *canvas)
{
	bool is_new = screen->painted.rows != canvas->rows ||
		      screen->painted.columns != canvas->columns || screen->is_all_dirty;

	if (is_new && canvas_resize(&screen->painted, canvas->rows, canvas->columns) < 0)
		return;
	for (int row = 0; row < canvas->rows; row++)
		for (int column = 0; column < canvas->columns; column++) {
			const struct cell *cell = canvas_cell(canvas, row, column);
			struct cell *painted = canvas_cell(&screen->painted, row, column);

			if (!is_new && cell_is_equal(cell, painted))
				continue;
			if (cell->kind != CELL_TAIL)
				paint_cell(screen, row, column, cell);
			*painted = *cell;
		}
	screen->is_all_dirty = false;
	if (screen->is_cursor_shown != canvas->has_cursor) {
		curs_set(canvas->has_cursor ? 1 : 0);
		screen->is_cursor_shown = canvas->has_cursor;
	}
	move(canvas->has_cursor ? canvas->cursor_row : canvas->rows - 1,
	     canvas->has_cursor ? canvas->cursor_column : 0);
	wnoutrefresh(stdscr);
	doupdate();
}
