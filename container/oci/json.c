// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Bounds come first: the text's length, then its depth, which is counted in one pass before
 * jansson, which recurses, sees it. jansson itself refuses keys that come twice and strings with
 * NUL in them. What is an error is told with its place: line and column while it is a text, its
 * path once it is a tree.
 */
#include "json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

enum { PATH_PARTS_MAX = OCI_JSON_DEPTH_MAX + 1 };

struct oci_block {
	struct oci_block *next;
	max_align_t data[];
};

void *oci_memory_take(struct oci_memory *memory, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size)
		return NULL;
	struct oci_block *block = calloc(1, sizeof(*block) + count * size);
	if (!block)
		return NULL;
	block->next = memory->blocks;
	memory->blocks = block;
	return block->data;
}

char *oci_memory_copy(struct oci_memory *memory, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = oci_memory_take(memory, size, 1);

	return copy ? memcpy(copy, text, size) : NULL;
}

void oci_memory_finish(struct oci_memory *memory)
{
	for (struct oci_block *block = memory->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	memory->blocks = NULL;
}

/* How deep brackets nest, strings left aside. */
static size_t measure_depth(const char *text, size_t length)
{
	size_t depth = 0, deepest = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!in_string && (c == '}' || c == ']') && depth)
			depth--;
	}
	return deepest;
}

/* jansson's integers end at 2^63, but "no limit" is often written as 2^64 - 1: a longer number
 * becomes a real by a ".0" behind it. Copies the text if there is one; else returns NULL. */
static char *widen_numbers(const char *text, size_t length, struct strbuf *copy)
{
	bool in_string = false;
	size_t taken = 0;

	for (size_t i = 0; i < length; i++) {
		size_t digits = 0;
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		if (in_string)
			continue;
		while (i + digits < length && text[i + digits] >= '0' && text[i + digits] <= '9')
			digits++;
		i += digits ? digits - 1 : 0;
		bool is_whole = i + 1 >= length || !memchr(".eE", text[i + 1], 3);
		if (digits >= 19 && is_whole) {
			str_add_bytes(copy, text + taken, i + 1 - taken);
			str_add(copy, ".0");
			taken = i + 1;
		}
	}
	if (taken)
		str_add_bytes(copy, text + taken, length - taken);
	return copy->data;
}

int oci_json_parse(const char *document, const char *text, size_t length, json_t **ret,
		   struct err *e)
{
	json_error_t error;

	if (length > OCI_JSON_MAX)
		return err_hint(e,
				err_set(e, EFBIG, "%s: it is larger than %d MiB", document,
					OCI_JSON_MAX >> 20),
				"no real one comes near: is it the right file?");
	if (measure_depth(text, length) > OCI_JSON_DEPTH_MAX)
		return err_set(e, EINVAL, "%s: its brackets nest deeper than %d levels", document,
			       OCI_JSON_DEPTH_MAX);
	auto_strbuf widened = {0};
	bool is_wide = widen_numbers(text, length, &widened);
	if (widened.failed)
		return err_set(e, ENOMEM, "%s: no memory to read it", document);
	json_t *tree = json_loadb(is_wide ? widened.data : text, is_wide ? widened.length : length,
				  JSON_REJECT_DUPLICATES, &error);
	if (!tree)
		return err_hint(e,
				err_set(e, EINVAL, "%s: line %d, column %d: %s", document,
					error.line, error.column, error.text),
				"it is no correct JSON (RFC 8259): was it cut?");
	*ret = tree;
	return 0;
}

/* "linux.namespaces[3].type" */
static void write_path(const struct oci_node *node, char *buffer, size_t size)
{
	const struct oci_node *parts[PATH_PARTS_MAX];
	size_t count = 0, length = 0;

	for (; node && node->parent && count < PATH_PARTS_MAX; node = node->parent)
		parts[count++] = node;
	*buffer = '\0';
	while (count-- && length < size) {
		const struct oci_node *part = parts[count];
		int n = part->key ? snprintf(buffer + length, size - length, "%s%.80s",
					     length ? "." : "", part->key)
				  : snprintf(buffer + length, size - length, "[%zu]", part->index);
		length += (size_t)n;
	}
}

static int say_fault(const struct oci_node *node, int code, const char *format, va_list arguments)
{
	struct oci_reader *reader = node->reader;
	char path[256], what[ERR_WHAT_MAX];

	if (reader->r < 0)
		return reader->r;
	write_path(node, path, sizeof(path));
	vsnprintf(what, sizeof(what), format, arguments);
	reader->r = err_set(reader->e, code, "%s: %s%s%.400s", reader->document, path,
			    *path ? ": " : "", what);
	return reader->r;
}

int oci_fault(const struct oci_node *node, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int r = say_fault(node, EINVAL, format, arguments);
	va_end(arguments);
	return r;
}

int oci_refuse(const struct oci_node *node, const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int r = say_fault(node, ENOTSUP, format, arguments);
	va_end(arguments);
	return hint ? err_hint(node->reader->e, r, "%s", hint) : r;
}

static bool out_of_memory(const struct oci_node *node)
{
	oci_fault(node, "no memory to read it");
	return false;
}

bool oci_member(const struct oci_node *object, const char *key, struct oci_node *ret)
{
	if (object->reader->r < 0)
		return false;
	json_t *value = json_object_get(object->value, key);
	if (!value || json_is_null(value))
		return false;
	*ret = (struct oci_node){object->reader, object, key, 0, value};
	return true;
}

bool oci_object(const struct oci_node *object, const char *key, struct oci_node *ret)
{
	if (!oci_member(object, key, ret))
		return false;
	if (json_is_object(ret->value))
		return true;
	oci_fault(ret, "it must be an object");
	return false;
}

size_t oci_array(const struct oci_node *object, const char *key, struct oci_node *ret)
{
	if (!oci_member(object, key, ret))
		return 0;
	if (!json_is_array(ret->value)) {
		oci_fault(ret, "it must be an array");
		return 0;
	}
	if (json_array_size(ret->value) > OCI_JSON_ITEMS_MAX) {
		oci_fault(ret, "it has more than %d items", OCI_JSON_ITEMS_MAX);
		return 0;
	}
	return json_array_size(ret->value);
}

bool oci_item(const struct oci_node *array, size_t index, struct oci_node *ret)
{
	if (array->reader->r < 0)
		return false;
	*ret = (struct oci_node){array->reader, array, NULL, index,
				 json_array_get(array->value, index)};
	return true;
}

const char *oci_text(const struct oci_node *node)
{
	const char *text = json_string_value(node->value);

	if (!text)
		oci_fault(node, "it must be a string");
	return text;
}

bool oci_string(const struct oci_node *object, const char *key, const char **ret)
{
	struct oci_node node;
	const char *text = oci_member(object, key, &node) ? oci_text(&node) : NULL;

	if (text)
		*ret = text;
	return text;
}

bool oci_absolute(const struct oci_node *object, const char *key, const char **ret)
{
	struct oci_node node;
	const char *text = oci_member(object, key, &node) ? oci_text(&node) : NULL;

	if (!text)
		return false;
	if (*text != '/') {
		oci_fault(&node, "'%.100s' must be an absolute path", text);
		return false;
	}
	*ret = text;
	return true;
}

bool oci_bool(const struct oci_node *object, const char *key, bool *ret)
{
	struct oci_node node;

	if (!oci_member(object, key, &node))
		return false;
	if (!json_is_boolean(node.value)) {
		oci_fault(&node, "it must be true or false");
		return false;
	}
	*ret = json_is_true(node.value);
	return true;
}

bool oci_integer(const struct oci_node *object, const char *key, int64_t minimum, int64_t maximum,
		 int64_t *ret)
{
	struct oci_node node;

	if (!oci_member(object, key, &node))
		return false;
	int64_t number = json_integer_value(node.value);
	if (!json_is_integer(node.value) || number < minimum || number > maximum) {
		oci_fault(&node, "it must be a whole number from %lld to %lld", (long long)minimum,
			  (long long)maximum);
		return false;
	}
	*ret = number;
	return true;
}

bool oci_unsigned(const struct oci_node *object, const char *key, uint32_t *ret)
{
	int64_t number;

	if (!oci_integer(object, key, 0, UINT32_MAX, &number))
		return false;
	*ret = (uint32_t)number;
	return true;
}

bool oci_size(const struct oci_node *object, const char *key, uint64_t *ret)
{
	struct oci_node node;

	if (!oci_member(object, key, &node))
		return false;
	double real = json_real_value(node.value);
	if (json_is_integer(node.value) && json_integer_value(node.value) >= 0) {
		*ret = (uint64_t)json_integer_value(node.value);
		return true;
	}
	if (json_is_real(node.value) && real >= 0x1p63 && real <= 0x1p64) {
		*ret = real >= 0x1p64 ? UINT64_MAX : (uint64_t)real;
		return true;
	}
	oci_fault(&node, "it must be a whole number without sign");
	return false;
}

bool oci_strings(const struct oci_node *object, const char *key, struct oci_strings *ret)
{
	struct oci_node array, item;
	size_t count = oci_array(object, key, &array);

	if (object->reader->r < 0)
		return false;
	char **items = oci_memory_take(object->reader->memory, count + 1, sizeof(*items));
	if (!items)
		return out_of_memory(object);
	for (size_t i = 0; i < count && oci_item(&array, i, &item); i++)
		items[i] = (char *)oci_text(&item);
	*ret = (struct oci_strings){items, count};
	return object->reader->r == 0;
}
