/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_COMMANDS_H
#define ISOLAB_CONTAINER_OCI_COMMANDS_H
/*
 * commands: the command line of isolab-oci, as users of other OCI runtimes know it. One function
 * per command; the table is in main.c.
 */
#include <stdbool.h>

#include "err.h"
#include "oci_container.h"

enum { OCI_FAILED = 1, OCI_USAGE = 2 };

/* What comes before the command's name. */
struct oci_call {
	const char *root; /* --root, NULL: the default */
	int argc;         /* the command's words, its name first */
	char **argv;
};

struct oci_command {
	const char *name, *arguments, *about;
	/* Returns 0, or -errno with the error; *ret_status is the exit status otherwise. */
	int (*run)(const struct oci_call *call, int *ret_status, struct err *e);
};

/* See the table in main.c; each prints to standard output what it was asked for. */
int oci_command_create(const struct oci_call *call, int *ret_status, struct err *e);
int oci_command_run(const struct oci_call *call, int *ret_status, struct err *e);
int oci_command_start(const struct oci_call *call, int *ret_status, struct err *e);
int oci_command_state(const struct oci_call *call, int *ret_status, struct err *e);
int oci_command_list(const struct oci_call *call, int *ret_status, struct err *e);
int oci_command_kill(const struct oci_call *call, int *ret_status, struct err *e);
int oci_command_delete(const struct oci_call *call, int *ret_status, struct err *e);
int oci_command_exec(const struct oci_call *call, int *ret_status, struct err *e);
int oci_command_spec(const struct oci_call *call, int *ret_status, struct err *e);
int oci_command_features(const struct oci_call *call, int *ret_status, struct err *e);

/* ---- options.c ---- */
struct oci_option {
	const char *name; /* "bundle" of --bundle */
	char letter;      /* 'b' of -b, or 0 */
	bool has_value;
	const char **text;         /* takes the value … */
	bool *flag;                /* … or becomes true */
	struct oci_strings *texts; /* … or grows; its items are allocated */
	const char *refused;       /* why there is no such thing here */
};
/* Takes the options of a command; *ret_first is the first word that is none. An option without a
 * place to put it is accepted and means nothing here. */
int oci_options_read(const struct oci_call *call, const struct oci_option *options, size_t count,
		     int *ret_first, struct err *e);
/* The ID, and that no more than `more` words follow it. */
int oci_options_id(const struct oci_call *call, int first, int more, const char **ret_id,
		   struct err *e);
/* What a command about one container begins with: its options, then the container that the ID
 * names, opened, and locked if it is to be changed. One more word may follow if there is a place
 * for it, which stays as it is without. `ret` is to be finished in any case. */
int oci_options_open(const struct oci_call *call, const struct oci_option *options, size_t count,
		     const char **word, bool is_locked, struct oci_state *ret, struct err *e);
int oci_parse_count(const char *option, const char *text, unsigned max, unsigned *ret,
		    struct err *e);

/* ---- what several commands do ---- */
/* Lets a created container run; `state` is locked. command_start.c */
int oci_start(struct oci_state *state, const struct oci_config *config, struct err *e);
/* Removes what a stopped container has left, and runs its poststop hooks. command_delete.c */
int oci_delete(struct oci_state *state, struct err *e);
/* Writes "PID" to a file as a whole; NULL: nothing. command_create.c */
int oci_write_pid_file(const char *path, pid_t pid, struct err *e);
/* Connects to the socket that wants the terminal. command_create.c */
int oci_connect_console(const char *path, int *ret_fd, struct err *e);
/* Says what does not fit: a terminal without a socket … command_create.c */
int oci_check_console(const struct oci_process *process, const char *socket_path, bool is_detached,
		      struct err *e);

/* ---- foreground.c ---- */
/* Blocks the signals that a process in the foreground passes on; to be called before it is made. */
void oci_foreground_prepare(void);
/* Passes on signals and, if `console` ≥ 0 (from which the master comes), a terminal's input and
 * output; returns the exit status of the process, 128 + N for signal N. */
int oci_foreground(int process, int console, struct err *e);

/* ---- self.c ---- */
/* Goes on as a copy that cannot be written to, unless we are one already. */
int oci_protect_self(char *const argv[], struct err *e);

#endif
