/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of JSON documents (and one label) that several commands share, so that a key means
 * the same everywhere. */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "story.h"

struct doc *report_facts(const struct facts *facts)
{
	struct doc *object = doc_object();

	for (size_t i = 0; facts && probes[i].name; i++) {
		const struct fact *fact = &facts->fact[i];
		struct doc *entry;

		if (!fact->value[0])
			continue;
		entry = doc_put(object, probes[i].name, doc_object());
		if (fact->is_absent)
			doc_put_null(entry, "value");
		else
			doc_put_text(entry, "value", fact->value);
		if (fact->is_absent)
			doc_put_text(entry, "reason", fact->value);
		doc_put_text(entry, "verdict", verdict_name(fact->verdict));
	}
	return object;
}

struct doc *report_resources(const struct sandbox *s)
{
	struct doc *object = doc_object();
	const struct sample *sample = sandbox_sample(s, 0);

	for (const struct sample_field *field = sample_fields; sample && field->name; field++)
		if (strcmp(field->name, "exits") != 0 || sample->has_exits)
			doc_put_number(object, field->name, sample_get(sample, field));
	return object;
}

static void push_steps(struct doc *array, const struct timeline *timeline,
		       const struct timeline_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct doc *entry;

		if (steps[i].start_ns < timeline->request_ns)
			continue;
		entry = doc_push(array, doc_object());
		doc_put_text(entry, "name", steps[i].name);
		doc_put_number(entry, "start_ns", steps[i].start_ns - timeline->request_ns);
		doc_put_number(entry, "duration_ns", steps[i].duration_ns);
	}
}

struct doc *report_boot(const struct sandbox *s)
{
	const struct timeline *timeline = sandbox_timeline(s);
	struct doc *object = doc_object(), *steps;

	doc_put_number(object, "total_ns", timeline_total_ns(timeline));
	if (timeline->first_output_ns > timeline->request_ns)
		doc_put_number(object, "first_output_ns",
			       timeline->first_output_ns - timeline->request_ns);
	doc_put_bool(object, "together", sandbox_started_together(s));
	steps = doc_put(object, "steps", doc_array());
	push_steps(steps, timeline, timeline->steps, timeline->count);
	return object;
}

struct doc *report_life(const struct sandbox *s)
{
	const struct timeline *timeline = sandbox_timeline(s);
	struct doc *array = doc_array();

	for (size_t i = 0; i < timeline->life_count; i++) {
		struct doc *entry = doc_push(array, doc_object());

		doc_put_text(entry, "topic", timeline->life[i].name);
		doc_put_text(entry, "text", timeline->life[i].why);
		doc_put_number(entry, "at_ns", timeline->life[i].start_ns - timeline->request_ns);
	}
	return array;
}

struct doc *report_end(const struct sandbox *s)
{
	const struct timeline *timeline = sandbox_timeline(s);
	struct doc *object = doc_object();

	push_steps(doc_put(object, "steps", doc_array()), timeline, timeline->end,
		   timeline->end_count);
	return object;
}

bool report_is_left_out(const struct sandbox *s, const struct spec_brick_entry *brick)
{
	return sandbox_spec(s)->removed_bricks & brick->brick;
}

static const struct fact *fact_of(const struct sandbox *s, const struct spec_brick_entry *brick)
{
	const struct facts *facts = sandbox_facts(s);
	int index = brick->probe ? probe_index(brick->probe) : -1;

	return facts && index >= 0 && facts->fact[index].value[0] ? &facts->fact[index] : NULL;
}

struct doc *report_left_out(const struct sandbox *s)
{
	struct doc *array = doc_array();

	for (const struct spec_brick_entry *brick = spec_bricks; brick->option; brick++) {
		const struct fact *fact = fact_of(s, brick);
		struct doc *entry;

		if (!report_is_left_out(s, brick))
			continue;
		entry = doc_push(array, doc_object());
		doc_put_text(entry, "brick", brick->name);
		doc_put_text(entry, "option", brick->option);
		doc_put_text(entry, "exposes", brick->exposes);
		if (brick->probe)
			doc_put_text(entry, "fact", brick->probe);
		if (fact && !fact->is_absent)
			doc_put_text(entry, "value", fact->value);
		if (fact)
			doc_put_text(entry, "verdict", verdict_name(fact->verdict));
	}
	return array;
}

const char *report_brick_fact(const struct sandbox *s, const struct spec_brick_entry *brick,
			      char *buffer, size_t size)
{
	const struct fact *fact = fact_of(s, brick);

	buffer[0] = '\0';
	if (fact)
		snprintf(buffer, size, "%s: %s (%s)", probe_find(brick->probe)->label, fact->value,
			 verdict_name(fact->verdict));
	return buffer;
}

void report_print_left_out(const struct sandbox *s, unsigned indent, struct out *out)
{
	char fact[384], text[768];

	for (const struct spec_brick_entry *brick = spec_bricks; brick->option; brick++) {
		if (!report_is_left_out(s, brick))
			continue;
		report_brick_fact(s, brick, fact, sizeof(fact));
		snprintf(text, sizeof(text), "%s: %s%s%s", brick->option, brick->exposes,
			 *fact ? "; seen inside: " : "", fact);
		out_printf(out, "%*s", (int)indent, "");
		out_wrap(out, indent, indent + 2, text);
	}
}

void report_head(struct doc *object, const struct sandbox *s)
{
	int status;

	doc_put_text(object, "name", sandbox_name(s));
	doc_put_text(object, "kind", sandbox_kind(s));
	doc_put_text(object, "flavour", sandbox_flavour(s));
	doc_put_text(object, "accel", sandbox_accel(s));
	doc_put_text(object, "state", sandbox_state_name(sandbox_state(s)));
	if (sandbox_pid(s) > 0)
		doc_put_number(object, "pid", (uint64_t)sandbox_pid(s));
	else
		doc_put_null(object, "pid");
	if (sandbox_exit_status(s, &status))
		doc_put_number(object, "exit_status", (uint64_t)status);
	if (*sandbox_failure(s))
		doc_put_text(object, "failure", sandbox_failure(s));
	if (*sandbox_failure_hint(s))
		doc_put_text(object, "hint", sandbox_failure_hint(s));
}

const char *report_label(const struct sandbox *s, char *buffer, size_t size)
{
	if (strcmp(sandbox_flavour(s), "-") == 0)
		sandbox_kind_marked(s, buffer, size);
	else
		snprintf(buffer, size, "%s, %s, %s%s", sandbox_kind(s), sandbox_flavour(s),
			 sandbox_accel(s), sandbox_is_emulated(s) ? " (emulated)" : "");
	return buffer;
}

void report_put_inner(struct doc *object, const struct sandbox *s)
{
	uint64_t request_ns = sandbox_timeline(s)->request_ns;
	struct doc *array = NULL;
	const struct sandbox *inner;

	for (size_t k = 0; (inner = sandbox_inner(s, k)) != NULL; k++) {
		uint64_t at_ns = sandbox_timeline(inner)->request_ns;
		struct doc *entry;

		if (!array)
			array = doc_put(object, "inner", doc_array());
		entry = doc_push(array, doc_object());
		report_head(entry, inner);
		doc_put_number(entry, "at_ns", at_ns > request_ns ? at_ns - request_ns : 0);
		doc_put(entry, "boot", report_boot(inner));
		doc_put(entry, "life", report_life(inner));
		doc_put(entry, "end", report_end(inner));
		doc_put(entry, "facts", report_facts(sandbox_facts(inner)));
	}
}

const char *report_outer_fact(const struct sandbox *s, size_t index, char *buffer, size_t size)
{
	const struct sandbox *outer = sandbox_outer(s);
	const struct facts *facts = sandbox_facts(s), *outers = outer ? sandbox_facts(outer) : NULL;

	if (!facts || !outers || facts->fact[index].verdict != VERDICT_OWN ||
	    !facts->fact[index].identity[0] ||
	    strcmp(facts->fact[index].identity, outers->fact[index].identity) != 0)
		return NULL;
	snprintf(buffer, size, "%s's", sandbox_name(outer));
	return buffer;
}
