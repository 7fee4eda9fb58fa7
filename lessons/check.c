/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parsing and evaluating predicates. The parser knows which relation fits which field, so that a
 * lesson's slip is found by lint and not by a learner. Evaluation asks for any sandbox that WHO may
 * be and takes the first that satisfies.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "probe.h"
#include "str.h"

static const struct field {
	const char *name;
	enum check_type type;
	bool has_name;
} fields[CHECK_FIELDS] = {
    [CHECK_COUNT] = {"count", CHECK_IS_NUMBER, false},
    [CHECK_STATE] = {"state", CHECK_IS_WORD, false},
    [CHECK_BOOT] = {"boot", CHECK_IS_TIME, false},
    [CHECK_OUTPUT] = {"output", CHECK_IS_TIME, false},
    [CHECK_STEP] = {"step", CHECK_IS_TIME, true},
    [CHECK_FACT] = {"fact", CHECK_IS_WORD, true},
    [CHECK_VALUE] = {"value", CHECK_IS_TEXT, true},
    [CHECK_MEMORY] = {"memory", CHECK_IS_SIZE, false},
    [CHECK_OVERHEAD] = {"overhead", CHECK_IS_SIZE, false},
    [CHECK_TOTAL] = {"total", CHECK_IS_SIZE, false},
    [CHECK_PROCESSES] = {"processes", CHECK_IS_NUMBER, false},
    [CHECK_EXIT] = {"exit", CHECK_IS_NUMBER, false},
    [CHECK_CONSOLE] = {"console", CHECK_IS_TEXT, false},
};

static const char *const relations[CHECK_RELATIONS] = {
    [CHECK_EQUAL] = "=",       [CHECK_NOT_EQUAL] = "!=",  [CHECK_LESS] = "<",
    [CHECK_LESS_EQUAL] = "<=", [CHECK_MORE] = ">",        [CHECK_MORE_EQUAL] = ">=",
    [CHECK_IS] = "is",         [CHECK_IS_NOT] = "is-not", [CHECK_CONTAINS] = "contains",
    [CHECK_EXISTS] = "exists",
};

enum check_type check_type(enum check_field field)
{
	return fields[field].type;
}

/* ---- parsing ---- */

/* The next word or "quoted text" of *text into `word`. 1, 0 at the end, -EINVAL. */
static int next_word(const char **text, char *word, size_t size)
{
	size_t length;

	*text += strspn(*text, " \t");
	if (!**text)
		return 0;
	if (**text == '"') {
		const char *end = strchr(++*text, '"');
		if (!end || (size_t)(end - *text) >= size)
			return -EINVAL;
		length = (size_t)(end - *text);
		memcpy(word, *text, length);
		*text = end + 1;
	} else {
		length = strcspn(*text, " \t");
		if (length >= size)
			return -EINVAL;
		memcpy(word, *text, length);
		*text += length;
	}
	word[length] = 0;
	return 1;
}

static int find_field(const char *name, size_t length)
{
	for (int field = 0; field < CHECK_FIELDS; field++)
		if (strlen(fields[field].name) == length &&
		    !memcmp(fields[field].name, name, length))
			return field;
	return -1;
}

int check_parse_subject(const char *word, struct check_subject *subject, struct err *e)
{
	const char *dot = strchr(word, '.'), *name;
	size_t length;
	int field;

	memset(subject, 0, sizeof(*subject));
	if (!dot || dot == word || (size_t)(dot - word) >= sizeof(subject->who))
		return err_set(e, EINVAL, "'%.60s': a subject is WHO.field", word);
	memcpy(subject->who, word, (size_t)(dot - word));
	length = strcspn(++dot, ".");
	field = find_field(dot, length);
	if (field < 0)
		return err_set(e, EINVAL, "'%.60s': no such field", word);
	subject->field = (enum check_field)field;
	name = dot[length] ? dot + length + 1 : "";
	if (fields[field].has_name != (*name != 0))
		return err_set(e, EINVAL, "'%.60s': %s", word,
			       *name ? "the field has no parts" : "which one? WHO.field.NAME");
	if (!str_copy(subject->name, sizeof(subject->name), name))
		return err_set(e, EINVAL, "'%.60s…': the name is too long", word);
	if ((field == CHECK_FACT || field == CHECK_VALUE) && !probe_find(name))
		return err_set(e, EINVAL, "'%.60s': no such fact", word);
	return 0;
}

/* "500ms" → ns. */
static int parse_time(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
	size_t digits = strspn(text, "0123456789");
	char number[20];

	if (!digits || digits >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, digits);
	number[digits] = 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(text + digits, units[i].unit)) {
			*ret_ns = strtoull(number, NULL, 10) * units[i].ns;
			return 0;
		}
	return -EINVAL;
}

static bool is_state(const char *word)
{
	for (enum sandbox_state state = SANDBOX_CREATED; state <= SANDBOX_FAILED; state++)
		if (!strcmp(word, sandbox_state_name(state)))
			return true;
	return false;
}

static bool is_verdict(const char *word)
{
	for (enum verdict verdict = VERDICT_OWN; verdict <= VERDICT_NONE; verdict++)
		if (!strcmp(word, verdict_name(verdict)))
			return true;
	return false;
}

static bool is_fitting(enum check_type type, enum check_relation relation)
{
	switch (relation) {
	case CHECK_EXISTS:
		return true;
	case CHECK_IS:
	case CHECK_IS_NOT:
		return type == CHECK_IS_WORD;
	case CHECK_CONTAINS:
		return type == CHECK_IS_TEXT;
	default:
		return type == CHECK_IS_NUMBER || type == CHECK_IS_TIME || type == CHECK_IS_SIZE;
	}
}

static int parse_value(struct check *check, const char *word, struct err *e)
{
	enum check_type type = fields[check->subject.field].type;
	int r = 0;

	if (type == CHECK_IS_TIME)
		r = parse_time(word, &check->number);
	else if (type == CHECK_IS_SIZE)
		r = str_parse_size(word, &check->number);
	else if (type == CHECK_IS_NUMBER)
		r = str_parse_number(word, 0, UINT64_MAX, &check->number);
	else if (!str_copy(check->text, sizeof(check->text), word))
		r = -EINVAL;
	else if (check->subject.field == CHECK_STATE && !is_state(word))
		r = -EINVAL;
	else if (check->subject.field == CHECK_FACT && !is_verdict(word))
		r = -EINVAL;
	return r < 0 ? err_set(e, EINVAL, "'%.60s' is not a value for '%s'", word,
			       fields[check->subject.field].name)
		     : 0;
}

static int parse_why(const char *rest, struct check *check, struct err *e)
{
	char word[sizeof(check->why)];
	int r = next_word(&rest, word, sizeof(word));

	if (r == 0)
		return 0;
	if (r < 0 || strcmp(word, ":") || next_word(&rest, check->why, sizeof(check->why)) != 1 ||
	    next_word(&rest, word, sizeof(word)) != 0)
		return err_set(e, EINVAL, "after the value only : \"why it failed\" may follow");
	return 0;
}

int check_parse(const char *line, struct check *check, struct err *e)
{
	const char *rest = line;
	char word[512];
	int r;

	memset(check, 0, sizeof(*check));
	rest += strspn(rest, " \t");
	if (!strncmp(rest, "!sh ", 4)) {
		check->is_script = true;
		if (!str_copy(check->text, sizeof(check->text), rest + 4))
			return err_set(e, EINVAL, "the command is too long");
		return 0;
	}
	if (next_word(&rest, word, sizeof(word)) != 1)
		return err_set(e, EINVAL, "a predicate is: subject relation value : \"why\"");
	r = check_parse_subject(word, &check->subject, e);
	if (r < 0)
		return r;
	if (next_word(&rest, word, sizeof(word)) != 1)
		return err_set(e, EINVAL, "a relation is missing");
	while (check->relation < CHECK_RELATIONS && strcmp(relations[check->relation], word))
		check->relation++;
	if (check->relation == CHECK_RELATIONS)
		return err_set(e, EINVAL, "'%.60s': no such relation", word);
	if (!is_fitting(fields[check->subject.field].type, check->relation))
		return err_set(e, EINVAL, "'%s' does not fit '%s'", word,
			       fields[check->subject.field].name);
	if (check->relation != CHECK_EXISTS) {
		if (next_word(&rest, word, sizeof(word)) != 1)
			return err_set(e, EINVAL, "a value is missing");
		r = parse_value(check, word, e);
		if (r < 0)
			return r;
	}
	return parse_why(rest, check, e);
}

/* ---- evaluating ---- */

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
	default:
		return measure_sample(s, subject->field, &ret->number);
	}
}

/* Does the console of `s` hold `text`? */
static bool console_contains(struct sandbox *s, const char *text)
{
	auto_free char *all = malloc(CONSOLE_CAPACITY);
	size_t length = 0;
	uint64_t position = 0, lost;
	ssize_t r;

	if (!all)
		return false;
	while (length < CONSOLE_CAPACITY &&
	       (r = sandbox_console_read(s, &position, all + length, CONSOLE_CAPACITY - length,
					 &lost)) > 0)
		length += (size_t)r;
	return memmem(all, length, text, strlen(text)) != NULL;
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
	struct check_value value = {.type = fields[check->subject.field].type};

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
	ret->type = fields[subject->field].type;
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
