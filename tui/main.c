/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-tui: `isolab` without a command (the screen), and `isolab shell`. Options are read here,
 * over what the configuration says; what cannot be had (no terminal, one that is too dumb) is told
 * with what to use instead, exit 125.
 */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "shell.h"
#include "ui.h"
#include "ui_text.h"

struct arguments {
	bool is_shell, is_plain, wants_help;
	const char *unknown;
};

static const char usage[] =
    "usage: isolab [--ascii] [--no-color] [--lang en|ja]          the screen\n"
    "       isolab shell [--plain] [--lang en|ja]                 the prompt alone\n"
    "       isolab help                                           all commands\n"
    "\n"
    "  --ascii      lines of - | + and nothing that is not ASCII\n"
    "  --no-color   no colours (also: NO_COLOR in the environment)\n"
    "  --lang LANG  en or ja, whatever the environment says\n"
    "  --plain      no line editing: for screen readers and scripts\n"
    "\n"
    "ISOLAB_ESCAPE=^T makes Ctrl-T the key out of a sandbox instead of Ctrl-].\n";

static void parse(int argc, char **argv, struct arguments *arguments, struct config *config)
{
	for (int i = 1; i < argc; i++) {
		if (i == 1 && strcmp(argv[i], "shell") == 0)
			arguments->is_shell = true;
		else if (strcmp(argv[i], "--plain") == 0 && arguments->is_shell)
			arguments->is_plain = true;
		else if (strcmp(argv[i], "--ascii") == 0)
			config->is_ascii = true;
		else if (strcmp(argv[i], "--no-color") == 0)
			config->has_colour = false;
		else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
			snprintf(config->language, sizeof(config->language), "%s", argv[++i]);
		else if (strcmp(argv[i], "--help") == 0)
			arguments->wants_help = true;
		else
			arguments->unknown = argv[i];
	}
}

static int run(const struct arguments *arguments, const struct config *config, struct err *e)
{
	const struct ui_options text = {
	    .language = config->language[0] ? config->language : NULL,
	    .is_ascii = config->is_ascii,
	    .is_for_screen = !arguments->is_shell,
	};

	ui_text_setup(&text);
	if (arguments->is_shell)
		return shell_main(&(struct shell_start){.is_plain = arguments->is_plain}, e);
	return ui_main(&(struct ui_start){.is_ascii = ui_text_is_ascii(),
					  .escape = config->escape,
					  .has_colour = config->has_colour},
		       e);
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct config config;
	struct err e = {0};
	struct out out;
	int r;

	out_init_stdio(&out);
	if (config_load(&config, &e) < 0) {
		out_error(&out, &e);
		return 2;
	}
	parse(argc, argv, &arguments, &config);
	if (arguments.wants_help) {
		fputs(usage, stdout);
		return 0;
	}
	if (arguments.unknown) {
		err_hint(&e, err_set(&e, 22, "'%s' is no option here", arguments.unknown),
			 "'isolab --help', 'isolab help'");
		out_error(&out, &e);
		return 2;
	}
	r = run(&arguments, &config, &e);
	if (r >= 0)
		return r;
	out_error(&out, &e);
	return 125;
}
