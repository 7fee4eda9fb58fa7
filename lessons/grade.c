/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checks of a block, and predictions held against what is measured. A guess is never wrong: guess
 * and result stand side by side, with the factor between them. Results are kept with the progress,
 * so that showing a step again measures nothing again.
 */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "text.h"

/* The n-th translated reason: lines `: "reason"`; NULL when there is none. */
static const char *translated_reason(const struct lesson_block *block, unsigned n, char *buffer,
				     size_t size)
{
	const char *line = block->words;
	size_t length;

	for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *start = strchr(line, '"'), *end;
		if (*line == '\n' || n--)
			continue;
		if (line[strspn(line, " ")] != ':' || !start || !(end = strchr(start + 1, '"')))
			return NULL;
		length = (size_t)(end - start - 1);
		if (length >= size)
			return NULL;
		memcpy(buffer, start + 1, length);
		buffer[length] = 0;
		return buffer;
	}
	return NULL;
}

static enum check_result evaluate_line(const struct lesson_block *block, const char *line,
				       unsigned n, struct lab *lab, char *reason, size_t size)
{
	struct check check;
	struct err e = {0};
	enum check_result result;
	const char *failure;
	char words[512];

	if (check_parse(line, &check, &e) < 0) {
		str_copy(reason, size, e.what);
		return CHECK_BROKEN;
	}
	result = check_evaluate(&check, lab, reason, size);
	if (result == CHECK_FAILED && !check.is_script &&
	    translated_reason(block, n, words, sizeof(words)))
		str_copy(reason, size, words);
	failure = result == CHECK_FAILED ? check_failure(&check, lab) : "";
	if (*failure)
		snprintf(reason + strlen(reason), size - strlen(reason), " (%s)", failure);
	return result;
}

unsigned session_evaluate(const struct lesson_block *block, struct lab *lab,
			  const struct session_listener *listener, unsigned *ret_count)
{
	unsigned failed = 0, n = 0;
	const char *end;

	for (const char *at = block->text; *at; at = *end ? end + 1 : end) {
		char line[1100], reason[1024] = "";
		enum check_result result;
		end = strchrnul(at, '\n');
		if (end == at || (size_t)(end - at) >= sizeof(line))
			continue;
		memcpy(line, at, (size_t)(end - at));
		line[end - at] = 0;
		result = evaluate_line(block, line, n++, lab, reason, sizeof(reason));
		if (result == CHECK_PASSED)
			continue;
		failed++;
		if (listener)
			listener->tell(listener->arg, result, reason);
	}
	*ret_count = n;
	return failed;
}

static bool is_never(struct lab *lab, void *arg)
{
	(void)lab, (void)arg;
	return false;
}

unsigned session_evaluate_patiently(const struct lesson_block *block, struct lab *lab,
				    unsigned timeout_ms, const struct session_listener *listener,
				    unsigned *ret_count)
{
	enum { LOOK_AGAIN_MS = 50 }; /* memory grows without an event that would wake us */

	for (unsigned waited = 0; waited < timeout_ms; waited += LOOK_AGAIN_MS) {
		if (!session_evaluate(block, lab, NULL, ret_count))
			return 0;
		if (lab_wait(lab, is_never, NULL, LOOK_AGAIN_MS, NULL) == -EINTR)
			break;
	}
	return session_evaluate(block, lab, listener, ret_count);
}

/* ---- predictions ---- */

/* What a yes-or-no question asks: is the word that was measured the one in `yes`? */
static void judge_yes(const struct lesson_block *block, struct check_value *value)
{
	const char *yes = lesson_key(block, "yes");

	if (yes)
		value->number = !strcmp(yes, value->text);
}

static void discard(struct out *out, bool is_error, enum out_role role, const char *text,
		    size_t length)
{
	(void)out, (void)is_error, (void)role, (void)text, (void)length;
}

/* Facts live as long as a sandbox: those of one made anew are read first, where we may wait. */
static int measure_now(struct session *session, const struct check_subject *subject,
		       struct check_value *ret, struct err *e)
{
	struct out nowhere = {.write = discard};
	bool is_fact = subject->field == CHECK_FACT || subject->field == CHECK_VALUE;
	enum saying why = is_fact ? SAY_FACTS_UNREAD : SAY_NO_FIGURE;
	char line[128];

	if (check_measure(subject, session->lab, ret) == 0)
		return 0;
	if (is_fact && session->may_wait) {
		snprintf(line, sizeof(line), "compare %s", subject->who);
		lab_submit(session->lab, session->table, line, true, &nowhere);
		if (check_measure(subject, session->lab, ret) == 0)
			return 0;
	}
	language_format(e->what, sizeof(e->what), session->language, why,
			SAYING_ARGUMENTS(subject->who, session->prefix));
	return -ENODATA;
}

/* The choice that the quotient of two figures stands for: the first whose `from` it reaches. */
static int judge_choice(struct session *session, const struct lesson_block *block,
			struct check_value *value, struct err *e)
{
	const char *over = lesson_key(block, "over"), *from = lesson_key(block, "from");
	struct check_subject subject;
	struct check_value divisor;
	int r = over && from ? check_parse_subject(over, &subject, e)
			     : err_set(e, EINVAL, "over and from are missing");

	if (r == 0)
		r = measure_now(session, &subject, &divisor, e);
	if (r < 0)
		return r;
	for (uint64_t choice = 0; from; choice++) {
		if ((double)value->number >= strtod(from, NULL) * (double)divisor.number) {
			value->number = choice;
			return 0;
		}
		from = strchr(from, ',');
		from = from ? from + 1 : NULL;
	}
	return err_set(e, ERANGE, "no choice of '%s' fits", lesson_key(block, "id"));
}

static int measure(struct session *session, const struct lesson_block *block,
		   struct measurement *ret, struct err *e)
{
	const char *measure = lesson_key(block, "measure"), *runs = lesson_key(block, "runs");
	struct check_subject subject;
	struct check_value value;
	int r = check_parse_subject(measure, &subject, e);

	if (r < 0)
		return r;
	if (runs) {
		session_say(session, OUT_DIM, SAY_MEASURING, subject.who, runs);
		return measure_starts(session->table, subject.who, subject.field,
				      (unsigned)strtoul(runs, NULL, 10), ret, e);
	}
	r = measure_now(session, &subject, &value, e);
	if (r < 0)
		return r;
	judge_yes(block, &value);
	if (lesson_key(block, "over"))
		r = judge_choice(session, block, &value, e);
	if (r < 0)
		return r;
	*ret = (struct measurement){.value = value.number, .runs = 1, .accel = "-"};
	return 0;
}

/* "value p10 p90 runs accel". */
static void store(struct session *session, const char *id, const struct measurement *m)
{
	char text[128];

	snprintf(text, sizeof(text), "%llu %llu %llu %u %s", (unsigned long long)m->value,
		 (unsigned long long)m->p10, (unsigned long long)m->p90, m->runs,
		 m->accel[0] ? m->accel : "-");
	progress_set_part(session->progress, session->lesson->id, "measured", id, text);
}

static bool restore(const struct session *session, const char *id, struct measurement *m)
{
	const char *text = progress_get_part(session->progress, session->lesson->id, "measured",
					     id);
	unsigned long long value, p10, p90;

	if (!text ||
	    sscanf(text, "%llu %llu %llu %u %15s", &value, &p10, &p90, &m->runs, m->accel) != 5)
		return false;
	m->value = value;
	m->p10 = p10;
	m->p90 = p90;
	return true;
}

static unsigned columns_of(const struct session *session)
{
	return session->out->columns ? session->out->columns : 80;
}

/* Where kernel mode is emulated, times show the emulator, not the wall. */
static bool has_no_verdict(const struct measurement *m)
{
	return !strcmp(m->accel, "kvm-pvm") || !strcmp(m->accel, "tcg");
}

/* How a median was measured: spread, number of starts, acceleration. */
static void show_spread(struct session *session, const struct measurement *m)
{
	char p10[32], p90[32], runs[16], accel[32] = "", line[512];

	if (m->accel[0] && strcmp(m->accel, "-"))
		snprintf(accel, sizeof(accel), ", %s", m->accel);
	snprintf(runs, sizeof(runs), "%u", m->runs);
	language_format(line, sizeof(line), session->language, SAY_RUNS,
			SAYING_ARGUMENTS(str_format_ns(p10, sizeof(p10), m->p10),
					 str_format_ns(p90, sizeof(p90), m->p90), runs, accel));
	text_wrap_role(session->out, OUT_DIM, line, columns_of(session), "  ", "    ");
	if (!has_no_verdict(m))
		return;
	language_format(line, sizeof(line), session->language, SAY_NO_VERDICT,
			SAYING_ARGUMENTS(m->accel));
	text_wrap_role(session->out, OUT_DIM, line, columns_of(session), "  ", "    ");
}

/* An answer in words: of a choice, the choice's own. */
static const char *answer_words(const struct session *session, const struct question *question,
				enum ask ask, uint64_t value, char *buffer, size_t size)
{
	if (ask == ASK_CHOICE && value < question->count)
		return question->choices[value].text;
	return answer_format(ask, value, session->language, buffer, size);
}

/* "guess 120 ms / measured 1.4 ms (about 86 times apart)", and below it how it was measured. */
static void show_result(struct session *session, const struct lesson_block *block, enum ask ask,
			uint64_t guess, const struct measurement *m)
{
	char a[64], b[64], factor[32], line[512], tail[128] = "";
	enum language language = session->language;
	const char *apart = answer_factor(guess, m->value, factor, sizeof(factor));
	auto_strbuf text = {0};
	struct question question = {.count = 0};
	bool is_amount = ask == ASK_TIME || ask == ASK_SIZE;

	if (ask == ASK_CHOICE)
		answer_parse_question(block, &question, NULL);
	if (is_amount && answer_is_close(guess, m->value, lesson_key(block, "tolerance")))
		str_copy(tail, sizeof(tail), language_say(language, SAY_CLOSE));
	else if (is_amount && *apart)
		language_format(tail, sizeof(tail), language, SAY_APART, SAYING_ARGUMENTS(apart));
	language_format(line, sizeof(line), language, SAY_GUESS_RESULT,
			SAYING_ARGUMENTS(answer_words(session, &question, ask, guess, a, sizeof(a)),
					 answer_words(session, &question, ask, m->value, b,
						      sizeof(b))));
	str_addf(&text, "%s%s", line, tail);
	if (text.data)
		text_wrap_role(session->out, has_no_verdict(m) ? OUT_DIM : OUT_TITLE, text.data,
			       columns_of(session), "  ", "    ");
	if (m->runs > 1)
		show_spread(session, m);
	else if (ask == ASK_TIME || ask == ASK_SIZE)
		text_wrap_role(session->out, OUT_DIM, language_say(language, SAY_ONE_RUN),
			       columns_of(session), "  ", "  ");
}

static void reveal_one(struct session *session, const struct lesson_block *block)
{
	const char *id = lesson_key(block, "id"), *guess;
	struct measurement m = {0};
	struct err e = {0};
	enum ask ask;

	guess = id ? progress_get_part(session->progress, session->lesson->id, "answer", id) : NULL;
	if (!guess || !lesson_key(block, "measure") || answer_ask(block, &ask) < 0)
		return;
	if (!restore(session, id, &m)) {
		if (!session->lab)
			return;
		if (measure(session, block, &m, &e) < 0) {
			session_say(session, OUT_DIM, SAY_NOT_MEASURED, e.what);
			return;
		}
		store(session, id, &m);
	}
	show_result(session, block, ask, strtoull(guess, NULL, 10), &m);
}

void session_reveal(struct session *session, const struct lesson_block *from,
		    const struct lesson_block *to)
{
	for (; from < to; from++)
		if (from->verb == LESSON_PREDICT)
			reveal_one(session, from);
}

void session_summary(struct session *session)
{
	const struct lesson *lesson = session->lesson;
	struct measurement m;
	struct question question;

	session_say(session, OUT_PLAIN, SAY_SUMMARY, "");
	for (size_t step = 0; step < lesson->count; step++)
		for (size_t i = 0; i < lesson->steps[step].count; i++) {
			const struct lesson_block *block = &lesson->steps[step].blocks[i];
			const char *id = lesson_key(block, "id");
			if (block->verb != LESSON_PREDICT || !id || !restore(session, id, &m) ||
			    answer_parse_question(block, &question, NULL) < 0)
				continue;
			text_wrap(session->out, question.text, columns_of(session), "- ", "  ");
			reveal_one(session, block);
		}
}

/* ---- commands of the lesson itself ---- */

unsigned session_run_lines(struct lab *lab, const struct command_table *table, struct out *out,
			   const struct lesson_step *step, enum lesson_verb verb,
			   const struct lesson_block *except)
{
	const struct lesson_block *block;
	unsigned failed = 0, n = 0;
	const char *end;

	while ((block = lesson_block(step, verb, n++)))
		for (const char *at = block->text; *at; at = *end ? end + 1 : end) {
			char line[1024];
			end = strchrnul(at, '\n');
			if (end == at || (size_t)(end - at) >= sizeof(line))
				continue;
			memcpy(line, at, (size_t)(end - at));
			line[end - at] = 0;
			if (except && strstr(except->text, line))
				continue;
			failed += lab_submit(lab, table, line, true, out) != 0;
		}
	return failed;
}
