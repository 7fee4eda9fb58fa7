/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prompt: see prompt.h. readline's callback interface with our own hooks for reading and drawing.
 *
 * What surprises, all of it learnt the hard way by others:
 * - without rl_change_environment = 0 readline sets LINES and COLUMNS, and curses then never sees a
 * resize again;
 * - a nested read inside readline (a key bound to an odd function) must find an end-of-file, not
 * block us: on_read() returns EOF
 *   when nothing is queued, and the end-of-file that readline may make of it is not the user's;
 * - the user's inputrc is foreign: what it puts into the prompt (mode strings, escapes) is drawn by
 * us as plain text, and settings
 *   that print or ask are set back after it was read.
 */
#include "prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "str.h"

enum { QUEUE_MAX = 64 * 1024, HISTORY_MAX = 1000, CANDIDATES_MAX = 512, HISTORY_PATH_MAX = 4096 };

static const char prompt_text[] = "isolab> ";

/* readline's interface has no user argument: the hooks find their prompt here (a mutable global,
 * see HACKING.md). */
static struct {
	struct prompt_hooks hooks;
	bool is_open, is_on_screen, is_starved, is_hidden;
	char queue[QUEUE_MAX];
	size_t queue_start, queue_end;
	char history_path[HISTORY_PATH_MAX]; /* "" = no history file */
	FILE *nowhere;
	char *candidates[CANDIDATES_MAX + 1];
	size_t candidate_count;
} glue;

/* ---- history ---- */

static int make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*slash = '/';
			return -errno;
		}
		*slash = '/';
	}
	return 0;
}

static void find_history(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int length = -1;

	if (state && state[0] == '/')
		length = snprintf(glue.history_path, sizeof(glue.history_path), "%s/isolab/history",
				  state);
	else if (home && home[0] == '/')
		length = snprintf(glue.history_path, sizeof(glue.history_path),
				  "%s/.local/state/isolab/history", home);
	if (length < 0 || (size_t)length >= sizeof(glue.history_path) ||
	    make_parents(glue.history_path) < 0)
		glue.history_path[0] = '\0';
}

static void load_history(void)
{
	find_history();
	using_history();
	stifle_history(HISTORY_MAX);
	if (glue.history_path[0])
		read_history(glue.history_path);
}

static void remember(const char *line)
{
	HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
	FILE *file;

	if (!*line || *line == ' ' || (last && strcmp(last->line, line) == 0))
		return;
	add_history(line);
	if (!glue.history_path[0])
		return;
	/* Appended at once: a crash loses nothing, and two prompts share one file. */
	file = fopen(glue.history_path, "ae");
	if (!file)
		return;
	fprintf(file, "%s\n", line);
	fclose(file);
}

/* ---- hooks ---- */

static int on_read(FILE *stream)
{
	(void)stream;
	if (glue.queue_start < glue.queue_end)
		return (unsigned char)glue.queue[glue.queue_start++];
	glue.is_starved = true;
	return EOF;
}

static int on_is_available(void)
{
	return glue.queue_start < glue.queue_end;
}

static void on_redisplay(void)
{
	/* Drawn by prompt_draw() once per turn. */
}

static void on_line(char *line)
{
	if (!line && glue.is_starved)
		return;
	if (line)
		remember(line);
	if (!glue.is_on_screen && line)
		rl_callback_handler_remove();
	glue.hooks.on_line(glue.hooks.arg, line);
	free(line);
}

static void add_candidate(void *arg, const char *candidate)
{
	(void)arg;
	if (glue.candidate_count == CANDIDATES_MAX)
		return;
	glue.candidates[glue.candidate_count] = strdup(candidate);
	if (glue.candidates[glue.candidate_count])
		glue.candidate_count++;
}

static char *on_next_candidate(const char *text, int state)
{
	size_t i = (size_t)state;

	(void)text;
	return i < glue.candidate_count ? strdup(glue.candidates[i]) : NULL;
}

static void forget_candidates(void)
{
	while (glue.candidate_count)
		free(glue.candidates[--glue.candidate_count]);
}

static char *next_in_order(const char *text, int state)
{
	static int at; /* readline asks with state 0, then with anything else */

	if (state == 0)
		at = 0;
	return on_next_candidate(text, at++);
}

static char **on_complete(const char *text, int start, int end)
{
	size_t word = (size_t)start;
	char **matches;

	rl_attempted_completion_over = 1;
	forget_candidates();
	if (!glue.hooks.on_complete)
		return NULL;
	glue.hooks.on_complete(glue.hooks.arg, rl_line_buffer, (size_t)end, &word, add_candidate,
			       NULL);
	if (word != (size_t)start)
		forget_candidates();
	matches = rl_completion_matches(text, next_in_order);
	forget_candidates();
	return matches;
}

static void on_show_candidates(char **matches, int count, int longest)
{
	(void)longest;
	if (glue.hooks.on_candidates)
		glue.hooks.on_candidates(glue.hooks.arg, matches + 1, (size_t)count);
	if (!glue.is_on_screen)
		rl_forced_update_display();
}

/* ---- life ---- */

/* After the inputrc: what would print, beep, or ask back. */
static void tame(void)
{
	rl_variable_bind("bell-style", "none");
	rl_variable_bind("show-mode-in-prompt", "off");
	rl_variable_bind("enable-bracketed-paste", "off");
	rl_variable_bind("page-completions", "off");
	rl_variable_bind("enable-active-region", "off");
	rl_completion_query_items = -1;
}

static int take_over(struct err *e)
{
	glue.nowhere = fopen("/dev/null", "we");
	if (!glue.nowhere)
		return err_sys(e, errno, "open '/dev/null'");
	rl_outstream = glue.nowhere;
	rl_getc_function = on_read;
	rl_input_available_hook = on_is_available;
	rl_redisplay_function = on_redisplay;
	rl_prep_term_function = NULL;
	rl_deprep_term_function = NULL;
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_completion_display_matches_hook = on_show_candidates;
	return 0;
}

int prompt_open(const struct prompt_hooks *hooks, bool is_on_screen, struct err *e)
{
	glue.hooks = *hooks;
	glue.is_on_screen = is_on_screen;
	rl_readline_name = "isolab";
	rl_change_environment = 0;
	if (is_on_screen && take_over(e) < 0)
		return -EIO;
	rl_catch_signals = 0;
	rl_attempted_completion_function = on_complete;
	rl_completer_word_break_characters = (char *)" \t";
	rl_basic_word_break_characters = " \t";
	rl_completer_quote_characters = "";
	rl_initialize();
	if (is_on_screen)
		tame();
	load_history();
	rl_callback_handler_install(prompt_text, on_line);
	glue.is_open = true;
	return 0;
}

void prompt_close(void)
{
	if (!glue.is_open)
		return;
	rl_callback_handler_remove();
	clear_history();
	forget_candidates();
	if (glue.nowhere) {
		rl_outstream = NULL;
		fclose(glue.nowhere);
		glue.nowhere = NULL;
	}
	glue.is_open = false;
}

void prompt_feed(const char *bytes, size_t length)
{
	if (glue.queue_start == glue.queue_end)
		glue.queue_start = glue.queue_end = 0;
	if (length > QUEUE_MAX - glue.queue_end)
		length = QUEUE_MAX - glue.queue_end;
	memcpy(glue.queue + glue.queue_end, bytes, length);
	glue.queue_end += length;
	while (on_is_available()) {
		glue.is_starved = false;
		rl_callback_read_char();
	}
}

void prompt_read_terminal(void)
{
	if (glue.is_hidden)
		prompt_show();
	rl_callback_read_char();
}

void prompt_cancel(void)
{
	rl_free_line_state();
	rl_callback_sigcleanup();
	rl_replace_line("", 1);
	rl_point = rl_end = 0;
	rl_done = 0;
	RL_UNSETSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG |
		      RL_STATE_MULTIKEY | RL_STATE_CHARSEARCH | RL_STATE_METANEXT |
		      RL_STATE_MOREINPUT | RL_STATE_DONE);
	rl_callback_handler_install(prompt_text, on_line);
}

bool prompt_is_empty(void)
{
	return rl_end == 0;
}

void prompt_set_size(int rows, int columns)
{
	rl_set_screen_size(rows, columns);
}

void prompt_hide(void)
{
	if (glue.is_hidden)
		return;
	glue.is_hidden = true;
	rl_callback_handler_remove();
}

void prompt_show(void)
{
	if (!glue.is_open)
		return;
	glue.is_hidden = false;
	rl_callback_handler_install(prompt_text, on_line);
}

/* ---- drawing ---- */

/* readline marks what takes no room by \1 … \2: left out, with all control characters. */
static void sanitise(const char *text, char *buffer, size_t size)
{
	bool is_skipping = false;
	size_t at = 0;

	for (; *text && at + 1 < size; text++) {
		if (*text == RL_PROMPT_START_IGNORE)
			is_skipping = true;
		else if (*text == RL_PROMPT_END_IGNORE)
			is_skipping = false;
		else if (!is_skipping && (unsigned char)*text >= 0x20 && *text != 0x7f)
			buffer[at++] = *text;
	}
	buffer[at] = '\0';
}

/* The line with its control characters as ^X; *ret_cursor = the column of rl_point. */
static void build_line(struct strbuf *text, int *ret_cursor)
{
	char shown[256];
	int columns = 0, width = 0;
	wchar_t character;

	sanitise(rl_display_prompt ? rl_display_prompt : prompt_text, shown, sizeof(shown));
	str_add(text, shown);
	columns = canvas_text_width(shown);
	*ret_cursor = columns;
	for (int i = 0; i < rl_end;) {
		unsigned char byte = (unsigned char)rl_line_buffer[i];
		size_t length = 1;

		if (byte < 0x20 || byte == 0x7f) {
			str_addf(text, "^%c", byte ^ 0x40);
			width = 2;
		} else {
			length = canvas_next(rl_line_buffer + i, &character, &width);
			str_add_bytes(text, rl_line_buffer + i, length ? length : 1);
		}
		if (i < rl_point)
			*ret_cursor = columns + width;
		columns += width;
		i += length ? (int)length : 1;
	}
}

void prompt_draw(struct canvas *canvas, struct rect rect, bool is_focused)
{
	auto_strbuf text = {0};
	int cursor = 0, skipped = 0, width = 0;
	const char *from;
	wchar_t character;

	build_line(&text, &cursor);
	canvas_clear(canvas, rect, STYLE_PLAIN);
	from = text.data ? text.data : "";
	/* Longer than the row: the part around the cursor, moved by half a row at a time. */
	while (cursor - skipped >= rect.columns) {
		int target = skipped + rect.columns / 2;

		while (*from && skipped < target) {
			from += canvas_next(from, &character, &width);
			skipped += width;
		}
	}
	canvas_text(canvas, rect, 0, 0,
		    is_focused ? STYLE_PLAIN : (struct style){.attributes = STYLE_DIM}, from);
	if (skipped)
		canvas_text(canvas, rect, 0, 0, (struct style){.attributes = STYLE_REVERSE}, "<");
	if (is_focused)
		canvas_set_cursor(canvas, rect, 0, cursor - skipped);
}
