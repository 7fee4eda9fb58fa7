/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * help and version, and the hidden verb by which the build writes manual page and completion of
 * bash. All of it is read out of the table of commands.
 */
#include <errno.h>
#include <string.h>

#include "cmd.h"
#include "str.h"

#ifndef ISOLAB_VERSION
#define ISOLAB_VERSION "unknown"
#endif

static void collect_name(const struct command *command, void *arg)
{
	const char ***at = arg;

	if (!(command->flags & COMMAND_HIDDEN))
		*(*at)++ = command->name;
}

static int run_help(struct command_context *context, int argc, char **argv)
{
	const char *names[256], **end = names;
	const struct command *command;
	struct err error = {0};

	if (argc < 2) {
		command_help(context->table, NULL, context->out);
		return 0;
	}
	command = command_find(context->table, argv[1]);
	if (command) {
		command_help(context->table, command, context->out);
		return 0;
	}
	command_for_each(context->table, collect_name, &end);
	err_set(&error, EINVAL, "no help for '%.80s': unknown command", argv[1]);
	const char *nearest = str_nearest(argv[1], names, (size_t)(end - names));
	if (nearest)
		err_hint(&error, 0, "did you mean '%s'?", nearest);
	return cmd_fail(context, &error);
}

const struct command cmd_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .about = "list the commands, or tell more of one",
    .flags = COMMAND_NO_LAB,
    .word = WORD_COMMAND,
    .run = run_help,
};

static int run_version(struct command_context *context, int argc, char **argv)
{
	(void)argc, (void)argv;
	out_printf(context->out, "isolab %s\n", ISOLAB_VERSION);
	return 0;
}

const struct command cmd_version = {
    .name = "version",
    .arguments = "",
    .about = "say which version this is",
    .flags = COMMAND_NO_LAB,
    .run = run_version,
};

static int run_print(struct command_context *context, int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "man") == 0)
		command_print_man(context->table, context->out);
	else if (argc == 2 && strcmp(argv[1], "completion") == 0)
		command_print_completion(context->table, context->out);
	else
		return CMD_STATUS_USAGE;
	return 0;
}

const struct command cmd_print = {
    .name = "--print",
    .arguments = "man|completion",
    .about = "write the manual page or the completion for bash",
    .flags = COMMAND_NO_LAB | COMMAND_HIDDEN,
    .run = run_print,
};
