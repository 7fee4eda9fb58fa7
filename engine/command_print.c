/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manual page (man(7) macros) and the completion for bash, written at build time from the
 * same tables that the programs use. */
#include <string.h>

#include "command.h"
#include "spec.h"

/* Text for troff: a backslash is its escape, a dot or quote at the start of a line a request,
 * "-" a hyphen that cannot be copied. */
static void print_roff(struct out *out, const char *text)
{
	bool is_line_start = true;

	for (const char *at = text; *at; at++) {
		if (is_line_start && (*at == '.' || *at == '\''))
			out_printf(out, "\\&");
		if (*at == '\\')
			out_printf(out, "\\e");
		else if (*at == '-')
			out_printf(out, "\\-");
		else if (strncmp(at, "…", strlen("…")) == 0)
			out_printf(out, "..."), at += strlen("…") - 1;
		else
			out_printf(out, "%c", *at);
		is_line_start = *at == '\n';
	}
}

static void print_roff_option(struct out *out, const char *name, char letter, const char *argument,
			      const char *about)
{
	out_printf(out, ".TP\n.B ");
	if (letter)
		out_printf(out, "\\-%c, ", letter);
	print_roff(out, name);
	if (argument) {
		out_printf(out, " \\fI");
		print_roff(out, argument);
		out_printf(out, "\\fR");
	}
	out_printf(out, "\n");
	print_roff(out, about);
	out_printf(out, "\n");
}

static void print_man_command(const struct command *command, void *arg)
{
	struct out *out = arg;

	if (command->flags & COMMAND_HIDDEN)
		return;
	out_printf(out, ".SS isolab %s ", command->name);
	print_roff(out, command->arguments);
	out_printf(out, "\n");
	print_roff(out, command->about);
	out_printf(out, ".\n");
	if (command->details) {
		out_printf(out, ".PP\n");
		print_roff(out, command->details);
		out_printf(out, "\n");
	}
	for (const struct command_option *o = command->options; o && o->name; o++)
		print_roff_option(out, o->name, o->letter, o->argument, o->about);
}

static const char man_head[] =
    ".TH ISOLAB 1\n"
    ".SH NAME\n"
    "isolab \\- the same workload as a process, in a container and in a tiny virtual machine, side "
    "by side\n"
    ".SH SYNOPSIS\n"
    ".B isolab\n.RI [ COMMAND \" [\" ARGUMENTS ]]\n"
    ".SH DESCRIPTION\n"
    "A teaching shell and a small sandbox manager. Without a command it shows the screen; with\n"
    ".B shell\nthe prompt alone, for any terminal and for screen readers. A sandbox is one process "
    "of the host, a\n"
    "plain one, a namespace container or a KVM machine with a tiny kernel of its own, and one "
    "directory. What it hides, what it\n"
    "costs and how long it took to stand up is measured and shown.\n"
    ".SH COMMANDS\n";

static const char man_tail[] =
    ".SH EXIT STATUS\n"
    "That of the command inside; 125 if isolab failed, 126 if the command cannot be invoked, 127 "
    "if it is not found, 128+n if\n"
    "signal n ended it, 2 for wrong usage.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B XDG_RUNTIME_DIR\nwhere sandboxes have their directories (else /tmp/isolab\\-UID).\n"
    ".TP\n.B NO_COLOR\nno colours.\n"
    ".SH FILES\n"
    ".TP\n.I $XDG_RUNTIME_DIR/isolab/NAME/\nspec, lock, events (JSON lines), console, sock of one "
    "sandbox.\n";

void command_print_man(const struct command_table *table, struct out *out)
{
	out_printf(out, "%s", man_head);
	command_for_each(table, print_man_command, out);
	out_printf(out, ".SH OPTIONS OF A SANDBOX\nFor run and create.\n");
	for (const struct spec_option *o = spec_options; o->name; o++)
		if (o->set)
			print_roff_option(out, o->name, o->letter, o->argument, o->about);
	out_printf(out, "%s", man_tail);
}

/* ---- bash ---- */

static void print_word(const struct command *command, void *arg)
{
	if (!(command->flags & COMMAND_HIDDEN))
		out_printf(arg, " %s", command->name);
}

static void print_case(const struct command *command, void *arg)
{
	static const char *const words[] = {
	    [WORD_KIND] = "process container vm",
	    [WORD_KIND_OR_GROUP] = "process container vm both all",
	    [WORD_SANDBOX] = "$(_isolab_names)",
	    [WORD_EXPERIMENT] = "boot",
	    [WORD_COMMAND] = "$commands",
	    [WORD_LESSON] = "list show start answer check next hint solution reset lint",
	    [WORD_NONE] = "",
	};
	struct out *out = arg;

	if (command->flags & COMMAND_HIDDEN)
		return;
	out_printf(out, "\t%s)\n\t\toptions=\"--help", command->name);
	for (const struct command_option *o = command->options; o && o->name; o++)
		out_printf(out, " %s", o->name);
	for (const struct spec_option *o = spec_options; o->name; o++)
		if (command_takes(command, o))
			out_printf(out, " %s", o->name);
	out_printf(out, "\"\n\t\twords=\"%s\"\n\t\t;;\n", words[command->word]);
}

void command_print_completion(const struct command_table *table, struct out *out)
{
	out_printf(out, "# bash completion of isolab; made from its command table\n"
			"_isolab_names() {\n"
			"\tisolab ps --names 2>/dev/null\n"
			"}\n"
			"_isolab() {\n"
			"\tlocal current=${COMP_WORDS[COMP_CWORD]} commands options='' words=''\n"
			"\tcommands=\"shell");
	command_for_each(table, print_word, out);
	out_printf(out, "\"\n"
			"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
			"\t\tmapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$current\")\n"
			"\t\treturn\n"
			"\tfi\n"
			"\tcase ${COMP_WORDS[1]} in\n");
	command_for_each(table, print_case, out);
	out_printf(out,
		   "\tesac\n"
		   "\tcase $current in\n"
		   "\t-*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\") ;;\n"
		   "\t*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\") ;;\n"
		   "\tesac\n"
		   "}\n"
		   "complete -o default -F _isolab isolab\n");
}
