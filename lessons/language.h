/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_LANGUAGE_H
#define ISOLAB_LANGUAGE_H
/*
 * language: which language lessons speak, and the few words of ours that do not stand in a lesson
 * file.
 *
 * The words are one const table (language.c) until there is a message catalogue for the whole
 * program. A saying is a printf format with the same arguments in every language; every argument is
 * a string (%s), at most four, so that a table can be checked.
 */
#include "out.h"

enum language { LANGUAGE_EN, LANGUAGE_JA, LANGUAGES };

/* "en", "ja". */
const char *language_code(enum language language);
/* "ja", "ja_JP.UTF-8", "en" …: *ret_language and true; false for one we do not speak. */
bool language_parse(const char *text, enum language *ret_language);
/* The order: `option` (--lang, may be NULL), LANGUAGE (a list), LC_ALL, LC_MESSAGES, LANG. The
 * Linux console has no glyphs for Japanese: with TERM=linux it is English unless `option` says
 * otherwise. */
enum language language_choose(const char *option);

/* What we say; in the comment the arguments. P is what stands before a command: "" at a prompt,
 * "isolab " in a shell. */
enum saying {
	SAY_STEP,            /* number, of how many, title */
	SAY_TYPE_CHECK,      /* P */
	SAY_TYPE_NEXT,       /* P */
	SAY_TYPE_TIME,       /* P */
	SAY_TYPE_SIZE,       /* P */
	SAY_TYPE_NUMBER,     /* P */
	SAY_TYPE_YESNO,      /* P */
	SAY_TYPE_CHOICE,     /* P */
	SAY_RUN_THIS,        /* - */
	SAY_PREDICT,         /* - */
	SAY_QUIZ,            /* - */
	SAY_CHECKS_PASSED,   /* how many */
	SAY_NOT_YET,         /* why */
	SAY_HINT_WAITS,      /* P */
	SAY_GUESS,           /* guess */
	SAY_GUESS_RESULT,    /* guess, measured */
	SAY_APART,           /* factor */
	SAY_CLOSE,           /* - */
	SAY_RUNS,            /* p10, p90, n, acceleration */
	SAY_NO_VERDICT,      /* acceleration */
	SAY_ONE_RUN,         /* - */
	SAY_NOT_MEASURED,    /* why */
	SAY_FACTS_UNREAD,    /* sandbox, prefix */
	SAY_NO_FIGURE,       /* sandbox, prefix */
	SAY_MEASURING,       /* kind, runs */
	SAY_YES,             /* - */
	SAY_NO,              /* - */
	SAY_HINT,            /* number, of how many */
	SAY_NO_HINT,         /* P */
	SAY_SOLUTION,        /* - */
	SAY_NO_SOLUTION,     /* - */
	SAY_RIGHT,           /* - */
	SAY_NOT_QUITE,       /* - */
	SAY_NOTHING_ASKED,   /* P */
	SAY_ANSWER_FIRST,    /* P */
	SAY_QUIZ_FIRST,      /* P */
	SAY_CHECK_FIRST,     /* P */
	SAY_NOTHING_CHECKED, /* P */
	SAY_STALE,           /* - */
	SAY_UNTRANSLATED,    /* - */
	SAY_LESSON_BUG,      /* what */
	SAY_FORGOTTEN,       /* lesson */
	SAY_DONE,            /* title */
	SAY_SUMMARY,         /* - */
	SAY_TIDIED,          /* - */
	SAY_NO_CURRENT,      /* P */
	SAY_START_WITH,      /* P, id */
	SAY_MINUTES,         /* minutes */
	SAY_STATE_NEW,       /* - */
	SAY_STATE_AT,        /* number, of how many */
	SAY_STATE_DONE,      /* - */
	SAY_BAD_ANSWER,      /* the answer */
	SAY_NO_GLYPHS,       /* - */
	SAY_NOT_KEPT,        /* why */
	SAYINGS
};
const char *language_say(enum language language, enum saying saying);

/* Puts one with its arguments into `buffer`. Returns `buffer`. */
char *language_format(char *buffer, size_t size, enum language language, enum saying saying,
		      const char *const arguments[]);
/* Prints one, with as many arguments as its comment names, wrapped to the width of `out`, and a
 * newline. */
void language_print(struct out *out, enum language language, enum out_role role, enum saying saying,
		    const char *const arguments[]);
#define SAYING_ARGUMENTS(...) ((const char *const[5]){__VA_ARGS__})

#endif
