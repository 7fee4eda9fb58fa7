/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_EXEC_H
#define ISOLAB_EXEC_H
/* exec: what the two halves of the command share: asking for the program, and passing on its
 * bytes. */
#include "cmd.h"
#include "raw.h"
#include "wire.h"

/* One way on which bytes pass us by. */
struct exec_way {
	int from, to;
	bool is_typed; /* from our stdin; else what the program says */
	bool is_over;
};

struct execution {
	struct command_context *context;
	struct sandbox *s;
	bool is_interactive, is_tty;
	const char *workdir, *user;           /* NULL: the sandbox's */
	char **argv, *env[WIRE_ARGV_MAX + 1]; /* env: owned */
	int socket, null;
	int master, slave; /* of a terminal of its own, -1 = none */
	int given[3];      /* the program's stdin, stdout, stderr */
	struct exec_way ways[3];
	size_t way_count;
	struct cmd_signals signals;
	struct raw_keys keys;
	uint64_t answer_by_ns; /* when the worker must have answered, 0 = nothing was asked */
	bool is_started, is_over;
	int signal_number; /* to be passed on once it runs, 0 = none */
	int status;
	struct err error;
	struct wire_message message;
};

/* Decides what the program's three descriptors are and which ways lead by us. */
int exec_open_streams(struct execution *x, struct err *e);
/* Closes those of them that only the program needs: it has its own copies now. */
void exec_close_given(struct execution *x);
/* The worker has made a terminal inside: that one counts from now on. It is ours now. */
void exec_take_terminal(struct execution *x, int master);
/* Passes bytes on until the program has ended; `on_answer` is called when the worker says
 * something, `on_late` when it does not in time (answer_by_ns). */
void exec_relay(struct execution *x, void (*on_answer)(struct execution *x),
		void (*on_signal)(struct execution *x, int number),
		void (*on_late)(struct execution *x));
/* Closes all that is left. */
void exec_close_streams(struct execution *x);

#endif
