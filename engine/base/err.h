/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_ERR_H
#define ISOLAB_ERR_H
/*
 * err: what failed, on what, why, and what to do about it.
 *
 * A struct err lives on the caller's stack and is passed down as the last argument. It is left
 * untouched on success. A function that fails returns a negative errno and has filled it; every
 * level that knows a noun prepends it, so that the whole reads like a sentence:
 *
 *	create 'demo': mount proc on '/proc': operation not permitted
 *	hint: …
 *
 * A text is one line: control characters in it, which a terminal would obey, become '?'.
 * All functions accept e == NULL (the caller wants only the code).
 */
#include <stdbool.h>
#include <stddef.h>

enum { ERR_WHAT_MAX = 768, ERR_HINT_MAX = 384 };

struct err {
	int code;                /* positive errno, 0 = nothing failed */
	char what[ERR_WHAT_MAX]; /* one line, lower case, no full stop */
	char hint[ERR_HINT_MAX]; /* what to do, may be empty */
};

/* Starts an error: `code` is an errno (either sign), the text says what was being done to what; the
 * errno's own text is appended after ": ". Returns -|code|, so that `return err_sys(e, errno, "open
 * '%s'", p);` works. */
int err_sys(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same without the errno's text, for errors whose wording says it all. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Prepends "TEXT: " to an error that came from below and hands on `r`. */
int err_ctx(struct err *e, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Sets the hint, unless a deeper level (which knew more) has set one already. Hands on `r`. */
int err_hint(struct err *e, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Forgets the error. */
void err_clear(struct err *e);

/* Writes "WHAT\n" and, if there is one, "hint: HINT\n" into `buffer`, always terminated. Returns
 * the length that the whole text has. */
size_t err_format(const struct err *e, char *buffer, size_t size);

#endif
