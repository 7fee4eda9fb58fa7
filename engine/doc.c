/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thin skin over jansson: struct doc is a json_t by another name, so that the library is known to
 * this file alone.
 */
#include "doc.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"

static json_t *real(const struct doc *doc)
{
	return (json_t *)doc;
}

struct doc *doc_object(void)
{
	return (struct doc *)json_object();
}

struct doc *doc_root(unsigned schema)
{
	struct doc *root = doc_object();

	doc_put_number(root, "schema", schema);
	return root;
}

struct doc *doc_array(void)
{
	return (struct doc *)json_array();
}

void doc_free(struct doc *doc)
{
	json_decref(real(doc));
}

/* Bytes that are no UTF-8 become U+FFFD, by the encoder that the journal uses, so that both say
 * the same. */
static json_t *text_node(const char *text)
{
	json_t *node = json_string(text);

	if (!node) {
		auto_strbuf mended = {0};

		str_add_json(&mended, text);
		node = mended.failed ? NULL : json_loads(mended.data, JSON_DECODE_ANY, NULL);
	}
	return node;
}

void doc_put_text(struct doc *object, const char *key, const char *text)
{
	json_object_set_new(real(object), key, text_node(text));
}

void doc_put_number(struct doc *object, const char *key, uint64_t number)
{
	json_object_set_new(real(object), key, json_integer((json_int_t)number));
}

void doc_put_real(struct doc *object, const char *key, double number)
{
	json_object_set_new(real(object), key, json_real(number));
}

void doc_put_bool(struct doc *object, const char *key, bool is_true)
{
	json_object_set_new(real(object), key, json_boolean(is_true));
}

void doc_put_null(struct doc *object, const char *key)
{
	json_object_set_new(real(object), key, json_null());
}

struct doc *doc_put(struct doc *object, const char *key, struct doc *child)
{
	return json_object_set_new(real(object), key, real(child)) == 0 ? child : NULL;
}

struct doc *doc_push(struct doc *array, struct doc *child)
{
	return json_array_append_new(real(array), real(child)) == 0 ? child : NULL;
}

void doc_push_number(struct doc *array, uint64_t number)
{
	json_array_append_new(real(array), json_integer((json_int_t)number));
}

void doc_push_text(struct doc *array, const char *text)
{
	json_array_append_new(real(array), text_node(text));
}

int doc_print(struct doc *root, struct out *out)
{
	char *text = json_dumps(real(root), JSON_INDENT(2) | JSON_REAL_PRECISION(6));

	json_decref(real(root));
	if (!text) {
		out_error(out, &(struct err){.code = ENOMEM, .what = "print JSON: out of memory"});
		return 125;
	}
	/* Straight to the writer: a document is UTF-8 whatever the locale is. */
	out->write(out, false, OUT_PLAIN, text, strlen(text));
	out->write(out, false, OUT_PLAIN, "\n", 1);
	free(text);
	return 0;
}

struct doc *doc_parse_object(const char *text, size_t length, struct err *e)
{
	json_error_t error;
	json_t *node = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

	if (node && json_is_object(node))
		return (struct doc *)node;
	json_decref(node);
	err_set(e, EINVAL, "not a JSON object: %s", node ? "another type" : error.text);
	return NULL;
}

const char *doc_get_text(const struct doc *object, const char *key)
{
	const char *text = json_string_value(json_object_get(real(object), key));

	return text ? text : "";
}

int64_t doc_get_number(const struct doc *object, const char *key)
{
	return json_integer_value(json_object_get(real(object), key));
}
