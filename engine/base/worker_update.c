/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Limits changed while the sandbox runs: the words are parsed by the table that made it, the wall
 * applies them, then they are saved, so that a later start has them, too. All or none: what cannot
 * be saved is taken back.
 */
#include <errno.h>
#include <string.h>

#include "worker_private.h"

enum { UPDATE_WORDS_MAX = 256, UPDATE_TEXT_MAX = 512 };

/* Cuts the body into its words. -EPROTO: it does not end with a NUL. */
static int split_words(char *body, size_t length, char *words[UPDATE_WORDS_MAX], struct err *e)
{
	int count = 0;

	if (length == 0 || body[length - 1] != '\0')
		return err_set(e, EPROTO, "no list of words");
	for (size_t at = 0; at < length; at += strlen(body + at) + 1) {
		if (count == UPDATE_WORDS_MAX)
			return err_set(e, E2BIG, "more than %d words", UPDATE_WORDS_MAX);
		words[count++] = body + at;
	}
	return count;
}

static int refuse_kind(const struct worker *w, struct err *e)
{
	int r = err_set(e, EBUSY, "the limits of a %s cannot be changed while it runs",
			w->spec.kind);

	return err_hint(e, r,
			"stop it, change them, start it again: what it is given, it is given "
			"at its start");
}

static void tell(struct worker *w, char *const words[], int count)
{
	char text[UPDATE_TEXT_MAX] = "";
	auto_strbuf line = {.limit = sizeof(text)};

	for (int i = 0; i < count; i++)
		str_addf(&line, "%s%s", i ? " " : "", words[i]);
	str_copy(text, sizeof(text), line.data ? line.data : "");
	worker_event(w, EVENT_NOTE, "update", text, "");
}

int worker_update(struct worker *w, char *body, size_t length, struct err *e)
{
	char *words[UPDATE_WORDS_MAX];
	auto_spec after = {0};
	int count = split_words(body, length, words, e), r;

	if (count < 0)
		return count;
	if (!w->wall->update)
		return refuse_kind(w, e);
	if (!w->is_ready)
		return err_set(e, EAGAIN, "sandbox '%s' is still starting", w->spec.name);
	r = spec_copy(&after, &w->spec, e);
	if (r == 0)
		r = spec_update_limits(&after, count, words, e);
	if (r == 0)
		r = w->wall->update(w, &after, e);
	if (r < 0)
		return r;
	spec_take_limits(&w->spec, &after);
	r = rundir_save_spec(&w->dir, &w->spec, e);
	if (r < 0) { /* `after` has the old ones now */
		w->wall->update(w, &after, NULL);
		spec_take_limits(&w->spec, &after);
		return r;
	}
	tell(w, words, count);
	return 0;
}
