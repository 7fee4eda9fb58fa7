/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading the file `calls`. A running sandbox is asked to write it first: before that nobody needed
 * it. Whatever the file holds, no more than CALLS_STEPS_MAX steps and CALLS_CALLS_MAX calls are
 * kept.
 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "doc.h"
#include "fd.h"
#include "lab_private.h"

enum { LINE_MAX_BYTES = 16 * 1024 };

void calls_finish(struct calls_text *calls)
{
	for (size_t i = 0; i < calls->call_count; i++)
		free(calls->calls[i].arguments);
	free(calls->steps);
	free(calls->calls);
	*calls = (struct calls_text){0};
}

/* Control characters, also those of two bytes (U+0080 to U+009F), become '?'. */
static void make_harmless(char *text)
{
	for (char *c = text; *c; c++) {
		unsigned char byte = (unsigned char)*c, next = (unsigned char)c[1];

		if (byte < ' ' || byte == 127)
			*c = '?';
		else if (byte == 0xc2 && next >= 0x80 && next < 0xa0)
			c[0] = c[1] = '?';
	}
}

static void copy_text(const struct doc *object, const char *key, char *buffer, size_t size)
{
	const char *text = doc_get_text(object, key);
	size_t end = strnlen(text, size - 1);

	/* What is cut off must begin a character. */
	while (end > 0 && text[end] && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	memcpy(buffer, text, end);
	buffer[end] = '\0';
	make_harmless(buffer);
}

static uint64_t positive(const struct doc *object, const char *key)
{
	int64_t number = doc_get_number(object, key);

	return number > 0 ? (uint64_t)number : 0;
}

/* False: it does not fit any more. */
static bool add_step(struct calls_text *calls, const struct doc *object)
{
	struct step_line *step = &calls->steps[calls->step_count];

	if (calls->step_count == CALLS_STEPS_MAX)
		return false;
	copy_text(object, "step", step->name, sizeof(step->name));
	copy_text(object, "by", step->by, sizeof(step->by));
	copy_text(object, "without", step->without, sizeof(step->without));
	copy_text(object, "why", step->why, sizeof(step->why));
	step->start_ns = positive(object, "start_ns");
	step->duration_ns = positive(object, "duration_ns");
	step->first_call = calls->call_count;
	calls->step_count++;
	return true;
}

static bool add_call(struct calls_text *calls, const struct doc *object)
{
	struct call_line *call = &calls->calls[calls->call_count];
	char arguments[CALL_ARGUMENTS_MAX];

	if (calls->call_count == CALLS_CALLS_MAX || calls->step_count == 0)
		return false;
	copy_text(object, "call", call->name, sizeof(call->name));
	copy_text(object, "error", call->error, sizeof(call->error));
	copy_text(object, "why", call->why, sizeof(call->why));
	copy_text(object, "arguments", arguments, sizeof(arguments));
	call->arguments = strdup(arguments);
	if (!call->arguments)
		return false;
	call->result = doc_get_number(object, "result");
	call->start_ns = positive(object, "start_ns");
	call->duration_ns = positive(object, "duration_ns");
	calls->call_count++;
	calls->steps[calls->step_count - 1].call_count++;
	return true;
}

static bool add_line(struct calls_text *calls, const char *line, size_t length)
{
	struct doc *object = length <= LINE_MAX_BYTES
				 ? doc_parse_object(line, length, &(struct err){0})
				 : NULL;
	bool is_known = true;

	if (!object)
		return false;
	if (*doc_get_text(object, "step"))
		is_known = add_step(calls, object);
	else if (*doc_get_text(object, "call"))
		is_known = add_call(calls, object);
	else if (positive(object, "lost"))
		calls->lost = positive(object, "lost");
	else
		is_known = false;
	doc_free(object);
	return is_known;
}

int calls_parse(const char *text, size_t length, struct calls_text *ret, struct err *e)
{
	auto_calls calls = {.steps = calloc(CALLS_STEPS_MAX, sizeof(*calls.steps)),
			    .calls = calloc(CALLS_CALLS_MAX, sizeof(*calls.calls))};
	const char *end = text + length;

	if (!calls.steps || !calls.calls)
		return err_sys(e, ENOMEM, "read the calls");
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((newline ? newline : end) - text);

		if (line > 0 && !add_line(&calls, text, line))
			calls.skipped++;
		text += line + 1;
	}
	*ret = calls;
	calls = (struct calls_text){0};
	return 0;
}

static int refuse(const struct sandbox *s, struct err *e)
{
	int r = err_set(e, ENODATA, "how '%s' was built is not known", s->name);

	if (sandbox_state(s) == SANDBOX_CREATED)
		return err_hint(e, r, "nothing is built yet: isolab start %s", s->name);
	return err_hint(e, r,
			"its worker ended before it could write it down; start it again: "
			"isolab start %s",
			s->name);
}

static int read_file(const struct sandbox *s, char **ret_text, size_t *ret_length, struct err *e)
{
	auto_close int fd = rundir_open_file(&s->dir, "calls", O_RDONLY | O_NONBLOCK, e);
	struct stat status;

	if (fd == -ENOENT) {
		err_clear(e);
		return refuse(s, e);
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size > CALLS_FILE_MAX)
		return err_hint(e,
				err_set(e, EBADMSG, "sandbox '%s': 'calls' is no list of calls",
					s->name),
				"the next start writes it anew: isolab start %s", s->name);
	auto_free char *text = malloc((size_t)status.st_size + 1);
	if (!text)
		return err_sys(e, ENOMEM, "sandbox '%s': read 'calls'", s->name);
	ssize_t n = fd_read_full(fd, text, (size_t)status.st_size);
	if (n < 0)
		return err_sys(e, (int)-n, "sandbox '%s': read 'calls'", s->name);
	*ret_length = (size_t)n;
	*ret_text = text;
	text = NULL;
	return 0;
}

int calls_read(struct sandbox *s, struct calls_text *ret, struct err *e)
{
	auto_free char *text = NULL;
	auto_calls calls = {0};
	size_t length = 0;
	/* A worker that ends meanwhile writes it, too. */
	int r = sandbox_is_alive(s) ? sandbox_describe(s, "calls", &(struct strbuf){0}, NULL) : 0;

	r = read_file(s, &text, &length, e);
	if (r == 0)
		r = calls_parse(text, length, &calls, e);
	if (r < 0)
		return r;
	/* Of a life before this one. */
	if (calls.step_count > 0 && calls.steps[0].start_ns < sandbox_timeline(s)->request_ns)
		return refuse(s, e);
	*ret = calls;
	calls = (struct calls_text){0};
	return 0;
}
