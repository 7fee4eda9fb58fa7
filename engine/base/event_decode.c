/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a JSON line back to an event. The line is foreign bytes: a sandbox's directory may hold
 * anything, so every key is checked for its type, and strings are cut to the room they have.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "event.h"

/* Cuts at a whole UTF-8 character, so that what is shown stays text. */
static void copy_text(char *destination, size_t size, const char *source)
{
	size_t end = size - 1;

	if (str_copy(destination, size, source))
		return;
	/* What is cut off must begin a character: go back over the bytes that continue one. */
	while (end > 0 && ((unsigned char)source[end] & 0xc0) == 0x80)
		end--;
	destination[end] = '\0';
}

static int get_text(const json_t *object, const char *key, char *destination, size_t size)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_string(value))
		return -EINVAL;
	copy_text(destination, size, json_string_value(value));
	return 0;
}

static int get_number(const json_t *object, const char *key, uint64_t *destination)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -EINVAL;
	*destination = (uint64_t)json_integer_value(value);
	return 0;
}

static int get_all(const json_t *object, struct event *event, struct err *e)
{
	char kind[EVENT_NAME_MAX] = "";

	if (!json_is_object(object))
		return err_set(e, EINVAL, "event: not a JSON object");
	if (!json_object_get(object, "t_ns") || !json_object_get(object, "sandbox"))
		return err_set(e, EINVAL, "event: t_ns or sandbox is missing");
	if (get_text(object, "kind", kind, sizeof(kind)) < 0 ||
	    event_kind_parse(kind, &event->kind) < 0)
		return err_set(e, EINVAL, "event: unknown kind '%s'", kind);
	if (get_number(object, "t_ns", &event->t_ns) < 0 ||
	    get_number(object, "duration_ns", &event->duration_ns) < 0 ||
	    get_number(object, "offset", &event->offset) < 0 ||
	    get_number(object, "length", &event->length) < 0)
		return err_set(e, EINVAL, "event: a number is not one");
	if (get_text(object, "sandbox", event->sandbox, sizeof(event->sandbox)) < 0 ||
	    get_text(object, "name", event->name, sizeof(event->name)) < 0 ||
	    get_text(object, "value", event->value, sizeof(event->value)) < 0 ||
	    get_text(object, "detail", event->detail, sizeof(event->detail)) < 0)
		return err_set(e, EINVAL, "event: a text is not one");
	return 0;
}

int event_decode(const char *line, size_t length, struct event *ret_event, struct err *e)
{
	json_error_t reason;
	json_t *object;
	struct event event = {0};
	int r;

	if (length > EVENT_LINE_MAX)
		return err_set(e, EINVAL, "event: line of %zu bytes is too long", length);
	object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &reason);
	if (!object)
		return err_set(e, EINVAL, "event: %s", reason.text);
	r = get_all(object, &event, e);
	json_decref(object);
	if (r == 0)
		*ret_event = event;
	return r;
}
