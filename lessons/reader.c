/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reader: Markdown by libcmark (CommonMark), turned into steps and blocks. The only file that
 * knows libcmark.
 *
 * Order: front matter (front_matter.c) → walk over the document's children → each becomes prose
 * or, a fence whose first info word is a verb, a block with a meaning. Every fault is told with its
 * line, and reading goes on, so that an author sees all of them at once. What surprises: control
 * characters are taken out of all text, since marked paragraphs (text.h) use them; the document's
 * lines are counted from behind the front matter; cmark does not close `**コンテナ（軽量）**は`,
 * so the bold that is left standing is mended here.
 */
#include "lesson.h"

#include <cmark.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "str.h"
#include "text.h"

enum { DEPTH_MAX = 6, PARAGRAPH_MAX = 16 * 1024, PROBLEM_MAX = 256 };

struct reader {
	struct lesson *lesson;
	struct lesson_step *step; /* the one that grows */
	unsigned first_line;      /* of the Markdown in the file, 1-based */
	const struct lesson_reporter *reporter;
	unsigned problems;
	struct err *e;
};

struct verb {
	const char *name;
	const char *keys[LESSON_KEYS_MAX]; /* allowed ones */
};

static const struct verb verbs[LESSON_VERBS] = {
    [LESSON_SETUP] = {"setup", {NULL}},
    [LESSON_RUN] = {"run", {NULL}},
    [LESSON_PREDICT] = {"predict",
			{"id", "ask", "unit", "measure", "yes", "runs", "tolerance", "over",
			 "from"}},
    [LESSON_CHECK] = {"check", {"points"}},
    [LESSON_HINT] = {"hint", {NULL}},
    [LESSON_SOLUTION] = {"solution", {NULL}},
    [LESSON_QUIZ] = {"quiz", {"id"}},
    [LESSON_CLEANUP] = {"cleanup", {NULL}},
};

const char *lesson_verb_name(enum lesson_verb verb)
{
	return verbs[verb].name;
}

static void fault(struct reader *reader, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fault(struct reader *reader, unsigned line, const char *format, ...)
{
	char text[PROBLEM_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!reader->problems++)
		err_set(reader->e, EINVAL, "line %u: %s", line, text);
	if (reader->reporter)
		reader->reporter->tell(reader->reporter->arg, line, text);
}

static void front_fault(void *arg, unsigned line, const char *text)
{
	fault(arg, line, "front matter: %s", text);
}

/* ---- inline text ---- */

/* Adds text without its control characters: C0, DEL and C1 (which a terminal may obey). */
static void add_clean(struct strbuf *out, const char *text)
{
	size_t length = strlen(text), bytes;

	for (size_t at = 0; at < length; at += bytes) {
		uint32_t c = text_decode(text + at, length - at, &bytes);
		if (c == '\t')
			str_add(out, " ");
		else if (c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0))
			str_add_bytes(out, text + at, bytes);
	}
}

static void add_mark(struct strbuf *out, enum text_mark mark)
{
	char byte = (char)mark;

	str_add_bytes(out, &byte, 1);
}

static void add_inline(struct strbuf *out, cmark_node *node, cmark_event_type event)
{
	bool is_enter = event == CMARK_EVENT_ENTER;

	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_TEXT:
		add_clean(out, cmark_node_get_literal(node));
		break;
	case CMARK_NODE_CODE:
		add_mark(out, TEXT_CODE_ON);
		add_clean(out, cmark_node_get_literal(node));
		add_mark(out, TEXT_CODE_OFF);
		break;
	case CMARK_NODE_STRONG:
	case CMARK_NODE_EMPH:
		add_mark(out, is_enter ? TEXT_BOLD_ON : TEXT_BOLD_OFF);
		break;
	case CMARK_NODE_SOFTBREAK:
		add_mark(out, TEXT_SOFT_BREAK);
		break;
	case CMARK_NODE_LINEBREAK:
		add_mark(out, TEXT_HARD_BREAK);
		break;
	case CMARK_NODE_LINK:
		if (!is_enter && cmark_node_get_url(node)[0]) {
			str_add(out, " <");
			add_clean(out, cmark_node_get_url(node));
			str_add(out, ">");
		}
		break;
	default:
		break;
	}
}

/* The text of a paragraph or heading with marks. Lives as long as the lesson. */
static char *inline_text(struct reader *reader, cmark_node *parent)
{
	auto_strbuf out = {.limit = PARAGRAPH_MAX};
	cmark_iter *iterator = cmark_iter_new(parent);
	cmark_event_type event;
	unsigned line = reader->first_line + (unsigned)cmark_node_get_start_line(parent) - 1;
	char *copy;

	while ((event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE)
		if (cmark_iter_get_node(iterator) != parent)
			add_inline(&out, cmark_iter_get_node(iterator), event);
	cmark_iter_free(iterator);
	if (out.failed)
		fault(reader, line, "a paragraph is longer than %d bytes", PARAGRAPH_MAX);
	copy = (char *)lesson_copy(reader->lesson, out.data ? out.data : "", out.length);
	if (text_mend_bold(copy) && reader->reporter)
		reader->reporter->tell(
		    reader->reporter->arg, line,
		    "warning: bold is not closed for CommonMark: move the bracket "
		    "outside of ** **");
	return copy;
}

/* ---- blocks ---- */

static struct lesson_block *add_block(struct reader *reader, enum lesson_verb verb, unsigned line)
{
	struct lesson_step *step = reader->step;
	struct lesson_block *block;

	if (step->count == LESSON_BLOCKS_MAX) {
		fault(reader, line, "more than %d blocks in a step", LESSON_BLOCKS_MAX);
		return NULL;
	}
	if (!step->blocks)
		step->blocks = lesson_allocate(reader->lesson, LESSON_BLOCKS_MAX * sizeof(*block));
	if (!step->blocks) {
		fault(reader, line, "out of memory");
		return NULL;
	}
	block = &step->blocks[step->count++];
	block->verb = verb;
	block->line = line;
	block->text = block->marker = "";
	return block;
}

static bool is_allowed_key(enum lesson_verb verb, const char *name)
{
	for (unsigned key = 0; key < LESSON_KEYS_MAX && verbs[verb].keys[key]; key++)
		if (!strcmp(verbs[verb].keys[key], name))
			return true;
	return false;
}

/* One `name=value` word of an info line. */
static void read_key(struct reader *reader, struct lesson_block *block, char *word)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word || !equals[1]) {
		fault(reader, block->line, "'key=value' expected, not '%.40s'", word);
		return;
	}
	*equals = 0;
	if (!is_allowed_key(block->verb, word))
		fault(reader, block->line, "unknown key '%.40s' of '%s'", word,
		      verbs[block->verb].name);
	else if (lesson_key(block, word) || block->key_count == LESSON_KEYS_MAX)
		fault(reader, block->line, "key '%.40s' is given twice", word);
	else
		block->keys[block->key_count++] = (struct lesson_key){word, equals + 1};
}

/* The verb of an info word; LESSON_LISTING for plain code; LESSON_VERBS when unknown. */
static enum lesson_verb find_verb(const char *word)
{
	if (!*word || !strcmp(word, "text") || !strcmp(word, "sh"))
		return LESSON_LISTING;
	for (enum lesson_verb verb = LESSON_SETUP; verb < LESSON_VERBS; verb++)
		if (!strcmp(verbs[verb].name, word))
			return verb;
	return LESSON_VERBS;
}

static void fault_unknown_verb(struct reader *reader, unsigned line, const char *word)
{
	const char *names[LESSON_VERBS];
	const char *nearest;
	size_t count = 0;

	for (enum lesson_verb verb = LESSON_SETUP; verb < LESSON_VERBS; verb++)
		names[count++] = verbs[verb].name;
	nearest = str_nearest(word, names, count);
	if (nearest)
		fault(reader, line, "unknown verb '%.40s'; did you mean '%s'?", word, nearest);
	else
		fault(reader, line, "unknown verb '%.40s' (plain text: no word, 'text' or 'sh')",
		      word);
}

/* The body of a fence, its lines kept, other control characters removed. */
static const char *clean_body(struct reader *reader, const char *literal)
{
	auto_strbuf out = {0};
	const char *end;

	for (; *literal; literal = *end ? end + 1 : end) {
		auto_free char *line = NULL;
		end = strchrnul(literal, '\n');
		line = strndup(literal, (size_t)(end - literal));
		if (line)
			add_clean(&out, line);
		str_add(&out, "\n");
	}
	return lesson_copy(reader->lesson, out.data ? out.data : "", out.length);
}

static void read_fence(struct reader *reader, cmark_node *node, unsigned line)
{
	auto_strbuf info = {0};
	char *word, *rest, *words;
	enum lesson_verb verb;
	struct lesson_block *block;

	add_clean(&info, cmark_node_get_fence_info(node) ? cmark_node_get_fence_info(node) : "");
	words = (char *)lesson_copy(reader->lesson, info.data ? info.data : "", info.length);
	word = strtok_r(words, " ", &rest);
	verb = find_verb(word ? word : "");
	if (verb == LESSON_VERBS) {
		fault_unknown_verb(reader, line, word);
		return;
	}
	block = add_block(reader, verb, line);
	if (!block)
		return;
	block->text = clean_body(reader, cmark_node_get_literal(node));
	while (verb != LESSON_LISTING && (word = strtok_r(NULL, " ", &rest)))
		read_key(reader, block, word);
}

/* ---- steps ---- */

/* "Title {#id}": cuts the id off. False when there is none. */
static bool split_title(char *title, char id[LESSON_ID_MAX])
{
	char *brace = strrchr(title, '{'), *end;

	if (!brace || brace[1] != '#' || !(end = strchr(brace, '}')) || end[1])
		return false;
	*end = 0;
	if (!str_is_name(brace + 2) || !str_copy(id, LESSON_ID_MAX, brace + 2))
		return false;
	while (brace > title && brace[-1] == ' ')
		brace--;
	*brace = 0;
	return true;
}

static void begin_step(struct reader *reader, cmark_node *heading, unsigned line)
{
	struct lesson *lesson = reader->lesson;
	struct lesson_step *step;
	char *title = inline_text(reader, heading);

	if (lesson->count == LESSON_STEPS_MAX) {
		fault(reader, line, "more than %d steps", LESSON_STEPS_MAX);
		return;
	}
	step = &lesson->steps[lesson->count];
	step->title = title;
	step->line = line;
	if (!split_title(title, step->id)) {
		fault(reader, line, "a step needs an id: '## Title {#its-id}'");
		snprintf(step->id, sizeof(step->id), "step%zu", lesson->count + 1);
	}
	for (size_t i = 0; i < lesson->count; i++)
		if (!strcmp(lesson->steps[i].id, step->id))
			fault(reader, line, "step '%s' is there twice", step->id);
	lesson->count++;
	reader->step = step;
}

static void read_block(struct reader *reader, cmark_node *node, unsigned depth);

static void read_list(struct reader *reader, cmark_node *list, unsigned depth)
{
	bool is_ordered = cmark_node_get_list_type(list) == CMARK_ORDERED_LIST;
	int number = cmark_node_get_list_start(list);
	char marker[16] = "-";

	for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
		cmark_node *child = cmark_node_first_child(item);
		if (is_ordered)
			snprintf(marker, sizeof(marker), "%d.", number++);
		for (; child; child = cmark_node_next(child)) {
			struct lesson_block *block;
			size_t before = reader->step->count;
			read_block(reader, child, depth + 1);
			if (reader->step->count == before)
				continue;
			block = &reader->step->blocks[before];
			if (block->verb != LESSON_PARAGRAPH)
				continue;
			block->verb = LESSON_ITEM;
			block->depth = depth;
			block->marker = cmark_node_previous(child)
					    ? ""
					    : lesson_copy(reader->lesson, marker, strlen(marker));
		}
	}
}

static void read_prose(struct reader *reader, cmark_node *node, enum lesson_verb verb,
		       unsigned line)
{
	struct lesson_block *block = add_block(reader, verb, line);

	if (block)
		block->text = inline_text(reader, node);
}

static void read_quote(struct reader *reader, cmark_node *quote, unsigned depth)
{
	for (cmark_node *child = cmark_node_first_child(quote); child;
	     child = cmark_node_next(child)) {
		size_t before = reader->step->count;
		read_block(reader, child, depth + 1);
		for (size_t i = before; i < reader->step->count; i++)
			if (reader->step->blocks[i].verb == LESSON_PARAGRAPH)
				reader->step->blocks[i].verb = LESSON_QUOTE;
	}
}

static void read_heading(struct reader *reader, cmark_node *node, unsigned line, unsigned depth)
{
	int level = cmark_node_get_heading_level(node);

	if (level == 2 && depth)
		fault(reader, line, "a step cannot begin inside a list or a quote");
	else if (level == 2)
		begin_step(reader, node, line);
	else if (level > 2)
		read_prose(reader, node, LESSON_HEADING, line);
	else
		fault(reader, line, "the title stands in the front matter, not in a '# heading'");
}

static void read_block(struct reader *reader, cmark_node *node, unsigned depth)
{
	unsigned line = reader->first_line + (unsigned)cmark_node_get_start_line(node) - 1;

	if (depth > DEPTH_MAX) {
		fault(reader, line, "lists and quotes are nested deeper than %d", DEPTH_MAX);
		return;
	}
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_HEADING:
		read_heading(reader, node, line, depth);
		break;
	case CMARK_NODE_PARAGRAPH:
		read_prose(reader, node, LESSON_PARAGRAPH, line);
		break;
	case CMARK_NODE_LIST:
		read_list(reader, node, depth);
		break;
	case CMARK_NODE_BLOCK_QUOTE:
		read_quote(reader, node, depth);
		break;
	case CMARK_NODE_CODE_BLOCK:
		read_fence(reader, node, line);
		break;
	case CMARK_NODE_THEMATIC_BREAK:
		add_block(reader, LESSON_RULE, line);
		break;
	case CMARK_NODE_HTML_BLOCK:
		if (strncmp(cmark_node_get_literal(node), "<!--", 4))
			fault(reader, line, "HTML is not shown in a terminal");
		break;
	default:
		break;
	}
}

static void read_document(struct reader *reader, const char *text, size_t length)
{
	cmark_node *document = cmark_parse_document(text, length,
						    CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8);

	if (!document) {
		fault(reader, 1, "not readable as Markdown");
		return;
	}
	for (cmark_node *node = cmark_node_first_child(document); node;
	     node = cmark_node_next(node))
		read_block(reader, node, 0);
	cmark_node_free(document);
}

int lesson_parse(const char *text, size_t length, bool is_translation,
		 const struct lesson_reporter *reporter, struct lesson **ret_lesson, struct err *e)
{
	struct lesson *lesson = calloc(1, sizeof(*lesson));
	struct reader reader = {.lesson = lesson,

				.reporter = reporter,

				.e = e};
	const struct lesson_reporter front = {front_fault, &reader};
	size_t taken;

	if (!lesson)
		return err_sys(e, ENOMEM, "read a lesson");
	lesson->title = lesson->level = lesson->needs = lesson->sandbox = "";
	reader.step = &lesson->introduction;
	if (length > LESSON_FILE_MAX) {
		fault(&reader, 1, "a lesson is at most %d bytes", LESSON_FILE_MAX);
	} else {
		taken = lesson_read_front_matter(lesson, text, length, is_translation, &front,
						 &reader.first_line);
		if (!is_translation)
			lesson->hash = lesson_hash(text, length);
		read_document(&reader, text + taken, length - taken);
		if (!lesson->title[0])
			fault(&reader, 1, "front matter has no title");
		if (!lesson->count)
			fault(&reader, 1, "no step: '## Title {#its-id}' expected");
	}
	if (reader.problems) {
		lesson_destroy(lesson);
		return -EINVAL;
	}
	*ret_lesson = lesson;
	return 0;
}
