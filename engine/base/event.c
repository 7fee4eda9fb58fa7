/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From an event to its JSON line. Workers do this between two system calls of a boot that is being
 * measured, so it needs neither printf(3) nor a JSON library; the way back is in event_decode.c.
 */
#include "event.h"

#include <errno.h>
#include <string.h>

static const char *const kind_names[EVENT_KINDS] = {
    [EVENT_STEP] = "step",     [EVENT_READY] = "ready", [EVENT_CONSOLE] = "console",
    [EVENT_SAMPLE] = "sample", [EVENT_FACT] = "fact",   [EVENT_STATE] = "state",
    [EVENT_EXIT] = "exit",     [EVENT_FAIL] = "fail",   [EVENT_DROPPED] = "dropped",
    [EVENT_NOTE] = "note",
};

const char *event_kind_name(enum event_kind kind)
{
	return (unsigned)kind < EVENT_KINDS ? kind_names[kind] : "unknown";
}

int event_kind_parse(const char *name, enum event_kind *ret_kind)
{
	for (unsigned i = 0; i < EVENT_KINDS; i++) {
		if (strcmp(name, kind_names[i]) == 0) {
			*ret_kind = (enum event_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool event_kind_is_mirrored(enum event_kind kind)
{
	return kind != EVENT_CONSOLE && kind != EVENT_SAMPLE && kind != EVENT_DROPPED;
}

static void add_number(struct strbuf *line, const char *key, uint64_t number)
{
	if (number == 0)
		return;
	str_add(line, key);
	str_add_number(line, number);
}

static void add_text(struct strbuf *line, const char *key, const char *text)
{
	if (!text[0])
		return;
	str_add(line, key);
	str_add_json(line, text);
}

void event_encode(const struct event *event, struct strbuf *line)
{
	str_add(line, "{\"t_ns\":");
	str_add_number(line, event->t_ns);
	str_add(line, ",\"sandbox\":");
	str_add_json(line, event->sandbox);
	add_text(line, ",\"kind\":", event_kind_name(event->kind));
	add_text(line, ",\"name\":", event->name);
	add_text(line, ",\"value\":", event->value);
	add_text(line, ",\"detail\":", event->detail);
	add_number(line, ",\"duration_ns\":", event->duration_ns);
	add_number(line, ",\"offset\":", event->offset);
	add_number(line, ",\"length\":", event->length);
	str_add(line, "}\n");
}
