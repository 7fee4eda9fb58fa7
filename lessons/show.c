/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A step on the terminal: prose wrapped to the width, commands set off, questions with their
 * choices, and at the end the one line that says how to go on. No meaning hangs on a colour, no box
 * characters: the plain shell and screen readers get the same text.
 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "text.h"

static unsigned columns_of(const struct session *session)
{
	return session->out->columns ? session->out->columns : 80;
}

static void print_line(struct session *session, enum out_role role, const char *indent,
		       const char *text)
{
	out_role_printf(session->out, role, "%s%s\n", indent, text);
}

/* Calls `each` for the lines of a body. */
static void for_each_line(struct session *session, const char *body,
			  void (*each)(struct session *session, const char *line))
{
	const char *end;

	for (; *body; body = *end ? end + 1 : end) {
		char line[1024];
		size_t length;
		end = strchrnul(body, '\n');
		length = (size_t)(end - body) < sizeof(line) - 1 ? (size_t)(end - body)
								 : sizeof(line) - 1;
		memcpy(line, body, length);
		line[length] = 0;
		each(session, line);
	}
}

static void print_command(struct session *session, const char *line)
{
	if (*line)
		out_role_printf(session->out, OUT_TITLE, "    %s%s\n", session->prefix, line);
}

void session_print_commands(struct session *session, const char *body)
{
	for_each_line(session, body, print_command);
}

static void print_listing_line(struct session *session, const char *line)
{
	print_line(session, OUT_PLAIN, "    ", line);
}

void session_print_body(struct session *session, const char *body)
{
	auto_strbuf paragraph = {0};
	const char *end;
	char mark = TEXT_SOFT_BREAK;

	for (;; body = *end ? end + 1 : end) {
		bool is_blank = !*body || *body == '\n';
		end = strchrnul(body, '\n');
		if (is_blank && paragraph.length) {
			text_mark_code(paragraph.data);
			text_mend_bold(paragraph.data);
			text_wrap(session->out, paragraph.data, columns_of(session), "  ", "  ");
			paragraph.length = 0;
		}
		if (!*body)
			break;
		if (is_blank)
			continue;
		if (paragraph.length)
			str_add_bytes(&paragraph, &mark, 1);
		str_add_bytes(&paragraph, body, (size_t)(end - body));
	}
}

/* ---- questions ---- */

static void show_question(struct session *session, const struct lesson_block *block)
{
	struct question question;
	char marker[16];

	if (answer_parse_question(block, &question, NULL) < 0)
		return;
	session_say(session, OUT_TITLE, block->verb == LESSON_QUIZ ? SAY_QUIZ : SAY_PREDICT, "");
	text_wrap(session->out, question.text, columns_of(session), "  ", "  ");
	for (unsigned choice = 0; choice < question.count; choice++) {
		snprintf(marker, sizeof(marker), "  %u) ", choice + 1);
		text_wrap(session->out, question.choices[choice].text, columns_of(session), marker,
			  "     ");
	}
}

void session_say_guess(struct session *session, const struct lesson_block *block)
{
	const char *id = lesson_key(block, "id"), *given;
	struct question question;
	char text[64];
	uint64_t value;
	enum ask ask;

	given = id ? progress_get_part(session->progress, session->lesson->id, "answer", id) : NULL;
	if (!given || answer_ask(block, &ask) < 0 ||
	    answer_parse_question(block, &question, NULL) < 0)
		return;
	value = strtoull(given, NULL, 10);
	if (ask == ASK_CHOICE && value < question.count)
		session_say(session, OUT_GOOD, SAY_GUESS, question.choices[value].text);
	else
		session_say(session, OUT_GOOD, SAY_GUESS,
			    answer_format(ask, value, session->language, text, sizeof(text)));
}

void session_show_how_to_answer(struct session *session, const struct lesson_block *block)
{
	static const enum saying how[ASKS] = {SAY_TYPE_TIME, SAY_TYPE_SIZE, SAY_TYPE_NUMBER,
					      SAY_TYPE_YESNO, SAY_TYPE_CHOICE};
	enum ask ask;

	if (answer_ask(block, &ask) == 0)
		session_say(session, OUT_DIM, how[ask], session->prefix);
}

/* ---- blocks ---- */

static void show_item(struct session *session, const struct lesson_block *block)
{
	char first[64], other[64];
	int indent = (int)block->depth * 2 + 2, width = (int)strlen(block->marker);

	if (!width)
		width = 1;
	snprintf(first, sizeof(first), "%*s%-*s ", indent, "", width, block->marker);
	snprintf(other, sizeof(other), "%*s ", indent + width, "");
	text_wrap(session->out, block->text, columns_of(session), first, other);
}

static void show_block(struct session *session, const struct lesson_block *block)
{
	switch (block->verb) {
	case LESSON_PARAGRAPH:
		text_wrap(session->out, block->text, columns_of(session), "", "");
		break;
	case LESSON_HEADING:
		text_wrap_role(session->out, OUT_TITLE, block->text, columns_of(session), "", "");
		break;
	case LESSON_ITEM:
		show_item(session, block);
		return;
	case LESSON_QUOTE:
		text_wrap(session->out, block->text, columns_of(session), "  | ", "  | ");
		break;
	case LESSON_LISTING:
		for_each_line(session, block->text, print_listing_line);
		break;
	case LESSON_RULE:
		print_line(session, OUT_DIM, "", "----");
		break;
	case LESSON_RUN:
		session_say(session, OUT_DIM, SAY_RUN_THIS, "");
		session_print_commands(session, block->text);
		break;
	case LESSON_PREDICT:
		show_question(session, block);
		session_say_guess(session, block);
		if (!session_has_check_behind(session, block))
			session_reveal(session, block, block + 1);
		break;
	case LESSON_QUIZ:
		show_question(session, block);
		break;
	default:
		return;
	}
}

static bool is_shown(enum lesson_verb verb)
{
	return verb < LESSON_SETUP || verb == LESSON_RUN || verb == LESSON_PREDICT ||
	       verb == LESSON_QUIZ;
}

/* Items of one list stand together, everything else is parted by a blank line. */
static void part(struct session *session, const struct lesson_block *before,
		 const struct lesson_block *block)
{
	if (before && !(before->verb == LESSON_ITEM && block->verb == LESSON_ITEM))
		print_line(session, OUT_PLAIN, "", "");
}

static void show_way_on(struct session *session, enum lessons_waits waits,
			const struct lesson_block *stop)
{
	if (!session->is_brief)
		print_line(session, OUT_PLAIN, "", "");
	if (waits == LESSONS_READING)
		session_say(session, OUT_DIM, SAY_TYPE_NEXT, session->prefix);
	else if (waits == LESSONS_CHECK)
		session_say(session, OUT_DIM, SAY_TYPE_CHECK, session->prefix);
	else
		session_show_how_to_answer(session, stop);
}

static void show_title(struct session *session)
{
	char number[16], count[16];

	snprintf(number, sizeof(number), "%u", session->number);
	snprintf(count, sizeof(count), "%zu", session->lesson->count);
	session_say(session, OUT_TITLE, SAY_STEP, number, count, session->step->title);
	if (session->lesson->is_stale)
		session_say(session, OUT_DIM, SAY_STALE, "");
	if (session->step->is_untranslated)
		session_say(session, OUT_DIM, SAY_UNTRANSLATED, "");
}

void session_show(struct session *session, const struct lesson_block *after)
{
	const struct lesson_step *step = session->step;
	const struct lesson_block *block = after ? after + 1 : step->blocks;
	const struct lesson_block *stop, *before = after ? after : step->blocks;
	enum lessons_waits waits = session_waits(session, &stop);

	if (!after)
		show_title(session);
	if (session->is_brief) {
		show_way_on(session, waits, stop);
		return;
	}
	for (; block < step->blocks + step->count; block++) {
		if (block == stop && block->verb == LESSON_CHECK)
			break;
		if (is_shown(block->verb)) {
			part(session, before, block);
			show_block(session, block);
			before = block;
		}
		if (block == stop)
			break;
		if (block->verb == LESSON_CHECK && !after)
			session_reveal(session, session_section(session, block), block);
	}
	show_way_on(session, waits, stop);
}

void session_introduce(struct session *session)
{
	const struct lesson_step *introduction = &session->lesson->introduction;
	const struct lesson_block *before = NULL;
	const char *terminal = getenv("TERM"), *wanted = getenv("LANG");

	out_role_printf(session->out, OUT_TITLE, "%s\n\n", session->lesson->title);
	if (terminal && !strcmp(terminal, "linux") && session->language == LANGUAGE_EN && wanted &&
	    !strncmp(wanted, "ja", 2))
		session_say(session, OUT_DIM, SAY_NO_GLYPHS, "");
	for (size_t i = 0; i < introduction->count; i++) {
		const struct lesson_block *block = &introduction->blocks[i];
		if (!is_shown(block->verb))
			continue;
		part(session, before, block);
		show_block(session, block);
		before = block;
	}
	print_line(session, OUT_PLAIN, "", "");
}
