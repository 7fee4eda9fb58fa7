/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_JSON_H
#define ISOLAB_CONTAINER_OCI_JSON_H
/*
 * json: reading a foreign JSON text, and naming the place where it is wrong.
 *
 * A struct oci_node is a value and the way to it; the nodes of a path lie on the stack, each
 * pointing to the one above, so that an error can say "config.json: linux.namespaces[3].type".
 * The readers leave their result untouched if the member is absent (or null), and are sticky: after
 * the first fault of a document they do nothing, so that a caller reads on and asks once, at the
 * end, for oci_reader.r.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum { OCI_JSON_MAX = 4 * 1024 * 1024, OCI_JSON_DEPTH_MAX = 64, OCI_JSON_ITEMS_MAX = 65536 };

/* Memory that is given back all at once: what was read from one document. */
struct oci_memory {
	struct oci_block *blocks;
};

struct oci_reader {
	const char *document; /* what errors call it: "config.json" */
	struct oci_memory *memory;
	struct err *e;
	int r; /* 0, or the first fault: -errno */
};

struct oci_node {
	struct oci_reader *reader;
	const struct oci_node *parent; /* NULL: the whole document */
	const char *key;               /* NULL: an item of an array, or the whole */
	size_t index;
	json_t *value;
};

struct oci_strings {
	char **items; /* ends with NULL; never NULL itself once read */
	size_t count;
};

/* Zeroed memory that lives as long as `memory`; NULL: there is none. */
void *oci_memory_take(struct oci_memory *memory, size_t count, size_t size);
char *oci_memory_copy(struct oci_memory *memory, const char *text);
void oci_memory_finish(struct oci_memory *memory);

/* Parses a text of at most OCI_JSON_MAX bytes, nested at most OCI_JSON_DEPTH_MAX deep, whose keys
 * are unique and whose strings hold no NUL. The result belongs to the caller (json_decref). */
int oci_json_parse(const char *document, const char *text, size_t length, json_t **ret,
		   struct err *e);

/* Says that this node is wrong: "DOCUMENT: PATH: …". Remembered as the reader's r, too. */
int oci_fault(const struct oci_node *node, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for what is right but cannot be had here; the hint may be NULL. */
int oci_refuse(const struct oci_node *node, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The member `key` of an object. False if it is absent or null, or a fault came before. */
bool oci_member(const struct oci_node *object, const char *key, struct oci_node *ret);
/* The same, and it must be an object. */
bool oci_object(const struct oci_node *object, const char *key, struct oci_node *ret);
/* The same, and it must be an array: its length; 0 also if it is absent. */
size_t oci_array(const struct oci_node *object, const char *key, struct oci_node *ret);
/* An item of an array. False after a fault. */
bool oci_item(const struct oci_node *array, size_t index, struct oci_node *ret);

/* Members of plain types; see above for absent ones. True if it was there and right. */
bool oci_string(const struct oci_node *object, const char *key, const char **ret);
bool oci_bool(const struct oci_node *object, const char *key, bool *ret);
bool oci_integer(const struct oci_node *object, const char *key, int64_t minimum, int64_t maximum,
		 int64_t *ret);
bool oci_unsigned(const struct oci_node *object, const char *key, uint32_t *ret);
/* A 64-bit number without sign, as rlimits have: jansson's integers end at 2^63, so the greatest
 * may be written as a real. */
bool oci_size(const struct oci_node *object, const char *key, uint64_t *ret);
bool oci_strings(const struct oci_node *object, const char *key, struct oci_strings *ret);

/* The string that a node is, or NULL and a fault. */
const char *oci_text(const struct oci_node *node);

/* A path that must be absolute. */
bool oci_absolute(const struct oci_node *object, const char *key, const char **ret);

#endif
