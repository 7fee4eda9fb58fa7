/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parsing predicates. The parser knows which relation fits which field, and which words are values,
 * so that a lesson's slip is found by lint and not by a learner.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    [CHECK_LOOP] = {"loop", CHECK_IS_NUMBER, false},
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
