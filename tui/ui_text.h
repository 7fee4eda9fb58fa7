/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_UI_TEXT_H
#define ISOLAB_UI_TEXT_H
/*
 * ui_text: which language the front speaks, whether it may use more than ASCII, and its words in
 * that language (gettext, po/LANGUAGE.po).
 */
#include <stdbool.h>

#include "language.h"

struct ui_options {
	const char *language; /* --lang, or the configuration's; NULL: the environment's */
	bool is_ascii;        /* --ascii */
	bool
	    /* the Linux console has no glyphs for Japanese: English there, and ui_note() says so */
	    is_for_screen;
};

/* Sets the locale. Call once, before anything is drawn or read. */
void ui_text_setup(const struct ui_options *options);
/* Changes the language. False, and nothing changed, when it cannot be shown here (ui_note() says
 * why). */
bool ui_text_set_language(enum language language);
enum language ui_text_language(void);
bool ui_text_is_ascii(void);
/* One line for the learner about a choice he may wonder about, or NULL. */
const char *ui_text_note(void);

/* The words in the chosen language. */
const char *tr(const char *english) __attribute__((format_arg(1)));
/* Marks a text in a table for translation; tr() is called where it is shown. */
#define N_(english) english

#endif
