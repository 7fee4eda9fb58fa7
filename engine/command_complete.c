/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the word under the cursor may become: all from the tables, and the sandboxes from the
 * lab. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "fd.h"
#include "spec.h"

struct completion {
	const struct command_table *table;
	struct lab *lab;
	char *prefix; /* the word up to the cursor */
	char *previous, *verb;
	int index; /* of the word under the cursor */
	void (*add)(void *arg, const char *candidate);
	void *arg;
};

static void offer(struct completion *c, const char *candidate)
{
	if (strncmp(candidate, c->prefix, strlen(c->prefix)) == 0)
		c->add(c->arg, candidate);
}

/* For a command's own candidates, which do not know the prefix. */
static void offer_any(void *arg, const char *candidate)
{
	offer(arg, candidate);
}

static void offer_words(struct completion *c, const char *const *words)
{
	for (; *words; words++)
		offer(c, *words);
}

static void offer_command(const struct command *command, void *arg)
{
	if (!(command->flags & COMMAND_HIDDEN))
		offer(arg, command->name);
}

static void offer_kinds(struct completion *c)
{
	for (const struct backend *b = c->lab ? lab_backends(c->lab) : backends; b->kind; b++)
		offer(c, b->kind);
}

/* Each sandbox, and each group that has two or more of them. */
static void offer_sandboxes(struct completion *c)
{
	char last[SPEC_NAME_MAX] = "";

	for (size_t i = 0; c->lab && i < lab_count(c->lab); i++) {
		const struct sandbox *s = lab_at(c->lab, i);
		const char *name = sandbox_name(s), *dash = strrchr(name, '-');
		char group[SPEC_NAME_MAX];

		offer(c, name);
		if (!dash || strcmp(dash + 1, sandbox_kind(s)) != 0)
			continue;
		str_copy(group, (size_t)(dash - name) + 1, name);
		if (strcmp(group, last) == 0)
			offer(c, group);
		str_copy(last, sizeof(last), group);
	}
}

/* The words that an option's argument may be. True if the word under the cursor is one. */
static bool offer_option_argument(struct completion *c, const struct command *command)
{
	static const char *const networks[] = {"none", "host", "lab", NULL};
	static const char *const namespaces[] = {"user", "pid",  "mount",  "network", "uts",
						 "ipc",  "time", "cgroup", NULL};

	for (const struct command_option *o = command->options; o && o->name; o++)
		if (o->argument && strcmp(o->name, c->previous) == 0)
			return true;
	for (const struct spec_option *o = spec_options; o->name; o++) {
		if (!command_takes(command, o) || !o->argument || strcmp(o->name, c->previous) != 0)
			continue;
		if (strcmp(o->name, "--network") == 0)
			offer_words(c, networks);
		if (strcmp(o->name, "--no-ns") == 0)
			offer_words(c, namespaces);
		return true;
	}
	return false;
}

static void offer_options(struct completion *c, const struct command *command)
{
	for (const struct command_option *o = command->options; o && o->name; o++)
		offer(c, o->name);
	for (const struct spec_option *o = spec_options; o->name; o++)
		if (command_takes(command, o))
			offer(c, o->name);
	offer(c, "--help");
}

static void offer_argument(struct completion *c, const struct command *command)
{
	static const char *const groups[] = {"both", "all", NULL}, *const experiments[] = {"boot",
											   NULL};
	bool repeats = strstr(command->arguments, "…") != NULL;

	if (command->complete)
		command->complete(c->lab, c->index, offer_any, c);
	if (c->index > 1 && !(repeats && command->word == WORD_SANDBOX))
		return;
	switch (command->word) {
	case WORD_KIND_OR_GROUP:
		offer_kinds(c);
		offer_words(c, groups);
		break;
	case WORD_KIND:
		offer_kinds(c);
		break;
	case WORD_SANDBOX:
		offer_sandboxes(c);
		break;
	case WORD_COMMAND:
		command_for_each(c->table, offer_command, c);
		break;
	case WORD_EXPERIMENT:
		offer_words(c, experiments);
		break;
	case WORD_LESSON:
	case WORD_NONE:
		break;
	}
}

/* Cuts the line before the cursor into verb, previous word and prefix. Returns where the prefix
 * begins. */
static size_t read_words(struct completion *c, char *text)
{
	size_t at = 0, start = 0;

	c->prefix = c->previous = c->verb = text + strlen(text);
	for (c->index = -1;;) {
		while (text[at] == ' ' || text[at] == '\t')
			text[at++] = 0;
		start = at;
		if (c->index >= 0)
			c->previous = c->prefix;
		c->prefix = text + at;
		if (++c->index == 0)
			c->verb = c->prefix;
		while (text[at] && text[at] != ' ' && text[at] != '\t')
			at++;
		if (!text[at])
			return start;
	}
}

void command_complete(const struct command_table *table, struct lab *lab, const char *line,
		      size_t cursor, size_t *ret_start,
		      void (*add)(void *arg, const char *candidate), void *arg)
{
	struct completion c = {.table = table, .lab = lab, .add = add, .arg = arg};
	auto_free char *text = strndup(line, cursor);
	const struct command *command;

	*ret_start = cursor;
	if (!text)
		return;
	*ret_start = read_words(&c, text);
	if (c.index == 0) {
		command_for_each(table, offer_command, &c);
		return;
	}
	command = command_find(table, c.verb);
	if (!command || offer_option_argument(&c, command))
		return;
	if (c.prefix[0] == '-')
		offer_options(&c, command);
	else
		offer_argument(&c, command);
}
