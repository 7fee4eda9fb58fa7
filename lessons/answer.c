/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers are forgiving about form: full-width characters, blanks, Japanese units, decimals. They
 * are never marked wrong here, only read.
 */
#include "answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "str.h"
#include "text.h"

static const char *const asks[ASKS] = {"time", "size", "number", "yesno", "choice"};

int answer_ask(const struct lesson_block *block, enum ask *ret_ask)
{
	const char *name = block->verb == LESSON_QUIZ ? "choice" : lesson_key(block, "ask");

	for (enum ask ask = ASK_TIME; ask < ASKS; ask++)
		if (name && !strcmp(asks[ask], name)) {
			*ret_ask = ask;
			return 0;
		}
	return -EINVAL;
}

/* ---- the question ---- */

/* The body of a fence is not Markdown to cmark: code and bold become marks here, in place. */
static void mark_up(char *text)
{
	text_mark_code(text);
	text_mend_bold(text);
}

static int add_choice(struct question *question, const char *line, size_t length, struct err *e)
{
	const char *colon = memmem(line, length, " : ", 3);
	size_t text_length = (colon ? (size_t)(colon - line) : length) - 2;
	size_t why_length = colon ? length - text_length - 5 : 0;
	struct choice *choice = &question->choices[question->count];

	if (question->count == CHOICES_MAX)
		return err_set(e, EINVAL, "more than %d choices", CHOICES_MAX);
	if (text_length >= CHOICE_MAX || why_length >= CHOICE_MAX)
		return err_set(e, EINVAL, "a choice is longer than %d bytes", CHOICE_MAX - 1);
	choice->is_right = line[0] == '*';
	memcpy(choice->text, line + 2, text_length);
	if (colon)
		memcpy(choice->why, colon + 3, why_length);
	mark_up(choice->text);
	mark_up(choice->why);
	question->count++;
	return 0;
}

static int add_question_line(struct question *question, const char *line, size_t length,
			     struct err *e)
{
	size_t used = strlen(question->text);

	if (question->count)
		return err_set(e, EINVAL, "the question stands before its choices");
	if (used + length + 2 > QUESTION_MAX)
		return err_set(e, EINVAL, "a question is longer than %d bytes", QUESTION_MAX - 2);
	if (used)
		question->text[used++] = TEXT_SOFT_BREAK;
	memcpy(question->text + used, line, length);
	return 0;
}

int answer_parse_question(const struct lesson_block *block, struct question *question,
			  struct err *e)
{
	const char *end;
	int r = 0;

	memset(question, 0, sizeof(*question));
	for (const char *line = block->text; *line && r == 0; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (end == line)
			continue;
		if ((line[0] == '*' || line[0] == '-') && line[1] == ' ')
			r = add_choice(question, line, (size_t)(end - line), e);
		else
			r = add_question_line(question, line, (size_t)(end - line), e);
	}
	mark_up(question->text);
	if (r == 0 && !question->text[0])
		r = err_set(e, EINVAL, "the question is missing");
	return r;
}

/* ---- what was typed ---- */

struct unit {
	const char *name;
	double factor;
};
static const struct unit times[] = {
    {"ns", 1},   {"ナノ秒", 1},   {"us", 1e3},   {"µs", 1e3},      {"μs", 1e3}, {"マイクロ秒", 1e3},
    {"ms", 1e6}, {"ミリ秒", 1e6}, {"s", 1e9},    {"sec", 1e9},     {"秒", 1e9}, {"min", 60e9},
    {"m", 60e9}, {"分", 60e9},    {"h", 3600e9}, {"時間", 3600e9}, {NULL, 0},
};
static const struct unit sizes[] = {
    {"B", 1},        {"バイト", 1},    {"K", 1 << 10},    {"KB", 1 << 10},   {"KiB", 1 << 10},
    {"M", 1 << 20},  {"MB", 1 << 20},  {"MiB", 1 << 20},  {"メガ", 1 << 20}, {"G", 1 << 30},
    {"GB", 1 << 30}, {"GiB", 1 << 30}, {"ギガ", 1 << 30}, {NULL, 0},
};
static const struct unit plain[] = {{"", 1}, {"個", 1}, {"つ", 1}, {NULL, 0}};

/* Digits with at most one point; not strtod(3), which takes "0x10", and a comma by locale. */
static double parse_decimal(const char **text)
{
	double amount = 0, place = 1;
	bool is_behind_point = false;

	for (; (**text >= '0' && **text <= '9') || (**text == '.' && !is_behind_point); (*text)++) {
		if (**text == '.') {
			is_behind_point = true;
			continue;
		}
		amount = amount * 10 + (**text - '0');
		place *= is_behind_point ? 10 : 1;
	}
	return amount / place;
}

static int parse_amount(const char *text, const struct unit *units, const char *bare, uint64_t *ret)
{
	double amount;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	amount = parse_decimal(&text);
	text += strspn(text, " ");
	if (!*text)
		text = bare;
	for (; units->name; units++)
		if (!strcasecmp(units->name, text)) {
			if (amount * units->factor >= 1e18)
				return -EINVAL;
			*ret = (uint64_t)(amount * units->factor + 0.5);
			return 0;
		}
	return -EINVAL;
}

static int parse_yesno(const char *text, uint64_t *ret)
{
	static const char *const words[2][6] = {
	    {"no", "n", "いいえ", "ちがう", "違う", "いや"},
	    {"yes", "y", "はい", "そう", "うん", "同じ"},
	};

	for (unsigned truth = 0; truth < 2; truth++)
		for (unsigned word = 0; word < 6; word++)
			if (!strcasecmp(text, words[truth][word])) {
				*ret = truth;
				return 0;
			}
	return -EINVAL;
}

int answer_parse(enum ask ask, const char *text, const char *unit, unsigned choices, uint64_t *ret)
{
	char folded[128];
	size_t length;
	int r;

	if (!text_fold(text, folded, sizeof(folded)))
		return -EINVAL;
	text = folded + strspn(folded, " ");
	length = strlen(text);
	while (length && text[length - 1] == ' ')
		folded[(size_t)(text - folded) + --length] = 0;
	switch (ask) {
	case ASK_TIME:
		return parse_amount(text, times, unit ? unit : "ms", ret);
	case ASK_SIZE:
		return parse_amount(text, sizes, unit ? unit : "MiB", ret);
	case ASK_NUMBER:
		return parse_amount(text, plain, "", ret);
	case ASK_YESNO:
		return parse_yesno(text, ret);
	default:
		r = str_parse_number(text, 1, choices, ret);
		if (r == 0)
			(*ret)--;
		return r < 0 ? -EINVAL : 0;
	}
}

char *answer_format(enum ask ask, uint64_t value, enum language language, char *buffer, size_t size)
{
	switch (ask) {
	case ASK_TIME:
		return str_format_ns(buffer, size, value);
	case ASK_SIZE:
		return str_format_bytes(buffer, size, value);
	case ASK_YESNO:
		str_copy(buffer, size, language_say(language, value ? SAY_YES : SAY_NO));
		return buffer;
	default:
		snprintf(buffer, size, "%llu", (unsigned long long)value + (ask == ASK_CHOICE));
		return buffer;
	}
}

char *answer_factor(uint64_t a, uint64_t b, char *buffer, size_t size)
{
	double factor, scale = 1;

	buffer[0] = 0;
	if (!a || !b)
		return buffer;
	factor = a > b ? (double)a / (double)b : (double)b / (double)a;
	if (factor < 9.95) {
		snprintf(buffer, size, "%.1f", factor);
		return buffer;
	}
	while (factor >= 1000 * scale) /* three digits say enough */
		scale *= 10;
	factor = scale * (double)(uint64_t)(factor / scale + 0.5);
	snprintf(buffer, size, "%.0f", factor);
	return buffer;
}

bool answer_is_close(uint64_t guess, uint64_t measured, const char *tolerance)
{
	double limit = 2, a = (double)guess, b = (double)measured;

	if (tolerance && tolerance[0] == 'x')
		limit = strtod(tolerance + 1, NULL);
	else if (tolerance)
		limit = 1 + strtod(tolerance, NULL) / 100;
	if (!guess || !measured)
		return guess == measured;
	return (a > b ? a / b : b / a) <= limit;
}
