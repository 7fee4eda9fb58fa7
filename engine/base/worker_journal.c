/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a worker tells: events to the journal, sentences to the user of a foreground run.
 *
 * Boot steps are only encoded into memory while the wall is being built and written in one go when
 * it stands: the measuring shall not cost what it measures.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "names.h"
#include "worker_private.h"

static void fill(const struct worker *w, struct event *event, enum event_kind kind,
		 const char *name, const char *value, const char *detail)
{
	event->t_ns = clock_now_ns();
	event->duration_ns = event->offset = event->length = 0;
	event->kind = kind;
	str_copy(event->sandbox, sizeof(event->sandbox), w->spec.name);
	str_copy(event->name, sizeof(event->name), name);
	str_copy(event->value, sizeof(event->value), value);
	str_copy(event->detail, sizeof(event->detail), detail ? detail : "");
}

void worker_bell(const struct worker *w)
{
	if (w->lease_fd >= 0)
		send(w->lease_fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void worker_event(struct worker *w, enum event_kind kind, const char *name, const char *value,
		  const char *detail)
{
	struct event event;

	fill(w, &event, kind, name, value, detail);
	journal_append(&w->journal, &event);
	worker_bell(w);
}

void worker_console_event(struct worker *w)
{
	struct event event;

	if (w->console_length == 0)
		return;
	if (w->is_ready && w->step_count > 0)
		worker_write_steps(w);
	fill(w, &event, EVENT_CONSOLE, "", "", "");
	event.offset = w->console_offset;
	event.length = w->console_length;
	journal_append(&w->journal, &event);
	w->console_offset += w->console_length;
	w->console_length = 0;
	w->console_event_ns = event.t_ns;
}

/* ---- boot steps ---- */

void worker_step_at(struct worker *w, const char *name, uint64_t start_ns, uint64_t end_ns,
		    const char *why)
{
	struct event event;

	fill(w, &event, EVENT_STEP, name, "", why);
	event.t_ns = start_ns;
	event.duration_ns = end_ns > start_ns ? end_ns - start_ns : 0;
	w->steps.limit = JOURNAL_RESERVE_BYTES;
	event_encode(&event, &w->steps);
	w->step_count++;
	if (w->is_ready && !w->is_in_wait)
		worker_write_steps(w);
}

void worker_step(struct worker *w, const char *name, uint64_t start_ns, const char *why)
{
	worker_step_at(w, name, start_ns, clock_now_ns(), why);
}

void worker_write_steps(struct worker *w)
{
	journal_append_lines(&w->journal, &w->steps, w->step_count);
	worker_bell(w);
	w->steps.length = 0;
	w->steps.failed = false;
	w->step_count = 0;
}

static void encode_later(struct worker *w, enum event_kind kind, const char *name)
{
	struct event event;

	fill(w, &event, kind, name, "", "");
	event_encode(&event, &w->steps);
	w->step_count++;
}

void worker_state_later(struct worker *w, const char *state)
{
	encode_later(w, EVENT_STATE, state);
}

void worker_ready(struct worker *w)
{
	if (w->is_ready)
		return;
	w->is_ready = true;
	encode_later(w, EVENT_READY, "");
	encode_later(w, EVENT_STATE, "running");
	if (!w->is_in_wait)
		worker_write_steps(w);
	worker_terminal_ready(w);
	worker_keeper_ready(w);
}

/* ---- walls in walls ---- */

static void copy_clean(char *to, size_t size, const char *text)
{
	str_copy(to, size, text);
	for (; *to; to++)
		if ((unsigned char)*to < ' ' || *to == 0x7f)
			*to = '?';
}

void worker_inner_event(struct worker *w, const struct event *event)
{
	auto_strbuf line = {.limit = EVENT_LINE_MAX};
	struct event own = {.t_ns = event->t_ns,
			    .duration_ns = event->duration_ns,
			    .kind = event->kind};

	if (!event_kind_is_mirrored(event->kind) || !str_is_name(event->sandbox) ||
	    w->inner_bytes > WORKER_INNER_BYTES_MAX)
		return;
	snprintf(own.sandbox, sizeof(own.sandbox), "%s/%.63s", w->spec.name, event->sandbox);
	copy_clean(own.name, sizeof(own.name), event->name);
	copy_clean(own.value, sizeof(own.value), event->value);
	copy_clean(own.detail, sizeof(own.detail), event->detail);
	event_encode(&own, &line);
	w->inner_bytes += line.length;
	if (w->inner_bytes > WORKER_INNER_BYTES_MAX) {
		worker_tell(w, "inner", "",
			    "the sandboxes inside have told more than %d KiB: no more is shown",
			    WORKER_INNER_BYTES_MAX / 1024);
		return;
	}
	if (w->is_ready && w->step_count > 0) /* the outer's `request` comes first */
		worker_write_steps(w);
	journal_append_lines(&w->journal, &line, 1);
	worker_bell(w);
}

/* ---- words ---- */

void worker_note(struct worker *w, const char *topic, const char *format, ...)
{
	struct event event;
	va_list args;

	fill(w, &event, EVENT_NOTE, topic, "", "");
	va_start(args, format);
	vsnprintf(event.value, sizeof(event.value), format, args);
	va_end(args);
	journal_append(&w->journal, &event);
	/* Which acceleration a VM has is for tables, not for the user's terminal; and who reads the
	 * output no longer (`| head`) wants no word about its end. */
	if (w->is_foreground && strcmp(topic, "accel") != 0 && !w->relays[0].is_dead)
		worker_say(w, "isolab: note: %s\n", event.value);
}

void worker_tell(struct worker *w, const char *topic, const char *detail, const char *format, ...)
{
	struct event event;
	va_list args;

	fill(w, &event, EVENT_NOTE, topic, "", detail);
	va_start(args, format);
	vsnprintf(event.value, sizeof(event.value), format, args);
	va_end(args);
	journal_append(&w->journal, &event);
}

/* One write, so that nothing of the sandbox's own output gets between. In raw mode a line end
 * needs its carriage return. A pipe that nobody empties keeps nobody from the end: the journal has
 * it all. */
void worker_say(struct worker *w, const char *format, ...)
{
	enum { SAY_PATIENCE_MS = 500 };
	struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
	char text[ERR_WHAT_MAX + ERR_HINT_MAX + 64], cooked[sizeof(text) + 8], *out = cooked;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (const char *c = text; *c && out < cooked + sizeof(cooked) - 2; c++) {
		if (*c == '\n' && w->is_terminal_raw)
			*out++ = '\r';
		*out++ = *c;
	}
	if (poll(&room, 1, SAY_PATIENCE_MS) == 1)
		fd_write_all(STDERR_FILENO, cooked, (size_t)(out - cooked));
}

void worker_say_error(struct worker *w, const struct err *error)
{
	char text[ERR_WHAT_MAX + ERR_HINT_MAX + 16];

	if (!w->is_foreground && w->events_fd >= 0)
		return;
	err_format(error, text, sizeof(text));
	worker_say(w, "isolab: %s", text);
}

/* Whoever failed deeper down may know no hint; there is always something to do. */
void worker_hint(const struct worker *w, int r, struct err *error)
{
	if (!w->is_command_error)
		err_hint(error, r, "'isolab doctor' tells what this machine can do");
	else if (r == -ENOENT)
		err_hint(error, r, "what there is inside: isolab run %s -- ls /bin", w->spec.kind);
	else
		err_hint(error, r, "it must be an executable program for this machine");
}

void worker_fail_event(struct worker *w, const struct err *error)
{
	const char *name = error->code ? name_of_errno(error->code) : NULL;

	worker_write_steps(w);
	worker_event(w, EVENT_FAIL, name ? name : "failed", error->what, error->hint);
}

void worker_fail(struct worker *w, const struct err *error)
{
	if (w->has_failed)
		return;
	w->has_failed = w->has_exited = true;
	w->failed_status = worker_failure_status(w, -error->code);
	worker_fail_event(w, error);
	if (w->is_foreground)
		worker_say_error(w, error);
}

void worker_exited(struct worker *w, int wait_status)
{
	if (w->has_exited)
		return;
	w->has_exited = true;
	w->wait_status = w->is_interrupted ? SIGINT : wait_status;
}

/* The last lines: how it ended. One write. */
void worker_end_events(struct worker *w, int status)
{
	bool by_signal = !w->has_failed && WIFSIGNALED(w->wait_status);
	struct event event;
	char number[16];

	if (w->events_fd < 0)
		return;
	snprintf(number, sizeof(number), "%d", by_signal ? WTERMSIG(w->wait_status) : status);
	worker_console_event(w);
	journal_flush(&w->journal, w->spec.name);
	fill(w, &event, EVENT_EXIT, by_signal ? "signal" : "status", number, "");
	event_encode(&event, &w->steps);
	fill(w, &event, EVENT_STATE, w->has_failed ? "failed" : "stopped", "", "");
	event_encode(&event, &w->steps);
	w->step_count += 2;
	journal_append_end(&w->journal, &w->steps);
	worker_bell(w);
}

const char *worker_signal_name(int signal_number, char *buffer, size_t size)
{
	const char *name = name_of_signal(signal_number);

	if (name)
		snprintf(buffer, size, "%s", name);
	else
		snprintf(buffer, size, "signal %d", signal_number);
	return buffer;
}
