/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * events: the journals as they are, merged by time. As text one line each, with times counted from
 * the first request; as JSON the lines themselves, one object per line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "fd.h"
#include "journal.h"

enum events_option { EVENTS_JSON, EVENTS_FOLLOW };

struct source {
	struct sandbox *s; /* held */
	struct journal_reader *reader;
};

/* One event, kept as its line: struct event is mostly room. */
struct kept {
	uint64_t t_ns;
	size_t order; /* in which it was read: what has the same stamp stays as it was */
	char *line;   /* owned */
};

struct stream {
	struct command_context *context;
	struct source *sources;
	size_t count;
	uint64_t zero_ns; /* stamp that text counts from; 0 = not known yet */
	bool is_json, is_all;
	struct kept *kept; /* of the batch at hand */
	size_t kept_count, kept_capacity;
};

static void add_source(struct stream *stream, struct sandbox *s)
{
	struct source *grown = realloc(stream->sources, (stream->count + 1) * sizeof(*grown));
	struct journal_reader *reader;
	int fd = sandbox_open_journal(s, NULL);

	if (grown)
		stream->sources = grown;
	if (!grown || fd < 0 || journal_reader_create(fd, &reader, NULL) < 0)
		/* a journal that cannot be opened has nothing to show; ps says what is wrong */
		return;
	sandbox_hold(s);
	memset(&grown[stream->count], 0, sizeof(*grown));
	grown[stream->count].s = s;
	grown[stream->count++].reader = reader;
}

static void finish(struct stream *stream)
{
	for (size_t i = 0; i < stream->count; i++) {
		journal_reader_destroy(stream->sources[i].reader);
		sandbox_release(stream->sources[i].s);
	}
	free(stream->sources);
	free(stream->kept);
}

static void print_text(struct stream *stream, const struct event *event)
{
	struct out *out = stream->context->out;
	char time[24], duration[24];

	if (!stream->zero_ns)
		stream->zero_ns = event->t_ns;
	str_format_ns(time, sizeof(time),
		      event->t_ns > stream->zero_ns ? event->t_ns - stream->zero_ns : 0);
	out_cell(out, OUT_DIM, -10, time);
	out_printf(out, "  ");
	out_cell(out, OUT_PLAIN, 16, event->sandbox);
	out_printf(out, " ");
	if (event->name[0])
		out_cell(out, OUT_TITLE, 9, event_kind_name(event->kind));
	else
		out_role_printf(out, OUT_TITLE, "%s", event_kind_name(event->kind));
	out_printf(out, "%s", event->name);
	if (event->kind == EVENT_CONSOLE)
		out_printf(out, " %llu bytes", (unsigned long long)event->length);
	if (event->duration_ns)
		out_printf(out, " %s",
			   str_format_ns(duration, sizeof(duration), event->duration_ns));
	if (event->value[0])
		out_printf(out, " %s", event->value);
	if (event->detail[0])
		out_role_printf(out, OUT_DIM, " (%s)", event->detail);
	out_printf(out, "\n");
}

static void print_kept(struct stream *stream, const struct kept *kept)
{
	struct event event;

	if (stream->is_json)
		stream->context->out->write(stream->context->out, false, OUT_PLAIN, kept->line,
					    strlen(kept->line));
	else if (event_decode(kept->line, strlen(kept->line), &event, NULL) == 0)
		print_text(stream, &event);
}

static void keep(struct stream *stream, const struct event *event)
{
	struct strbuf line = {0};

	if (stream->kept_count == stream->kept_capacity) {
		size_t capacity = stream->kept_capacity ? 2 * stream->kept_capacity : 256;
		struct kept *grown = realloc(stream->kept, capacity * sizeof(*grown));

		if (!grown)
			return;
		stream->kept = grown;
		stream->kept_capacity = capacity;
	}
	event_encode(event, &line);
	if (line.failed || !line.data) {
		str_finish(&line);
		return;
	}
	stream->kept[stream->kept_count] =
	    (struct kept){.t_ns = event->t_ns, .order = stream->kept_count, .line = line.data};
	stream->kept_count++;
}

static int compare_kept(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->t_ns != y->t_ns)
		return x->t_ns < y->t_ns ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* The directory's name is the truth, not what its journal claims; behind it stands the name of one
 * that is inside. False: it is about another one than was asked for. */
static bool name_it(const struct sandbox *s, struct event *event)
{
	const struct sandbox *outer = sandbox_outer(s);
	const char *inner = strchr(event->sandbox, '/');
	char name[EVENT_SANDBOX_MAX];

	snprintf(name, sizeof(name), "%.63s%.64s", sandbox_name(outer ? outer : s),
		 inner ? inner : "");
	str_copy(event->sandbox, sizeof(event->sandbox), name);
	return !outer || strcmp(name, sandbox_name(s)) == 0;
}

/* Prints all that is there now, the oldest first: not even one journal is sorted, because a worker
 * writes its steps in one go when it has time for that. */
static void print_new(struct stream *stream)
{
	struct event event;

	for (size_t i = 0; i < stream->count; i++)
		while (journal_reader_next(stream->sources[i].reader, &event, NULL) > 0) {
			if (name_it(stream->sources[i].s, &event))
				keep(stream, &event);
		}
	if (stream->kept_count)
		qsort(stream->kept, stream->kept_count, sizeof(*stream->kept), compare_kept);
	for (size_t i = 0; i < stream->kept_count; i++) {
		print_kept(stream, &stream->kept[i]);
		free(stream->kept[i].line);
	}
	stream->kept_count = 0;
}

static bool is_known(const struct stream *stream, const struct sandbox *s)
{
	for (size_t i = 0; i < stream->count; i++)
		if (stream->sources[i].s == s)
			return true;
	return false;
}

static bool is_over(struct lab *lab, void *arg)
{
	struct stream *stream = arg;
	bool lives = stream->is_all;

	for (size_t i = 0; stream->is_all && i < lab_count(lab); i++)
		if (!is_known(stream, lab_at(lab, i)))
			add_source(stream, lab_at(lab, i));
	for (size_t i = 0; i < stream->count; i++)
		lives |= sandbox_is_alive(stream->sources[i].s);
	print_new(stream);
	fflush(stdout);
	return !lives;
}

static int run_events(struct command_context *context, int argc, char **argv)
{
	struct sandbox *sandboxes[CMD_SANDBOXES_MAX];
	struct stream stream = {.context = context};
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 0, -1, 0, &line), count, r = 0;

	if (status)
		return status;
	stream.is_json = cmd_has(&line, EVENTS_JSON);
	stream.is_all = line.count == 0;
	count = cmd_find_shown(context->lab, line.words, line.count, sandboxes, &error);
	if (count < 0)
		return cmd_fail(context, &error);
	for (int i = 0; i < count; i++)
		add_source(&stream, sandboxes[i]);
	print_new(&stream);
	if (cmd_has(&line, EVENTS_FOLLOW) && !context->may_wait)
		r = err_hint(&error,
			     err_set(&error, EBUSY,
				     "events -f would wait, and the screen does not"),
			     "the events are on the screen");
	else if (cmd_has(&line, EVENTS_FOLLOW))
		r = lab_wait(context->lab, is_over, &stream, -1, &error);
	finish(&stream);
	return r == -EINTR ? CMD_STATUS_INTERRUPTED : r < 0 ? cmd_fail(context, &error) : 0;
}

static const struct command_option options[] = {
    [EVENTS_JSON] = {.name = "--json", .about = "one JSON object per line"},
    [EVENTS_FOLLOW] = {.name = "--follow", .about = "go on with what comes", .letter = 'f'},
    {.name = NULL},
};

const struct command cmd_events = {
    .name = "events",
    .arguments = "[NAME…] [--json] [-f]",
    .about = "show what happened, from the journals",
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_events,
};
