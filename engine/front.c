/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line: one command, one lab, one exit status. What is started is detached and stays,
 * except by commands whose entry says that it belongs to them (COMMAND_LEASE).
 */
#include "front.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

/* The words by which people ask everywhere. */
static const char *plain_name(const char *word)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return "help";
	return strcmp(word, "--version") == 0 ? "version" : word;
}

/* The locale asked for; when it is not installed, C.UTF-8 for who wanted UTF-8 at least. */
static void choose_locale(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *wanted = NULL;

	if (setlocale(LC_ALL, ""))
		return;
	for (size_t i = 0; i < 3 && !(wanted && *wanted); i++)
		wanted = getenv(names[i]);
	if (wanted && (strcasestr(wanted, "UTF-8") || strcasestr(wanted, "utf8")))
		setlocale(LC_ALL, "C.UTF-8");
}

static int make_lab(struct command_context *context, const struct command *command, struct err *e)
{
	struct lab_options options = {
	    .lease = command->flags & COMMAND_LEASE,
	    .only_own = command->flags & COMMAND_LEASE,
	    .interruptible = command->flags & (COMMAND_WAITS | COMMAND_LEASE | COMMAND_TERMINAL),
	    .backends = context->backends,
	};

	if (command->flags & COMMAND_NO_LAB)
		return 0;
	return lab_create(&options, &context->lab, e);
}

int front_main(int argc, char **argv, const struct command_table *table,
	       const struct backend *walls)
{
	struct out out;
	struct command_context context = {.backends = walls ? walls : backends,
					  .table = table,
					  .out = &out,
					  .may_wait = true};
	const struct command *command;
	struct err error = {0};
	int status;

	choose_locale();
	out_init_stdio(&out);
	if (argc < 2) {
		command_help(table, NULL, &out);
		return CMD_STATUS_USAGE;
	}
	argv[1] = (char *)plain_name(argv[1]);
	command = command_find(table, argv[1]);
	if (command && make_lab(&context, command, &error) < 0)
		status = cmd_fail(&context, &error);
	else
		status = command_run(&context, argc - 1, argv + 1);
	lab_destroy(context.lab);
	if (fflush(stdout) != 0 && status == 0) {
		err_sys(&error, errno, "write to stdout");
		return cmd_fail(&context, &error);
	}
	return status;
}
