/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-cli: all verbs of the command line but the screen, the shell and the foreground `run`. It
 * only joins the tables of commands; the rest is in front.c.
 */
#include "front.h"
#include "lessons.h"

int main(int argc, char **argv)
{
	static const struct command *const *const lists[] = {engine_commands, lessons_commands,
							     NULL};
	static const struct command_table table = {.lists = lists};

	return front_main(argc, argv, &table, NULL);
}
