// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two logs of a wall as one text (calls_text.h says its form). Steps are sorted by when they
 * began, since two processes did them side by side; the calls of a step stay in their order. A step
 * that a brick left out stands where it would have been done.
 */
#include <string.h>

#include "calls_text.h"
#include "container.h"
#include "names.h"

/* What may be done at one of two places is left out at the last. */
static bool comes_again(enum step step)
{
	for (enum step later = step + 1; later < STEPS; later++)
		if (strcmp(steps[later].name, steps[step].name) == 0)
			return true;
	return false;
}

/* The option that took the step out, NULL: none did. */
static const char *removed_by(const struct container *c, enum step step)
{
	if (step_stands(c, step) || comes_again(step) ||
	    (c->is_bare && !(steps[step].bricks & SPEC_CGROUP)))
		return NULL;
	return spec_brick_option(steps[step].bricks & c->spec->removed_bricks);
}

/* When the step began; that of the last one before it, if it was left out; 0: never. */
static uint64_t place_of(const struct container *c, enum step step)
{
	const struct container_report *report = c->report;
	enum step first = step < STEP_FIRST_OF_CHILD ? 0 : STEP_FIRST_OF_CHILD;

	if (report->start_ns[step])
		return report->start_ns[step];
	if (!removed_by(c, step))
		return 0;
	while (step > first && !report->start_ns[step])
		step--;
	return report->start_ns[step];
}

static void add_times(struct strbuf *text, uint64_t start_ns, uint64_t duration_ns)
{
	str_add(text, ",\"start_ns\":");
	str_add_number(text, start_ns);
	str_add(text, ",\"duration_ns\":");
	str_add_number(text, duration_ns);
}

static void add_call(const struct calls *calls, const struct call *call, struct strbuf *text)
{
	auto_strbuf words = {0};
	char room[512];
	const char *error = call->result < 0 ? name_of_errno(-call->result) : NULL;

	str_borrow(&words, room, sizeof(room));
	room[0] = '\0';
	call_add_words(calls, call, &words);
	str_add(text, "{\"call\":");
	str_add_json(text, call_forms[call->form].name);
	str_add(text, ",\"arguments\":");
	str_add_json(text, words.data);
	str_add(text, ",\"result\":");
	str_add_signed(text, call->result);
	if (error) {
		str_add(text, ",\"error\":");
		str_add_json(text, error);
	}
	add_times(text, call->start_ns, call->duration_ns);
	str_add(text, ",\"why\":");
	str_add_json(text, call->why ? call->why : call_forms[call->form].about);
	str_add(text, "}\n");
}

static void add_step(const struct container *c, enum step step, struct strbuf *text)
{
	bool is_child = step >= STEP_FIRST_OF_CHILD;
	const struct container_report *report = c->report;
	const struct calls *calls = &report->calls[is_child];
	const char *option = removed_by(c, step), *why = step_text(c, step);
	uint64_t start_ns = report->start_ns[step], end_ns = report->end_ns[step];

	str_add(text, "{\"step\":");
	str_add_json(text, steps[step].name);
	str_add(text, is_child ? ",\"by\":\"child\"" : ",\"by\":\"worker\"");
	if (start_ns)
		add_times(text, start_ns, end_ns > start_ns ? end_ns - start_ns : 0);
	if (option) {
		str_add(text, ",\"without\":");
		str_add_json(text, option);
	}
	str_add(text, ",\"why\":");
	str_add_json(text, why ? why : "");
	str_add(text, "}\n");
	for (uint32_t i = 0; i < calls->count && i < CALLS_MAX; i++)
		if (calls->call[i].step == step)
			add_call(calls, &calls->call[i], text);
}

void calls_encode(const struct container *c, struct strbuf *text)
{
	uint8_t order[STEPS];
	size_t count = 0;

	for (enum step step = 0; c->report && step < STEPS; step++) {
		uint64_t place = place_of(c, step);
		size_t at = count;

		if (!place)
			continue;
		for (; at > 0 && place_of(c, order[at - 1]) > place; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)step;
		count++;
	}
	for (size_t i = 0; i < count; i++)
		add_step(c, order[i], text);
	if (c->report && c->report->calls[0].lost + c->report->calls[1].lost)
		str_addf(text, "{\"lost\":%u}\n",
			 c->report->calls[0].lost + c->report->calls[1].lost);
}
