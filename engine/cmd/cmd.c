/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What commands share: sorting out their words, finding sandboxes, waiting for them. The option
 * table of a command is all that its parser knows; what is wrong is told with the nearest right.
 */
#include "cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "str.h"

/* A Linux guest on an emulated processor takes its time. */
enum { START_TIMEOUT_MS = 120000, FACTS_TIMEOUT_MS = 10000, INNER_TIMEOUT_MS = 40000 };

int cmd_fail(struct command_context *context, const struct err *error)
{
	if (error->code == EINTR)
		return CMD_STATUS_INTERRUPTED;
	out_error(context->out, error);
	return error->code == EINVAL || error->code == ENOTSUP ? CMD_STATUS_USAGE
							       : CMD_STATUS_FAILED;
}

/* ---- words ---- */

static int refuse_option(struct command_context *context, const char *word)
{
	const struct command_option *options = context->command->options;
	const char *names[CMD_OPTIONS_MAX + 1], *nearest;
	struct err error = {0};
	size_t count = 0;

	for (; options && options[count].name && count < CMD_OPTIONS_MAX; count++)
		names[count] = options[count].name;
	nearest = str_nearest(word, names, count);
	err_set(&error, EINVAL, "%s: unknown option '%.60s'", context->command->name, word);
	if (nearest)
		err_hint(&error, 0, "did you mean '%s'?", nearest);
	else
		err_hint(&error, 0, "'help %s' lists its options", context->command->name);
	return cmd_fail(context, &error);
}

static int usage_error(struct command_context *context, const char *what)
{
	struct err error = {0};

	err_set(&error, EINVAL, "%s: %s", context->command->name, what);
	err_hint(&error, 0, "usage: isolab %s %s", context->command->name,
		 context->command->arguments);
	return cmd_fail(context, &error);
}

/* -abc: each letter a flag of the table. False if one is not. */
static bool take_letters(const struct command_option *options, const char *letters,
			 struct cmd_line *line)
{
	for (const char *at = letters; *at; at++) {
		unsigned i = 0;

		while (options && options[i].name && options[i].letter != *at)
			i++;
		if (!options || !options[i].name || options[i].argument)
			return false;
		line->option[i] = "";
	}
	return *letters;
}

/* One option; *at moves on over its argument. 0 or the exit status. */
static int take_option(struct command_context *context, int argc, char **argv, int *at,
		       struct cmd_line *line)
{
	const struct command_option *options = context->command->options;
	char *word = argv[*at];
	size_t length = strcspn(word, "=");

	for (unsigned i = 0; options && options[i].name; i++) {
		bool is_letter = options[i].letter && word[1] == options[i].letter && !word[2];

		if (!is_letter && (strlen(options[i].name) != length ||
				   strncmp(options[i].name, word, length) != 0))
			continue;
		line->option[i] = "";
		if (!options[i].argument)
			return word[length] == '='
				   ? usage_error(context, "that option takes no value")
				   : 0;
		if (!is_letter && word[length] == '=')
			line->option[i] = word + length + 1;
		else if (*at + 1 < argc)
			line->option[i] = argv[++*at];
		else
			return usage_error(context, "an option misses its value");
		return 0;
	}
	if (word[1] != '-' && take_letters(options, word + 1, line))
		return 0;
	return refuse_option(context, word);
}

int cmd_parse(struct command_context *context, int argc, char **argv, int minimum, int maximum,
	      int stops_at, struct cmd_line *ret)
{
	*ret = (struct cmd_line){.words = argv + 1};
	for (int at = 1; at < argc; at++) {
		int r = 0;

		if (strcmp(argv[at], "--") == 0 || (stops_at && ret->count == stops_at)) {
			at += strcmp(argv[at], "--") == 0;
			ret->rest = argv + at;
			ret->rest_count = argc - at;
			break;
		}
		if (argv[at][0] == '-' && argv[at][1])
			r = take_option(context, argc, argv, &at, ret);
		else
			ret->words[ret->count++] = argv[at];
		if (r)
			return r;
	}
	if (ret->count < minimum)
		return usage_error(context, "something is missing");
	if (maximum >= 0 && ret->count > maximum)
		return usage_error(context, "too many words");
	return 0;
}

int cmd_signal_number(const char *text, struct err *e)
{
	const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t number;
	int r;

	if (str_parse_number(text, 1, 64, &number) == 0)
		return (int)number;
	for (int n = 1; n < NSIG; n++) {
		const char *abbreviation = sigabbrev_np(n);

		if (abbreviation && strcasecmp(abbreviation, name) == 0)
			return n;
	}
	r = err_set(e, EINVAL, "no signal '%.40s'", text);
	return err_hint(e, r, "a name such as TERM or INT, or a number from 1 to 64");
}

/* ---- sandboxes ---- */

static void add_once(struct sandbox *list[CMD_SANDBOXES_MAX], size_t *count, struct sandbox *s)
{
	for (size_t at = 0; at < *count; at++)
		if (list[at] == s)
			return;
	if (*count < CMD_SANDBOXES_MAX)
		list[(*count)++] = s;
}

static int find(struct lab *lab, char **names, int count, bool may_be_inner,
		struct sandbox *ret[CMD_SANDBOXES_MAX], struct err *e)
{
	size_t found = 0;

	for (size_t i = 0; !count && i < lab_count(lab); i++)
		add_once(ret, &found, lab_at(lab, i));
	for (int i = 0; i < count; i++) {
		struct sandbox *group[CMD_SANDBOXES_MAX] = {NULL};
		int members = 1;

		if (may_be_inner)
			group[0] = lab_find_inner(lab, names[i]);
		if (!group[0])
			members = lab_find_group(lab, names[i], group, CMD_SANDBOXES_MAX, e);
		if (members < 0)
			return members;
		for (int m = 0; m < members; m++)
			add_once(ret, &found, group[m]);
	}
	return (int)found;
}

int cmd_find(struct lab *lab, char **names, int count, struct sandbox *ret[CMD_SANDBOXES_MAX],
	     struct err *e)
{
	return find(lab, names, count, false, ret, e);
}

int cmd_find_shown(struct lab *lab, char **names, int count, struct sandbox *ret[CMD_SANDBOXES_MAX],
		   struct err *e)
{
	return find(lab, names, count, true, ret, e);
}

int cmd_find_one(struct lab *lab, const char *name, struct sandbox **ret, struct err *e)
{
	struct sandbox *found[CMD_SANDBOXES_MAX];
	int count = lab_find_group(lab, name, found, CMD_SANDBOXES_MAX, e), r;

	if (count < 0)
		return count;
	*ret = found[0];
	if (count == 1)
		return 0;
	r = err_set(e, EINVAL, "'%s' is a group of %d", name, count);
	return err_hint(e, r, "name one of them, for example '%s'", sandbox_name(found[0]));
}

int cmd_for_each(struct command_context *context, const struct cmd_line *line,
		 int (*act)(struct sandbox *s, void *arg, struct err *e), void *arg)
{
	int status = 0;

	for (int i = 0; i < line->count; i++) {
		struct sandbox *sandboxes[CMD_SANDBOXES_MAX];
		struct err error = {0};
		int count = cmd_find(context->lab, &line->words[i], 1, sandboxes, &error);

		if (count < 0)
			status = cmd_fail(context, &error);
		for (int s = 0; s < count; s++) {
			error = (struct err){0};
			if (act(sandboxes[s], arg, &error) < 0)
				status = cmd_fail(context, &error);
		}
	}
	return status;
}

/* ---- waiting ---- */

struct waiting {
	struct sandbox *const *sandboxes;
	size_t count;
};

static bool are_started(struct lab *lab, void *arg)
{
	const struct waiting *waiting = arg;

	(void)lab;
	for (size_t i = 0; i < waiting->count; i++)
		if (sandbox_state(waiting->sandboxes[i]) == SANDBOX_STARTING &&
		    !sandbox_is_gone(waiting->sandboxes[i]))
			return false;
	return true;
}

static bool is_ended(struct lab *lab, void *arg)
{
	const struct sandbox *s = arg;

	(void)lab;
	return sandbox_is_gone(s) || !sandbox_is_alive(s);
}

/* lab_wait() with words for the two ways in which it may end early. */
static int wait_for(struct lab *lab, bool (*is_done)(struct lab *, void *), void *arg,
		    int timeout_ms, const char *what, struct err *e)
{
	int r = lab_wait(lab, is_done, arg, timeout_ms, e);

	if (r == -EINTR)
		err_set(e, EINTR, "interrupted");
	if (r == -ETIMEDOUT)
		err_set(e, ETIMEDOUT, "%s after %d s", what, timeout_ms / 1000);
	return r;
}

int cmd_wait_started(struct lab *lab, struct sandbox *const sandboxes[], size_t count,
		     struct err *e)
{
	struct waiting waiting = {.sandboxes = sandboxes, .count = count};

	return wait_for(lab, are_started, &waiting, START_TIMEOUT_MS, "still not ready", e);
}

int cmd_wait_ended(struct lab *lab, struct sandbox *s, int timeout_ms, struct err *e)
{
	return wait_for(lab, is_ended, s, timeout_ms, "still not ended", e);
}

/* A guest may have little room for programs that ask. */
enum { ASKED_AT_ONCE_MAX = 4 };

struct asking {
	struct sandbox *s;
	size_t next; /* of those inside it: not asked yet */
};

/* Asks one after the other of those inside it as the ones before have answered. */
static bool have_read_facts(struct lab *lab, void *arg)
{
	struct asking *asking = arg;
	struct sandbox *inner;
	size_t asked = 0;

	(void)lab;
	for (size_t k = 0; k < asking->next && (inner = sandbox_inner(asking->s, k)); k++)
		asked += sandbox_is_reading_facts(inner);
	while (asked < ASKED_AT_ONCE_MAX &&
	       (inner = sandbox_inner(asking->s, asking->next)) != NULL) {
		asking->next++;
		if (sandbox_state(inner) == SANDBOX_RUNNING)
			asked += sandbox_read_facts(inner, NULL) == 0;
	}
	return !asked && !sandbox_is_reading_facts(asking->s);
}

/* One wait for all of them: how long it may take is not a guest's to say. */
int cmd_wait_facts(struct lab *lab, struct sandbox *s, struct err *e)
{
	bool is_long = sandbox_outer(s) || sandbox_inner(s, 0); /* programs start in there */
	struct asking asking = {.s = s};
	int r = sandbox_read_facts(s, e);

	if (r == 0)
		r = wait_for(lab, have_read_facts, &asking,
			     is_long ? INNER_TIMEOUT_MS : FACTS_TIMEOUT_MS, "facts still not read",
			     e);
	if (r == -ETIMEDOUT && !sandbox_is_reading_facts(s)) {
		err_clear(e); /* what could be had of the others is there */
		r = 0;
	}
	if (r == 0 && !sandbox_facts(s))
		r = err_set(e, EIO, "'%s': %s", sandbox_name(s),
			    *sandbox_note(s) ? sandbox_note(s) : "its facts could not be read");
	return r;
}

const char *cmd_command_text(const struct sandbox *s, char *buffer, size_t size)
{
	char *const *argv = sandbox_spec(s)->argv;
	size_t at = 0;

	buffer[0] = 0;
	if (sandbox_outer(s))
		snprintf(buffer, size, "(inside %s)", sandbox_name(sandbox_outer(s)));
	if (sandbox_outer(s))
		return buffer;
	if (!argv || !argv[0])
		return "isolab-work";
	for (; *argv && at < size; argv++)
		at += (size_t)snprintf(buffer + at, size - at, "%s%s", at ? " " : "", *argv);
	for (char *c = buffer; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return buffer;
}
