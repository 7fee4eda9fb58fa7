/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text for people. What a locale cannot show is replaced before it is written ("µs" becomes "us",
 * "—" becomes "-"), so that LANG=C gets ASCII from every command without any of them knowing.
 */
#include "out.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "fd.h"
#include "str.h"

enum { WRAP_MIN = 20 };

/* The few characters beyond ASCII that our own English texts use. */
static const struct {
	const char *utf8, *ascii;
} replacements[] = {
    {"µ", "u"}, {"—", "-"},  {"–", "-"},  {"…", "..."},
    {"×", "x"}, {"→", "->"}, {"±", "+-"}, {"≤", "<="},
};

/* Length of the character at `text` (bytes that are no UTF-8 count as one each). */
static size_t utf8_length(const char *text, size_t left)
{
	unsigned char first = (unsigned char)*text;
	size_t length = first < 0x80   ? 1
			: first < 0xc2 ? 1
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
				       : 4;

	if (length > left)
		return 1;
	for (size_t at = 1; at < length; at++)
		if (((unsigned char)text[at] & 0xc0) != 0x80)
			return 1;
	return length;
}

static void add_ascii(struct strbuf *b, const char *text, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t size = utf8_length(text + at, length - at);
		const char *ascii = "?";

		for (size_t i = 0; i < sizeof(replacements) / sizeof(replacements[0]); i++)
			if (strlen(replacements[i].utf8) == size &&
			    memcmp(replacements[i].utf8, text + at, size) == 0)
				ascii = replacements[i].ascii;
		if (size == 1 && (unsigned char)text[at] < 0x80)
			str_add_bytes(b, text + at, 1);
		else
			str_add(b, ascii);
		at += size;
	}
}

static bool locale_is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void out_write(struct out *out, bool is_error, enum out_role role, const char *text,
		      size_t length)
{
	auto_strbuf ascii = {.limit = 1 << 20};

	if (!locale_is_utf8()) {
		add_ascii(&ascii, text, length);
		if (!ascii.failed && ascii.data)
			text = ascii.data, length = ascii.length;
	}
	out->write(out, is_error, role, text, length);
}

static void out_vprintf(struct out *out, bool is_error, enum out_role role, const char *format,
			va_list args)
{
	char stack[512];
	auto_free char *heap = NULL;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(stack, sizeof(stack), format, args);
	if (length >= (int)sizeof(stack) && (heap = malloc((size_t)length + 1)))
		vsnprintf(heap, (size_t)length + 1, format, again);
	va_end(again);
	if (length > 0)
		out_write(out, is_error, role, heap ? heap : stack,
			  heap ? (size_t)length : strlen(stack));
}

void out_printf(struct out *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	out_vprintf(out, false, OUT_PLAIN, format, args);
	va_end(args);
}

void out_role_printf(struct out *out, enum out_role role, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	out_vprintf(out, false, role, format, args);
	va_end(args);
}

void out_error(struct out *out, const struct err *error)
{
	char text[ERR_WHAT_MAX + 16];

	snprintf(text, sizeof(text), "isolab: %s\n", error->what);
	out_write(out, true, OUT_BAD, text, strlen(text));
	if (!error->hint[0])
		return;
	snprintf(text, sizeof(text), "hint: %s\n", error->hint);
	out_write(out, true, OUT_PLAIN, text, strlen(text));
}

int out_columns_of(const char *text)
{
	mbstate_t state = {0};
	size_t left = strlen(text);
	int columns = 0;

	while (left) {
		wchar_t wide;
		size_t size = mbrtowc(&wide, text, left, &state);
		int width;

		if (size == (size_t)-1 || size == (size_t)-2 || size == 0) {
			memset(&state, 0, sizeof(state));
			size = utf8_length(text, left);
			width = 1; /* will be shown as one replacement character */
		} else {
			width = wcwidth(wide);
		}
		columns += width > 0 ? width : 0;
		text += size;
		left -= size;
	}
	return columns;
}

void out_cell(struct out *out, enum out_role role, int columns, const char *text)
{
	int width = columns < 0 ? -columns : columns, padding = width - out_columns_of(text);

	if (columns < 0 && padding > 0)
		out_printf(out, "%*s", padding, "");
	out_role_printf(out, role, "%s", text);
	if (columns >= 0 && padding > 0)
		out_printf(out, "%*s", padding, "");
}

struct wrapping {
	struct out *out;
	unsigned columns, indent, at;
	bool is_first; /* nothing has been written yet */
};

/* The blanks in front of a word: as many as there were, or a line end where it does not fit. */
static void wrap_gap(struct wrapping *w, size_t blanks, bool is_line_start, unsigned width)
{
	if (is_line_start && !w->is_first) {
		out_printf(w->out, "\n%*s", (int)w->indent, "");
		w->at = w->indent;
	} else if (!w->is_first && w->at + blanks + width > w->columns) {
		out_printf(w->out, "\n%*s", (int)w->indent, "");
		w->at = w->indent;
		return;
	}
	out_printf(w->out, "%*s", (int)blanks, "");
	w->at += (unsigned)blanks;
}

void out_wrap(struct out *out, unsigned used, unsigned indent, const char *text)
{
	struct wrapping w = {.out = out, .indent = indent, .at = used, .is_first = true};

	w.columns = out->columns > indent + WRAP_MIN ? out->columns : 80;
	while (*text) {
		/* A line that begins with blanks is one of its own; other line ends are blanks. */
		bool is_line_start = text[0] == '\n' && text[1] == ' ';
		size_t skipped = text[0] == '\n', blanks = strspn(text + skipped, " ");
		size_t length = strcspn(text + skipped + blanks, " \n");
		auto_free char *word = strndup(text + skipped + blanks, length);
		unsigned width = word ? (unsigned)out_columns_of(word) : 0;

		if (skipped && !is_line_start)
			blanks = 1;
		if (length)
			wrap_gap(&w, blanks, is_line_start, width);
		out_printf(out, "%s", word ? word : "");
		w.at += width;
		w.is_first &= !length;
		text += skipped + (is_line_start || !skipped ? blanks : 0) + length;
	}
	out_printf(out, "\n");
}

/* ---- stdout and stderr ---- */

static const char *const role_colours[] = {
    [OUT_PLAIN] = "",       [OUT_GOOD] = "\033[34m", [OUT_WARN] = "\033[33m",
    [OUT_BAD] = "\033[31m", [OUT_DIM] = "\033[2m",   [OUT_TITLE] = "\033[1m",
};

static bool wants_colour(int fd)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !(none && *none) && term && *term && strcmp(term, "dumb") != 0;
}

static void write_stdio(struct out *out, bool is_error, enum out_role role, const char *text,
			size_t length)
{
	FILE *file = is_error ? stderr : stdout;
	const char *colour = wants_colour(fileno(file)) ? role_colours[role] : "";

	(void)out;
	if (is_error)
		fflush(stdout); /* in the order in which it was said */
	fprintf(file, "%s%.*s%s", colour, (int)length, text, *colour ? "\033[0m" : "");
	if (is_error)
		fflush(stderr);
}

void out_init_stdio(struct out *out)
{
	struct winsize size = {0};
	const char *columns = getenv("COLUMNS");
	uint64_t number;

	*out = (struct out){.write = write_stdio, .is_terminal = isatty(STDOUT_FILENO)};
	out->columns = out->is_terminal ? 80 : 0; /* a file or a pipe is as wide as need be */
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		out->columns = size.ws_col;
	else if (columns && str_parse_number(columns, 20, 1000, &number) == 0)
		out->columns = (unsigned)number;
}

/* ---- into a buffer ---- */

static void write_buffer(struct out *out, bool is_error, enum out_role role, const char *text,
			 size_t length)
{
	(void)is_error, (void)role;
	str_add_bytes(out->arg, text, length);
}

void out_init_buffer(struct out *out, struct strbuf *buffer)
{
	*out = (struct out){.write = write_buffer, .columns = 80, .arg = buffer};
}
