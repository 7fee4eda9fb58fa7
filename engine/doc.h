/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_DOC_H
#define ISOLAB_DOC_H
/*
 * doc: the JSON documents that `--json` prints, and the lines that `--check` sends us. The only
 * file of the engine's upper floor that knows the JSON library. Memory: what is added to a parent
 * belongs to it; doc_print() or doc_free() frees the root. A failed allocation gives NULL, which
 * everything here accepts; doc_print() then says so.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "out.h"

struct doc;

struct doc *doc_object(void);
/* A root with its `schema` number. */
struct doc *doc_root(unsigned schema);
struct doc *doc_array(void);
void doc_free(struct doc *doc);

/* In an object, under `key`. Texts that are not UTF-8 are mended. */
void doc_put_text(struct doc *object, const char *key, const char *text);
void doc_put_number(struct doc *object, const char *key, uint64_t number);
/* With a fraction; only for what is one. */
void doc_put_real(struct doc *object, const char *key, double number);
void doc_put_bool(struct doc *object, const char *key, bool is_true);
void doc_put_null(struct doc *object, const char *key);
/* Takes `child` over and returns it. */
struct doc *doc_put(struct doc *object, const char *key, struct doc *child);
/* At the end of an array. */
struct doc *doc_push(struct doc *array, struct doc *child);
void doc_push_number(struct doc *array, uint64_t number);
void doc_push_text(struct doc *array, const char *text);

/* Writes it with indentation and a newline, and frees it. Returns the exit status: 0, or 125
 * when memory ran out. */
int doc_print(struct doc *root, struct out *out);

/* Parses one object. NULL + e when it is none. */
struct doc *doc_parse_object(const char *text, size_t length, struct err *e);
/* The text under `key`, "" if there is none. Valid as long as `object`. */
const char *doc_get_text(const struct doc *object, const char *key);
/* The whole number under `key`, 0 if there is none. */
int64_t doc_get_number(const struct doc *object, const char *key);

#endif
