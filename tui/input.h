/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_INPUT_H
#define ISOLAB_INPUT_H
/*
 * input: bytes from the terminal → keys. Pure: no terminal, no waiting, no state but the bytes
 * handed in, so that every focus gets the same keys: the prompt and a sandbox get a key's own bytes
 * (`bytes`, `length`), the views its meaning.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum input_code {
	INPUT_CHARACTER, /* `character`, with `has_alt` after an escape */
	INPUT_ESCAPE,    /* the escape key alone */
	INPUT_UNKNOWN,   /* a whole sequence that means nothing here */
	INPUT_PASTE_BEGIN,
	INPUT_PASTE_END,
	INPUT_UP,
	INPUT_DOWN,
	INPUT_LEFT,
	INPUT_RIGHT,
	INPUT_HOME,
	INPUT_END,
	INPUT_PAGE_UP,
	INPUT_PAGE_DOWN,
	INPUT_INSERT,
	INPUT_DELETE,
	INPUT_BACK_TAB,
	INPUT_F1, /* … INPUT_F1 + 11 = F12 */
	INPUT_F12 = INPUT_F1 + 11,
};

struct input_key {
	enum input_code code;
	uint32_t character;
	bool has_alt;
	const char *bytes; /* points into what was decoded */
	size_t length;
};

enum { INPUT_SEQUENCE_MAX = 32 };

/* What this terminal sends for a key, beside the sequences that all send. From terminfo. */
struct input_sequence {
	char bytes[INPUT_SEQUENCE_MAX];
	enum input_code code;
};

/*
 * Decodes the first key of bytes[0..length). Returns how many bytes it took; 0 = a sequence that is
 * not complete yet (never when `is_last`: then what is there is taken as it is). `own` may be NULL,
 * or ends with bytes "" .
 */
size_t input_decode(const struct input_sequence *own, const char *bytes, size_t length,
		    bool is_last, struct input_key *ret_key);

/* Full-width forms as a Japanese input method leaves them (？ ｑ １ ／ and the ideographic space) →
 * ASCII; others unchanged. */
uint32_t input_fold(uint32_t character);
/* Folds a whole line in place, but not inside quotes. */
void input_fold_line(char *line);

/* "^]", "C-]", "ctrl-t" or one control byte → its byte; -EINVAL. */
int input_parse_control(const char *text);
/* "Ctrl-]" */
const char *input_control_name(int byte, char buffer[16]);

#endif
