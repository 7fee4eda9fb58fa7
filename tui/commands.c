/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * commands: what only a front can do, and what therefore neither the engine nor the lessons know:
 * quit, clear, view, focus, lang. One const entry each; see host.h for how they reach their front.
 * On the plain prompt those that need panes say so.
 */
#include <errno.h>
#include <string.h>

#include "host.h"
#include "lessons.h"
#include "ui_text.h"

static struct host *host_of(struct command_context *context)
{
	return (struct host *)context->out;
}

static int usage(struct command_context *context)
{
	out_role_printf(context->out, OUT_WARN, "usage: %s %s\n", context->command->name,
			context->command->arguments);
	return 2;
}

static int only_on_screen(struct command_context *context)
{
	struct err e = {0};

	err_hint(&e, err_set(&e, ENOTSUP, "'%s' works only on the screen", context->command->name),
		 "start 'isolab' in a terminal");
	out_error(context->out, &e);
	return 2;
}

static int run_quit(struct command_context *context, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	host_of(context)->quit(host_of(context));
	return 0;
}

static int run_clear(struct command_context *context, int argc, char **argv)
{
	struct host *host = host_of(context);

	(void)argc;
	(void)argv;
	if (host->clear)
		host->clear(host);
	return 0;
}

static int run_view(struct command_context *context, int argc, char **argv)
{
	struct host *host = host_of(context);
	struct err e = {0};

	if (!host->show)
		return only_on_screen(context);
	if (argc > 2)
		return usage(context);
	if (host->show(host, argc == 2 ? argv[1] : "", &e) == 0)
		return 0;
	out_error(context->out, &e);
	return 2;
}

static int run_focus(struct command_context *context, int argc, char **argv)
{
	struct host *host = host_of(context);
	struct err e = {0};

	if (!host->focus)
		return only_on_screen(context);
	if (argc != 2)
		return usage(context);
	if (host->focus(host, argv[1], &e) == 0)
		return 0;
	out_error(context->out, &e);
	return 1;
}

static int run_lang(struct command_context *context, int argc, char **argv)
{
	struct host *host = host_of(context);
	enum language language;

	if (argc > 2 || (argc == 2 && !language_parse(argv[1], &language)))
		return usage(context);
	if (argc == 2) {
		if (!ui_text_set_language(language) && ui_text_note())
			out_role_printf(context->out, OUT_WARN, "%s\n", tr(ui_text_note()));
		lessons_set_language(ui_text_language(), NULL);
		if (host->language_changed)
			host->language_changed(host);
	}
	out_printf(context->out, "%s\n", tr("The language is English."));
	return 0;
}

static const struct command command_quit = {
    .name = "quit",
    .arguments = "",
    .about = "leave; the sandboxes that were started here are stopped and removed",
    .flags = COMMAND_NO_LAB,
    .run = run_quit,
};

static const struct command command_exit = {
    .name = "exit",
    .arguments = "",
    .about = "the same as quit",
    .flags = COMMAND_NO_LAB,
    .run = run_quit,
};

static const struct command command_clear = {
    .name = "clear",
    .arguments = "",
    .about = "empty the message area",
    .flags = COMMAND_NO_LAB,
    .run = run_clear,
};

static const struct command command_view = {
    .name = "view",
    .arguments = "[boot|facts|resources|lesson|messages|help|all]",
    .about = "show one pane in full; without a name, or with 'all': every pane again",
    .details = "The same as F5 … F9, and F1 for help. Esc in a view makes it small again.",
    .flags = COMMAND_NO_LAB,
    .run = run_view,
};

static const struct command command_focus = {
    .name = "focus",
    .arguments = "NAME",
    .about = "type into the console of a sandbox (F3); the escape key, Ctrl-], comes back",
    .flags = COMMAND_NO_LAB,
    .word = WORD_SANDBOX,
    .run = run_focus,
};

static const struct command command_lang = {
    .name = "lang",
    .arguments = "[en|ja]",
    .about = "speak English or Japanese from now on",
    .flags = COMMAND_NO_LAB,
    .run = run_lang,
};

const struct command *const tui_commands[] = {
    &command_view, &command_focus, &command_lang, &command_clear,
    &command_quit, &command_exit,  NULL,
};

static const struct command *const *const all_lists[] = {engine_commands, lessons_commands,
							 tui_commands, NULL};
const struct command_table tui_command_table = {all_lists};
