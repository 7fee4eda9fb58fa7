/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The error that travels upwards and collects nouns on its way.
 *
 * The texts live in fixed arrays, so that telling of an error never needs memory. What does not fit
 * is cut at the end: the problem stands in front, because every level prepends.
 */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

static int normalise_code(int code)
{
	return code < 0 ? -code : code;
}

/* Names come from the user and from inside: what a terminal would obey becomes a '?'. */
static void make_visible(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = *text == '\n' || *text == '\t' ? ' ' : '?';
}

static int set_what(struct err *e, int code, const char *format, va_list args)
{
	code = normalise_code(code);
	if (!e)
		return -code;
	e->code = code;
	e->hint[0] = '\0';
	vsnprintf(e->what, sizeof(e->what), format, args);
	make_visible(e->what);
	return -code;
}

int err_sys(struct err *e, int code, const char *format, ...)
{
	va_list args;
	size_t length;
	int r;

	va_start(args, format);
	r = set_what(e, code, format, args);
	va_end(args);
	if (!e)
		return r;
	length = strlen(e->what);
	snprintf(e->what + length, sizeof(e->what) - length, ": %s", text_of_errno(e->code));
	/* Whatever was being done: the cure is always the same. */
	if (e->code == EMFILE)
		return err_hint(e, r, "the limit of open files is reached: raise it, ulimit -n");
	if (e->code == ENFILE)
		return err_hint(e, r, "the machine has no open files left (sysctl fs.file-max)");
	return r;
}

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = set_what(e, code, format, args);
	va_end(args);
	return r;
}

int err_ctx(struct err *e, int r, const char *format, ...)
{
	char context[ERR_WHAT_MAX];
	size_t length, kept;
	va_list args;

	if (!e)
		return r;
	va_start(args, format);
	vsnprintf(context, sizeof(context) - 2, format, args);
	va_end(args);
	make_visible(context);
	length = strlen(context);
	memcpy(context + length, ": ", 2);
	length += 2;
	kept = strlen(e->what);
	if (kept > sizeof(e->what) - 1 - length)
		kept = sizeof(e->what) - 1 - length;
	memmove(e->what + length, e->what, kept);
	memcpy(e->what, context, length);
	e->what[length + kept] = '\0';
	return r;
}

int err_hint(struct err *e, int r, const char *format, ...)
{
	va_list args;

	if (!e || e->hint[0])
		return r;
	va_start(args, format);
	vsnprintf(e->hint, sizeof(e->hint), format, args);
	va_end(args);
	make_visible(e->hint);
	return r;
}

void err_clear(struct err *e)
{
	if (!e)
		return;
	e->code = 0;
	e->what[0] = '\0';
	e->hint[0] = '\0';
}

size_t err_format(const struct err *e, char *buffer, size_t size)
{
	int length;

	if (e->hint[0])
		length = snprintf(buffer, size, "%s\nhint: %s\n", e->what, e->hint);
	else
		length = snprintf(buffer, size, "%s\n", e->what);
	return length < 0 ? 0 : (size_t)length;
}
