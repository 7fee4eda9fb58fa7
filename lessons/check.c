/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Evaluating predicates (check_parse.c reads them). WHO may be several sandboxes: the first that
 * satisfies is enough. Nothing is waited for and nothing changed, but a sample is taken where
 * memory is asked for.
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "probe.h"
#include "str.h"

bool check_is_kind(const struct lab *lab, const char *who)
{
	return backend_find(lab_backends(lab), who) != NULL;
}

static bool is_meant(struct lab *lab, const struct sandbox *s, const char *who)
{
	if (!strcmp(who, "lab"))
		return true;
	if (check_is_kind(lab, who))
		return !strcmp(sandbox_kind(s), who);
	return !strcmp(sandbox_name(s), who);
}

static int measure_step(const struct timeline *timeline, const char *name, uint64_t *ret)
{
	for (size_t i = 0; i < timeline->count; i++)
		if (!strcmp(timeline->steps[i].name, name)) {
			*ret = timeline->steps[i].duration_ns;
			return 0;
		}
	return -ENODATA;
}

static int measure_fact(const struct sandbox *s, const struct check_subject *subject,
			struct check_value *ret)
{
	const struct facts *facts = sandbox_facts(s);
	int index = probe_index(subject->name);
	const struct fact *fact;

	if (!facts || index < 0)
		return -ENODATA;
	fact = &facts->fact[index];
	if (subject->field == CHECK_FACT) {
		if (fact->verdict == VERDICT_UNKNOWN)
			return -ENODATA;
		str_copy(ret->text, sizeof(ret->text), verdict_name(fact->verdict));
		return 0;
	}
	if (!fact->value[0] || fact->is_absent)
		return -ENODATA;
	str_copy(ret->text, sizeof(ret->text), fact->value);
	return 0;
}

static int measure_sample(struct sandbox *s, enum check_field field, uint64_t *ret)
{
	const struct sample *sample;

	if (sandbox_state(s) == SANDBOX_RUNNING)
		sandbox_take_sample(s, NULL);
	sample = sandbox_sample(s, 0);
	if (!sample)
		return -ENODATA;
	*ret = field == CHECK_MEMORY     ? sample->memory_bytes
	       : field == CHECK_OVERHEAD ? sample->overhead_bytes
	       : field == CHECK_TOTAL    ? sample->memory_bytes + sample->overhead_bytes
					 : sample->processes;
	return 0;
}

/* All that the ring of the console holds, a string to be freed. NULL: no memory. */
static char *read_console(struct sandbox *s, size_t *ret_length)
{
	char *all = malloc(CONSOLE_CAPACITY + 1);
	size_t length = 0;
	uint64_t position = 0, lost;
	ssize_t r;

	if (!all)
		return NULL;
	while (length < CONSOLE_CAPACITY &&
	       (r = sandbox_console_read(s, &position, all + length, CONSOLE_CAPACITY - length,
					 &lost)) > 0)
		length += (size_t)r;
	all[length] = 0;
	*ret_length = length;
	return all;
}

/* Does the console of `s` hold `text`? */
static bool console_contains(struct sandbox *s, const char *text)
{
	size_t length;
	auto_free char *all = read_console(s, &length);

	return all && memmem(all, length, text, strlen(text)) != NULL;
}

/* "loop  200000000 turns  52800000 ns  …": picoseconds a turn, of the last such line. */
static int measure_loop(struct sandbox *s, uint64_t *ret)
{
	size_t length;
	auto_free char *all = read_console(s, &length);
	const char *line = all;
	double turns, ns;
	int r = -ENODATA;

	while (line && (line = strstr(line, "loop  "))) {
		if (sscanf(line, "loop  %15lf turns  %18lf ns", &turns, &ns) == 2 && turns >= 1 &&
		    ns >= 0) {
			*ret = (uint64_t)(ns * 1000 / turns);
			r = 0;
		}
		line++;
	}
	return r;
}

static int measure_one(struct sandbox *s, const struct check_subject *subject,
		       struct check_value *ret)
{
	const struct timeline *timeline = sandbox_timeline(s);
	int status;

	switch (subject->field) {
	case CHECK_STATE:
		str_copy(ret->text, sizeof(ret->text), sandbox_state_name(sandbox_state(s)));
		return 0;
	case CHECK_BOOT:
		ret->number = timeline_total_ns(timeline);
		return ret->number ? 0 : -ENODATA;
	case CHECK_OUTPUT:
		if (!timeline->first_output_ns || timeline->first_output_ns < timeline->request_ns)
			return -ENODATA;
		ret->number = timeline->first_output_ns - timeline->request_ns;
		return 0;
	case CHECK_STEP:
		return measure_step(timeline, subject->name, &ret->number);
	case CHECK_FACT:
	case CHECK_VALUE:
		return measure_fact(s, subject, ret);
	case CHECK_EXIT:
		if (!sandbox_exit_status(s, &status))
			return -ENODATA;
		ret->number = (uint64_t)status;
		return 0;
	case CHECK_LOOP:
		return measure_loop(s, &ret->number);
	default:
		return measure_sample(s, subject->field, &ret->number);
	}
}

static bool compare(uint64_t a, enum check_relation relation, uint64_t b)
{
	switch (relation) {
	case CHECK_EQUAL:
		return a == b;
	case CHECK_NOT_EQUAL:
		return a != b;
	case CHECK_LESS:
		return a < b;
	case CHECK_LESS_EQUAL:
		return a <= b;
	case CHECK_MORE:
		return a > b;
	default:
		return a >= b;
	}
}

static bool is_satisfied_by(const struct check *check, struct sandbox *s)
{
	struct check_value value = {.type = check_type(check->subject.field)};

	if (check->subject.field == CHECK_CONSOLE)
		return console_contains(s, check->relation == CHECK_EXISTS ? "" : check->text);
	if (measure_one(s, &check->subject, &value) < 0)
		return false;
	switch (check->relation) {
	case CHECK_EXISTS:
		return true;
	case CHECK_IS:
		return !strcmp(value.text, check->text);
	case CHECK_IS_NOT:
		return strcmp(value.text, check->text) != 0;
	case CHECK_CONTAINS:
		return strstr(value.text, check->text) != NULL;
	default:
		return compare(value.number, check->relation, check->number);
	}
}

static uint64_t count_meant(struct lab *lab, const char *who)
{
	uint64_t count = 0;

	for (size_t i = 0; i < lab_count(lab); i++)
		count += is_meant(lab, lab_at(lab, i), who);
	return count;
}

int check_measure(const struct check_subject *subject, struct lab *lab, struct check_value *ret)
{
	ret->type = check_type(subject->field);
	ret->text[0] = 0;
	ret->number = 0;
	if (subject->field == CHECK_COUNT) {
		ret->number = count_meant(lab, subject->who);
		return 0;
	}
	for (size_t i = 0; i < lab_count(lab); i++)
		if (is_meant(lab, lab_at(lab, i), subject->who) &&
		    measure_one(lab_at(lab, i), subject, ret) == 0)
			return 0;
	return -ENODATA;
}

enum check_result check_evaluate(const struct check *check, struct lab *lab, char *reason,
				 size_t size)
{
	if (check->is_script)
		return check_run_script(check->text, reason, size);
	if (check->subject.field == CHECK_COUNT &&
	    compare(count_meant(lab, check->subject.who),
		    check->relation == CHECK_EXISTS ? CHECK_MORE : check->relation, check->number))
		return CHECK_PASSED;
	if (check->subject.field != CHECK_COUNT)
		for (size_t i = 0; i < lab_count(lab); i++)
			if (is_meant(lab, lab_at(lab, i), check->subject.who) &&
			    is_satisfied_by(check, lab_at(lab, i)))
				return CHECK_PASSED;
	str_copy(reason, size, check->why);
	return CHECK_FAILED;
}

const char *check_failure(const struct check *check, struct lab *lab)
{
	for (size_t i = 0; i < lab_count(lab) && !check->is_script; i++)
		if (is_meant(lab, lab_at(lab, i), check->subject.who) &&
		    sandbox_state(lab_at(lab, i)) == SANDBOX_FAILED)
			return sandbox_failure(lab_at(lab, i));
	return "";
}
