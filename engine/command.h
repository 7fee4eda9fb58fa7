/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_COMMAND_H
#define ISOLAB_COMMAND_H
/*
 * command: one verb of the command line = one command of the prompt = one const entry in a file of
 * its own. Help, man page, completion and dispatch come from it. Each layer has a list of pointers
 * to its entries (engine_commands, lessons_commands, tui_commands); a front joins them:
 *
 *	static const struct command *const *const lists[] = {engine_commands, lessons_commands,
 *							     NULL};
 *	static const struct command_table table = {.lists = lists};
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "lab.h"
#include "out.h"

struct command;

struct command_context {
	struct lab *lab; /* NULL when the entry does not need it */
	const struct backend *backends;
	const struct command *command;
	const struct command_table *table;
	struct out *out;
	bool is_prompt; /* at a prompt: sandboxes are leased, and stdin is not ours to read */
	bool may_wait;  /* false on a screen: return at once, what follows is in the journals */
};

enum command_flags {
	COMMAND_WAITS =
	    1, /* may take long: a screen runs it as a job (isolab-cli ARGS as a child) */
	COMMAND_TERMINAL =
	    /* wants the terminal itself (attach, exec -t, run): refused on the screen with a
	     * hint */
	2,
	COMMAND_NO_LAB = 4, /* runs without a lab (help, doctor, lesson list) */
	COMMAND_SPEC = 8, /* takes the options of spec_options[] (help and completion show them) */
	COMMAND_LEASE = 16,  /* what it makes is gone with it (compare, bench) */
	COMMAND_HIDDEN = 32, /* not in help */
	COMMAND_LIMITS = 64, /* takes those of spec_options[] that are limits */
};

/* What a word may be completed with. */
enum command_word {
	WORD_NONE,
	WORD_KIND,
	WORD_KIND_OR_GROUP,
	WORD_SANDBOX,
	WORD_COMMAND,
	WORD_LESSON,
	WORD_EXPERIMENT
};

struct command_option {
	const char *name;     /* "--json" */
	const char *argument; /* NULL = flag */
	const char *about;
	char letter; /* 'f' for -f beside --follow, 0 = none; letters of flags may be joined */
};

struct command {
	const char *name;
	const char *arguments; /* "NAME [--json]" */
	const char *about;     /* one line */
	const char *details;   /* more, for `help NAME` and the man page; may be NULL */
	unsigned flags;
	enum command_word word;               /* of its first argument */
	const struct command_option *options; /* NULL, or ends with name == NULL */
	/* Returns the exit status; has told errors through out_error. argv[0] is the command's
	 * name. */
	int (*run)(struct command_context *context, int argc, char **argv);
	/* Words that may stand at argv[index] beyond what `word` says; may be NULL. `lab` may be
	 * NULL. */
	void (*complete)(struct lab *lab, int index, void (*add)(void *arg, const char *candidate),
			 void *arg);
};

struct command_table {
	const struct command *const *const *lists; /* list of lists, all ended by NULL */
};

extern const struct command *const engine_commands[]; /* ends with NULL */

struct spec_option;
/* True if the command takes this option of a sandbox. */
bool command_takes(const struct command *command, const struct spec_option *option);

const struct command *command_find(const struct command_table *table, const char *name);
/* Calls each entry in order. */
void command_for_each(const struct command_table *table,
		      void (*each)(const struct command *, void *arg), void *arg);
/* Finds and runs; unknown: exit 2, nearest name as hint. --help on any command prints its help. */
int command_run(struct command_context *context, int argc, char **argv);
void command_help(const struct command_table *table, const struct command *command,
		  struct out *out); /* NULL = overview */
/* man page (troff) and bash completion, for the build. */
void command_print_man(const struct command_table *table, struct out *out);
void command_print_completion(const struct command_table *table, struct out *out);

/* Splits a line into words: blanks, '…', "…", \. Returns argc or -EINVAL ("unclosed quote").
 * *ret_words (ended by NULL) points into *ret_storage; the caller frees both. */
int command_split(const char *line, char ***ret_words, char **ret_storage, struct err *e);

/*
 * Completions of `line` up to `cursor`: calls add() for each candidate that fits the word under the
 * cursor. *ret_start = where that word begins.
 */
void command_complete(const struct command_table *table, struct lab *lab, const char *line,
		      size_t cursor, size_t *ret_start,
		      void (*add)(void *arg, const char *candidate), void *arg);

#endif
