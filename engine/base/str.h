/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_STR_H
#define ISOLAB_STR_H
/*
 * str: bounded strings. A struct strbuf grows on the heap up to a limit; the plain functions work
 * on buffers of a known size and say when something did not fit.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing text, always terminated once something was added. Zero-initialise it; str_finish()
 * frees. Once an allocation fails or `limit` (0 = none) is passed, `failed` stays true and nothing
 * is added any more: check it once, at the end. */
struct strbuf {
	char *data;
	size_t length, capacity, limit;
	bool failed;
	bool is_borrowed; /* data is somebody else's: str_borrow() */
};

/* Begins with `size` bytes at `room`, which stay the caller's; only more than that is allocated. */
void str_borrow(struct strbuf *b, char *room, size_t size);
void str_finish(struct strbuf *b); /* frees the memory, zeroes the struct */
#define auto_strbuf __attribute__((cleanup(str_finish))) struct strbuf

/* Makes room for that many bytes more at once, so that additions need not grow it step by step. */
void str_reserve(struct strbuf *b, size_t more);
void str_add(struct strbuf *b, const char *text);
void str_add_bytes(struct strbuf *b, const void *data, size_t length);
/* Adds a decimal number, without the cost of printf(3). */
void str_add_number(struct strbuf *b, uint64_t number);
void str_add_signed(struct strbuf *b, int64_t number);
void str_addf(struct strbuf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_addv(struct strbuf *b, const char *format, va_list args);
/* Adds `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void str_add_json(struct strbuf *b, const char *text);

/* Copies; returns false when it had to cut (the result is terminated all the same). */
bool str_copy(char *destination, size_t size, const char *source);

/* A sandbox's name: [a-zA-Z0-9_][a-zA-Z0-9_.-]*, at most 63 characters. */
bool str_is_name(const char *text);

/* "64M", "1.5G", "4096", "512KiB" (powers of 1024) → bytes. 0 or -EINVAL, -ERANGE. */
int str_parse_size(const char *text, uint64_t *ret_bytes);
/* A decimal number without sign, within [minimum, maximum]. 0 or -EINVAL, -ERANGE. */
int str_parse_number(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret);

/* Human figures for columns: "1.4 ms", "312 µs", "64 MiB"; `size` ≥ 24. Return `buffer`. */
char *str_format_ns(char *buffer, size_t size, uint64_t ns);
char *str_format_bytes(char *buffer, size_t size, uint64_t bytes);

/* The candidate nearest to `text` by edit distance if it is near enough to be a slip of the finger
 * (≤ a third of the length, at least 1), else NULL. For "unknown command 'crate'; did you mean
 * 'create'?". */
const char *str_nearest(const char *text, const char *const *candidates, size_t count);

#endif
