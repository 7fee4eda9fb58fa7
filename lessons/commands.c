/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command `lesson` and its parts. Each part opens a session, does one thing, closes it. What
 * surprises: its entry asks for no lab (COMMAND_NO_LAB), since listing and reading must work on a
 * machine where no sandbox can be made; the parts that need one make it here when the front has
 * none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lessons.h"
#include "lint.h"
#include "list.h"
#include "session.h"
#include "str.h"
#include "text.h"

struct request {
	struct command_context *context;
	const char *course, *id; /* NULL: default, the open one */
	const char *language;    /* --lang */
	const char *part;        /* "check"; NULL: none was named */
	bool is_skipping, is_playing;
	char text[256]; /* the words behind the part's name, joined */
	unsigned words;
};

struct part {
	const char *name;
	bool needs_lab;
	int (*run)(struct request *request);
};

static const char *prefix_of(const struct request *request)
{
	return request->context->is_prompt ? "" : "isolab ";
}

static enum language language_of(const struct request *request)
{
	enum language language = lessons_language();

	if (request->language)
		language_parse(request->language, &language);
	return language;
}

/* Opens a session on the request's id, or on the open lesson. Tells the error. */
static int open_session(struct request *request, const char *id, struct session *session)
{
	struct command_context *context = request->context;
	struct err e = {0};
	int r;

	*session = (struct session){.out = context->out,
				    .prefix = prefix_of(request),
				    .lab = context->lab,
				    .table = context->table,
				    .may_wait = context->may_wait};
	r = session_open(session, request->course, id, &e);
	if (r < 0)
		out_error(context->out, &e);
	return r;
}

/* ---- list, show ---- */

static int run_list(struct request *request)
{
	struct err e = {0};

	if (list_print(request->context->out, request->course, language_of(request), &e) == 0)
		return 0;
	out_error(request->context->out, &e);
	return 125;
}

/* A lesson that is not open: what it is about. */
static int show_other(struct request *request, struct session *session)
{
	const struct lesson *lesson = session->lesson;
	struct out *out = request->context->out;

	session_introduce(session);
	for (size_t i = 0; i < lesson->count; i++)
		out_printf(out, "  %zu. %s\n", i + 1, lesson->steps[i].title);
	out_printf(out, "\n");
	session_say(session, OUT_DIM, SAY_START_WITH, session->prefix, lesson->id);
	return 0;
}

static int run_show(struct request *request)
{
	struct session session;
	const char *id = request->words ? request->text : NULL, *open;
	int status = 0;

	if (open_session(request, id, &session) < 0)
		return 1;
	open = progress_get(session.progress, PROGRESS_NOBODY, "current");
	session.is_brief = false; /* asked for */
	if (open && !strcmp(open, session.lesson->id))
		session_show(&session, NULL);
	else
		status = show_other(request, &session);
	session_close(&session);
	return status;
}

/* ---- the way through a lesson ---- */

static int run_start(struct request *request)
{
	struct session session;
	int status;

	if (!request->words) {
		out_error(request->context->out, &(struct err){.code = EINVAL,
							       .what = "lesson start: which one?",
							       .hint = "'lesson list' shows them"});
		return 2;
	}
	if (open_session(request, request->text, &session) < 0)
		return 1;
	status = session_start(&session);
	session_close(&session);
	return status;
}

static int with_session(struct request *request, int (*act)(struct session *session))
{
	struct session session;
	int status;

	if (open_session(request, NULL, &session) < 0)
		return 1;
	status = act(&session);
	session_close(&session);
	return status;
}

static int run_check(struct request *request)
{
	return with_session(request, session_check);
}

static int run_hint(struct request *request)
{
	return with_session(request, session_hint);
}

static int run_solution(struct request *request)
{
	return with_session(request, session_solution);
}

static int run_next(struct request *request)
{
	struct session session;
	int status;

	if (open_session(request, NULL, &session) < 0)
		return 1;
	status = session_next(&session, request->is_skipping);
	session_close(&session);
	return status;
}

static int run_answer(struct request *request)
{
	struct session session;
	int status;

	if (open_session(request, NULL, &session) < 0)
		return 1;
	status = session_answer(&session, request->text);
	session_close(&session);
	return status;
}

static int run_reset(struct request *request)
{
	struct session session;
	struct err e = {0};
	int r;

	if (open_session(request, request->words ? request->text : NULL, &session) < 0)
		return 1;
	progress_forget(session.progress, session.lesson->id);
	r = progress_save(session.progress, &e);
	if (r < 0)
		out_error(session.out, &e);
	else
		session_say(&session, OUT_PLAIN, SAY_FORGOTTEN, session.lesson->id);
	session_close(&session);
	return r < 0 ? 125 : 0;
}

/* ---- lint ---- */

struct lints {
	struct request *request;
	struct lint lint;
	int r;
};

static void lint_one(void *arg, const char *id)
{
	struct lints *lints = arg;
	struct err e = {0};

	lints->lint.id = id;
	lint_files(&lints->lint);
	if (!lints->request->is_playing || lints->r < 0 || lints->lint.errors)
		return;
	lints->r = lint_play(&lints->lint, lints->request->context->table, &e);
	if (lints->r < 0)
		out_error(lints->lint.out, &e);
}

static int run_lint(struct request *request)
{
	struct lints lints = {.request = request, .lint = {.out = request->context->out}};
	struct err e = {0};
	char path[4096];
	int r = lesson_course_path(request->course, path, sizeof(path), &e);

	if (request->is_playing && request->context->is_prompt)
		r = err_hint(&e, err_set(&e, EBUSY, "lesson lint --run wants a process of its own"),
			     "in a shell: isolab lesson lint --run");
	lints.lint.course = path;
	if (r == 0 && request->words)
		lint_one(&lints, request->text);
	else if (r == 0)
		r = lesson_list(path, lint_one, &lints, &e);
	if (r < 0) {
		out_error(request->context->out, &e);
		return 125;
	}
	out_printf(request->context->out, "%u errors, %u warnings\n", lints.lint.errors,
		   lints.lint.warnings);
	return lints.r < 0 ? 125 : lints.lint.errors ? 1 : 0;
}

/* ---- the command ---- */

static const struct part parts[] = {
    {"list", false, run_list},   {"show", false, run_show},
    {"start", true, run_start},  {"answer", true, run_answer},
    {"check", true, run_check},  {"next", true, run_next},
    {"hint", false, run_hint},   {"solution", false, run_solution},
    {"reset", false, run_reset}, {"lint", false, run_lint},
    {NULL, false, NULL},
};

static int bad_usage(struct command_context *context, const char *what, const char *word)
{
	const char *names[16];
	size_t count = 0;
	struct err e = {0};
	const char *nearest;

	for (const struct part *part = parts; part->name; part++)
		names[count++] = part->name;
	nearest = word ? str_nearest(word, names, count) : NULL;
	err_set(&e, EINVAL, "lesson: %s%s%s%s", what, word ? " '" : "", word ? word : "",
		word ? "'" : "");
	if (nearest)
		err_hint(&e, 0, "did you mean 'lesson %s'?", nearest);
	else
		err_hint(&e, 0, "lesson %s", context->command->arguments);
	out_error(context->out, &e);
	return 2;
}

static void add_word(struct request *request, const char *word)
{
	size_t used = strlen(request->text);

	snprintf(request->text + used, sizeof(request->text) - used, "%s%s", used ? " " : "", word);
	request->words++;
}

/* The part's name, options and words, options anywhere. False with *ret_word = the one that is not
 * understood. */
static bool parse_words(struct request *request, int argc, char **argv, const char **ret_word)
{
	enum language language;

	for (int i = 0; i < argc; i++) {
		const char *word = *ret_word = argv[i];
		if (!strcmp(word, "--skip"))
			request->is_skipping = true;
		else if (!strcmp(word, "--run"))
			request->is_playing = true;
		else if (!strcmp(word, "--course") && i + 1 < argc)
			request->course = argv[++i];
		else if (!strcmp(word, "--lang") && i + 1 < argc &&
			 language_parse(argv[i + 1], &language))
			request->language = argv[++i];
		else if (!strncmp(word, "--", 2))
			return false;
		else if (request->part)
			add_word(request, word);
		else
			request->part = word;
	}
	return true;
}

static const struct part *find_part(const char *name)
{
	const struct part *part = parts;

	while (part->name && strcmp(part->name, name))
		part++;
	return part->name ? part : NULL;
}

static bool is_later(const char *name)
{
	return !strcmp(name, "play") || !strcmp(name, "grade") || !strcmp(name, "report") ||
	       !strcmp(name, "submit");
}

static int run_with_lab(struct request *request, const struct part *part)
{
	struct command_context own = *request->context;
	struct request inner = *request;
	struct lab_options options = {0};
	struct err e = {0};
	int status;

	if (own.lab) {
		lab_dispatch(own.lab, NULL);
		return part->run(request);
	}
	if (lab_create(&options, &own.lab, &e) < 0) {
		out_error(own.out, &e);
		return 125;
	}
	lab_dispatch(own.lab, NULL);
	inner.context = &own;
	status = part->run(&inner);
	lab_destroy(own.lab);
	return status;
}

static int run_part(struct request *request, const struct part *part)
{
	struct err e = {0};

	if (request->language && lessons_set_language(language_of(request), &e) < 0)
		err_clear(&e); /* not kept: said when there is progress to keep */
	return part->needs_lab ? run_with_lab(request, part) : part->run(request);
}

static int run_lesson(struct command_context *context, int argc, char **argv)
{
	struct request request = {.context = context};
	const struct part *part;
	const char *word = NULL;

	if (!parse_words(&request, argc - 1, argv + 1, &word))
		return bad_usage(context, "bad option", word);
	part = find_part(request.part ? request.part : "show");
	if (part)
		return run_part(&request, part);
	return bad_usage(context, is_later(request.part) ? "not in this version:" : "unknown",
			 request.part);
}

struct candidates {
	void (*add)(void *arg, const char *candidate);
	void *arg;
};

static void offer_id(void *arg, const char *id)
{
	const struct candidates *candidates = arg;

	candidates->add(candidates->arg, id);
}

static void complete_lesson(struct lab *lab, int index,
			    void (*add)(void *arg, const char *candidate), void *arg)
{
	struct candidates candidates = {add, arg};
	char course[4096];

	(void)lab;
	for (const struct part *part = parts; index == 1 && part->name; part++)
		add(arg, part->name);
	if (index == 2 && lesson_course_path(NULL, course, sizeof(course), NULL) == 0)
		lesson_list(course, offer_id, &candidates, NULL);
}

static const struct command_option lesson_options[] = {
    {.name = "--lang", .argument = "LANG", .about = "speak this language from now on: en, ja"},
    {.name = "--course", .argument = "DIR", .about = "a course of your own"},
    {.name = "--skip", .about = "next: leave out what the step asks for"},
    {.name = "--run", .about = "lint: play the solutions, too"},
    {0},
};

const struct command cmd_lesson = {
    .name = "lesson",
    .arguments = "list|show|start|answer|check|next|hint|solution|reset|lint [ID|ANSWER]",
    .about = "learn step by step: guess, do, measure",
    .details = "  list, show [ID]     what there is\n"
	       "  start ID            open a lesson\n"
	       "  answer TEXT         a guess, or the number of a choice\n"
	       "  check               did it work?\n"
	       "  next                the next step\n"
	       "  hint, solution      help\n"
	       "  reset [ID]          forget the answers\n"
	       "  lint [ID] [--run]   for authors",
    .flags = COMMAND_NO_LAB,
    .word = WORD_LESSON,
    .options = lesson_options,
    .run = run_lesson,
    .complete = complete_lesson,
};

const struct command *const lessons_commands[] = {&cmd_lesson, NULL};
