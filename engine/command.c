/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding and running commands, and their help, all from the table. What is said about arguments
 * here is said once for everybody. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "spec.h"

enum { COMMANDS_MAX = 128, NAME_COLUMNS = 11, USAGE = 2 };

void command_for_each(const struct command_table *table,
		      void (*each)(const struct command *, void *arg), void *arg)
{
	for (const struct command *const *const *list = table->lists; *list; list++)
		for (const struct command *const *command = *list; *command; command++)
			each(*command, arg);
}

struct search {
	const char *name;
	const struct command *found;
	const char *names[COMMANDS_MAX];
	size_t count;
};

static void look_at(const struct command *command, void *arg)
{
	struct search *search = arg;

	if (strcmp(command->name, search->name) == 0)
		search->found = command;
	if (search->count < COMMANDS_MAX && !(command->flags & COMMAND_HIDDEN))
		search->names[search->count++] = command->name;
}

bool command_takes(const struct command *command, const struct spec_option *option)
{
	return option->set && (command->flags & COMMAND_SPEC ||
			       (command->flags & COMMAND_LIMITS && option->is_limit));
}

const struct command *command_find(const struct command_table *table, const char *name)
{
	struct search search = {.name = name};

	command_for_each(table, look_at, &search);
	return search.found;
}

/* Verbs of the design that a later version brings: a word about them is kinder than "unknown". */
static bool is_of_later_version(const char *name)
{
	static const char *const later[] = {
	    "cp",      "report", "record",  "replay",  "snapshot",
	    "restore", "fork",   "migrate", "monitor", "image",
	};

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (strcmp(later[i], name) == 0)
			return true;
	return false;
}

static int unknown_command(const struct command_context *context, const char *name)
{
	struct search search = {.name = name};
	struct err error = {0};
	const char *nearest;

	if (is_of_later_version(name)) {
		err_set(&error, ENOTSUP, "'%s' is not in this version", name);
		err_hint(&error, 0, "'help' lists what is");
		out_error(context->out, &error);
		return USAGE;
	}
	command_for_each(context->table, look_at, &search);
	nearest = str_nearest(name, search.names, search.count);
	err_set(&error, EINVAL, "unknown command '%.80s'", name);
	if (nearest)
		err_hint(&error, 0, "did you mean '%s'?", nearest);
	else
		err_hint(&error, 0, "'help' lists the commands");
	out_error(context->out, &error);
	return USAGE;
}

/* Only what stands before "--": behind it the words are the sandbox's. */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int command_run(struct command_context *context, int argc, char **argv)
{
	const struct command *command;

	if (argc < 1)
		return 0;
	command = command_find(context->table, argv[0]);
	if (!command)
		return unknown_command(context, argv[0]);
	context->command = command;
	if (asks_for_help(argc, argv)) {
		command_help(context->table, command, context->out);
		return 0;
	}
	return command->run(context, argc, argv);
}

int lab_submit(struct lab *lab, const struct command_table *table, const char *line, bool may_wait,
	       struct out *out)
{
	struct command_context context = {.lab = lab,
					  .backends = lab_backends(lab),
					  .table = table,
					  .out = out,
					  .is_prompt = true,
					  .may_wait = may_wait};
	auto_free char *storage = NULL;
	auto_free char **words = NULL;
	struct err error = {0};
	const struct command *command;
	int argc = command_split(line, &words, &storage, &error);

	if (argc < 0) {
		out_error(out, &error);
		return USAGE;
	}
	command = argc ? command_find(table, words[0]) : NULL;
	if (command && !may_wait && command->flags & (COMMAND_WAITS | COMMAND_TERMINAL) &&
	    !asks_for_help(argc, words)) {
		err_set(&error, EBUSY, "'%s' would wait, and the screen does not", words[0]);
		err_hint(&error, 0, "run it in another terminal: isolab %s", line);
		out_error(out, &error);
		return 125;
	}
	return command_run(&context, argc, words);
}

/* ---- help ---- */

static void print_line(const struct command *command, void *arg)
{
	struct out *out = arg;

	if (command->flags & COMMAND_HIDDEN)
		return;
	out_printf(out, "  ");
	out_cell(out, OUT_TITLE, NAME_COLUMNS, command->name);
	out_wrap(out, NAME_COLUMNS + 2, NAME_COLUMNS + 2, command->about);
}

static void print_overview(const struct command_table *table, struct out *out)
{
	out_wrap(out, 0, 0,
		 "isolab: the same workload as a process, in a container and in a tiny VM, side "
		 "by side");
	out_printf(out, "\n");
	out_role_printf(out, OUT_TITLE, "usage: ");
	out_printf(out, "isolab [COMMAND [ARGUMENTS]]\n\n"
			"  ");
	out_cell(out, OUT_TITLE, NAME_COLUMNS, "(nothing)");
	out_printf(out, "the screen\n  ");
	out_cell(out, OUT_TITLE, NAME_COLUMNS, "shell");
	out_printf(out, "the prompt alone, for any terminal and for screen readers\n");
	command_for_each(table, print_line, out);
	out_printf(
	    out, "\nKIND is process, container or vm. 'isolab COMMAND --help' tells more of each.\n"
		 "A first look: isolab compare\n");
}

static void print_option(struct out *out, const char *name, char letter, const char *argument,
			 const char *about)
{
	char left[64];

	if (letter)
		snprintf(left, sizeof(left), "-%c, %s%s%s", letter, name, argument ? " " : "",
			 argument ? argument : "");
	else
		snprintf(left, sizeof(left), "%s%s%s", name, argument ? " " : "",
			 argument ? argument : "");
	out_printf(out, "  ");
	out_cell(out, OUT_TITLE, 22, left);
	out_printf(out, "%s", strlen(left) > 21 ? "  " : "");
	out_wrap(out, strlen(left) > 21 ? (unsigned)strlen(left) + 4 : 24, 24, about);
}

static void print_spec_options(const struct command *command, struct out *out)
{
	for (const struct spec_option *option = spec_options; option->name; option++)
		if (command_takes(command, option))
			print_option(out, option->name, option->letter, option->argument,
				     option->about);
}

void command_help(const struct command_table *table, const struct command *command, struct out *out)
{
	char usage[512];

	if (!command) {
		print_overview(table, out);
		return;
	}
	snprintf(usage, sizeof(usage), "isolab %s %s", command->name, command->arguments);
	out_role_printf(out, OUT_TITLE, "usage: ");
	out_wrap(out, 7, 7, usage);
	out_printf(out, "\n");
	out_wrap(out, 0, 0, command->about);
	if (command->details) {
		out_printf(out, "\n");
		out_wrap(out, 0, 0, command->details);
	}
	if (command->options || command->flags & (COMMAND_SPEC | COMMAND_LIMITS))
		out_printf(out, "\n");
	for (const struct command_option *option = command->options; option && option->name;
	     option++)
		print_option(out, option->name, option->letter, option->argument, option->about);
	print_spec_options(command, out);
}
