/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ui_text: see ui_text.h.
 *
 * gettext takes the language from LANGUAGE, if the locale is not plain "C"; so C.UTF-8, which every
 * glibc has, is enough for Japanese, without any generated locale. An explicit LANG=C or LC_ALL=C
 * asks for ASCII; no locale at all (a bare `docker exec`) does not. A language change is LANGUAGE
 * set anew plus textdomain(3), which makes gettext forget what it has looked up.
 */
#include "ui_text.h"

#include <langinfo.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lessons.h"

/* Process-wide like the locale itself (named in HACKING.md). */
static struct {
	enum language language;
	bool is_ascii, is_console;
	const char *note;
} ui;

static const char *locale_asked(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return NULL;
}

/* The environment, whatever the terminal can show: if it cannot, that is worth a word. */
static bool asks_japanese(void)
{
	static const char *const names[] = {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};
	enum language language;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value && language_parse(value, &language))
			return language == LANGUAGE_JA;
	}
	return false;
}

/* The catalogues: in the build tree beside the program, where an installed tree was put, or where
 * it was meant to be. */
static void bind_catalogue(void)
{
	static const char *const places[] = {"/tui/po", "/../../share/locale"};
	const char *found = ISOLAB_LOCALE_DIR;
	char program[PATH_MAX], path[PATH_MAX + 32];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;

	program[length > 0 ? length : 0] = '\0';
	slash = strrchr(program, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", program, places[i]);
		if (access(path, R_OK) == 0) {
			found = path;
			break;
		}
	}
	bindtextdomain("isolab", found);
	bind_textdomain_codeset("isolab", "UTF-8");
	textdomain("isolab");
}

void ui_text_setup(const struct ui_options *options)
{
	const char *asked = locale_asked();
	const char *terminal = getenv("TERM");
	bool is_plain_c = asked && (strcmp(asked, "C") == 0 || strcmp(asked, "POSIX") == 0);

	if (!setlocale(LC_ALL, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_ALL, "C.UTF-8");
	setlocale(LC_NUMERIC, "C");
	ui.is_ascii = options->is_ascii || is_plain_c;
	ui.is_console = options->is_for_screen && terminal && strcmp(terminal, "linux") == 0;
	bind_catalogue();
	ui_text_set_language(options->language ? language_choose(options->language)
			     : asks_japanese() ? LANGUAGE_JA
					       : lessons_language());
	/* The lessons follow: one screen speaks one language. */
	if (lessons_language() != ui.language)
		lessons_set_language(ui.language, NULL);
}

bool ui_text_set_language(enum language language)
{
	bool can_show = language == LANGUAGE_EN || (!ui.is_ascii && !ui.is_console);

	ui.note = NULL;
	if (!can_show && ui.is_console)
		ui.note = N_(
		    "English: the Linux console has no Japanese characters (use a terminal "
		    "in a window, or 'isolab shell' over ssh)");
	else if (!can_show)
		ui.note = N_("English: only ASCII was asked for (LANG=C or --ascii)");
	ui.language = can_show ? language : LANGUAGE_EN;
	setenv("LANGUAGE", language_code(ui.language), 1);
	textdomain("isolab");
	return can_show;
}

enum language ui_text_language(void)
{
	return ui.language;
}

bool ui_text_is_ascii(void)
{
	return ui.is_ascii;
}

const char *ui_text_note(void)
{
	return ui.note;
}

const char *tr(const char *english)
{
	return ui.language == LANGUAGE_EN ? english : gettext(english);
}
