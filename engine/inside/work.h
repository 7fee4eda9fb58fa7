/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_INSIDE_WORK_H
#define ISOLAB_INSIDE_WORK_H
/* work: what the files of isolab-work share: the session and the table of its commands. */
#include "nolibc.h"

enum { INPUT_SIZE = 256, LINE_SIZE = 512, WORDS_MAX = 16 };

/* Where lines come from. */
struct input {
	int fd;
	size_t at, end; /* bytes of data[] not used yet */
	char data[INPUT_SIZE];
};

struct session {
	struct writer out;
	struct input in;
	char **env;
	bool is_interactive; /* somebody sees a prompt */
	bool is_done;
	int status;   /* of the last command, then of the program */
	char *memory; /* what `touch` holds, NULL = nothing */
	size_t memory_size;
};

struct work_command {
	const char *name, *arguments, *about;
	/* Returns the exit status; 2 = wrong usage, which the caller explains. argv[0] is the
	 * command's name. */
	int (*run)(struct session *session, int argc, char **argv);
};
extern const struct work_command work_commands[]; /* ends with name == NULL */

/* The loads (work_load.c): what is measured, and the ways to misbehave. */
int work_burn(struct session *session, int argc, char **argv);
int work_touch(struct session *session, int argc, char **argv);
int work_free(struct session *session, int argc, char **argv);
int work_print(struct session *session, int argc, char **argv);
int work_compare(struct session *session, int argc, char **argv);
int work_tick(struct session *session, int argc, char **argv);
int work_sleep(struct session *session, int argc, char **argv);
int work_idle(struct session *session, int argc, char **argv);
int work_spin(struct session *session, int argc, char **argv);
int work_flood(struct session *session, int argc, char **argv);
int work_fault(struct session *session, int argc, char **argv);

#endif
