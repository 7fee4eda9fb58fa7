/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_WIRE_H
#define ISOLAB_WIRE_H
/*
 * wire: the messages on a sandbox's control socket (`sock`, SOCK_SEQPACKET: one message, one
 * packet).
 *
 * A request is answered by exactly one WIRE_OK or WIRE_ERROR. WIRE_EXEC is answered by WIRE_OK once
 * the program runs, and later by one WIRE_EXEC_EXIT. Closing the connection ends what was started
 * over it (its execs get SIGHUP).
 *
 *	struct wire_header | body (at most WIRE_BODY_MAX bytes)  + up to 4 descriptors (SCM_RIGHTS)
 *
 * Every byte is checked: a message that does not fit is answered by WIRE_ERROR EPROTO and the
 * connection is closed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum {
	WIRE_MAGIC = 0x31626f69, /* "iob1" */
	WIRE_BODY_MAX = 64 * 1024 - 64,
	WIRE_FDS_MAX = 4,
	WIRE_ARGV_MAX = 4096, /* words of argv + env together */
};

enum wire_type {
	/* front → worker */
	WIRE_PING = 1,
	WIRE_ATTACH,    /* this connection may send input; nothing else changes. Body: none */
	WIRE_INPUT,     /* body: bytes for the console's input */
	WIRE_INPUT_END, /* end-of-file on the console's input */
	WIRE_RESIZE,    /* a = rows, b = columns */
	WIRE_SIGNAL,    /* a = signal number, to the main program */
	/* a = signal, b = ms until SIGKILL. Answered at once; the end is in the journal */
	WIRE_STOP,
	WIRE_KILL, /* SIGKILL to everything inside */
	WIRE_PAUSE,
	WIRE_UNPAUSE,
	/* body: struct wire_exec words; fds: stdin, stdout, stderr [, program]. The answer may
	 * carry the master of a terminal that was made inside (WIRE_EXEC_TTY): it counts, not the
	 * one that was sent. */
	WIRE_EXEC,
	WIRE_EXEC_SIGNAL, /* a = signal, to the exec that was started over this connection */
	/* Body: a topic of the wall's own ("devicetree"). The answer's body is text, in UTF-8,
	 * without a NUL; ENODATA: this wall has nothing to tell about it. */
	WIRE_DESCRIBE,
	/* Body: words that change limits ("--memory" NUL "64M" NUL), see spec_update_limits(). They
	 * hold when it is answered, or none of them does. */
	WIRE_UPDATE,
	/* worker → front */
	WIRE_OK = 64, /* a: depends on the request */
	WIRE_ERROR, /* a = errno; body: what NUL hint NUL; b = 1: exec's command could not be run */
	WIRE_EXEC_EXIT, /* a = exit status as a shell has it (128+n for a signal) */
};

struct wire_header {
	uint32_t magic, type;
	uint32_t a, b;
	uint32_t length; /* of the body */
	uint32_t flags;
};

enum wire_exec_flags {
	WIRE_EXEC_TTY =
	    1, /* on a terminal: fds 0–2 are one of the front's making, and tell its size */
	WIRE_EXEC_PROGRAM =
	    2, /* a fourth descriptor is the program (a sealed memfd); argv[0] is only its name */
};

struct wire_message {
	struct wire_header header;
	int fds[WIRE_FDS_MAX];
	size_t fd_count;
	char body[WIRE_BODY_MAX + 1]; /* always followed by a NUL */
};

/* Sends one message with its descriptors (they stay the caller's). Blocks unless `dont_wait`. 0
 * or -errno. */
int wire_send(int socket, const struct wire_message *message, bool dont_wait);
/* Receives one. The descriptors (CLOEXEC) are the caller's now: wire_close_fds(). Returns 1, 0
 * at end-of-file, -EAGAIN, -EPROTO. */
int wire_receive(int socket, struct wire_message *ret_message, struct err *e);
void wire_close_fds(struct wire_message *message);

/* Checks a packet's bytes: header, length, type. The part of wire_receive that the fuzzer
 * drives. */
int wire_check(const void *packet, size_t length, struct err *e);

/* What to run. NULL: nothing of that. */
struct wire_exec_request {
	const char *workdir, *user;
	char *const *argv, *const *env;
	unsigned flags; /* enum wire_exec_flags */
};
/* Fills the message's header and body; its descriptors are the caller's to add. -E2BIG. */
int wire_exec_encode(struct wire_message *message, const struct wire_exec_request *request,
		     struct err *e);

/* The body of WIRE_EXEC: workdir NUL, user NUL, argc argv words, then env words, each with its NUL.
 * a = argc, b = number of env words. */
struct wire_exec {
	const char *workdir, *user;                             /* "" = the sandbox's */
	char *argv[WIRE_ARGV_MAX + 1], *env[WIRE_ARGV_MAX + 1]; /* point into the body */
};
/* -EPROTO when the words do not fill the body exactly. */
int wire_exec_decode(struct wire_message *message, struct wire_exec *ret_exec, struct err *e);

/* Makes an answer. */
void wire_answer_ok(struct wire_message *message, uint32_t a);
/* An answer that is text; what does not fit the body is cut. */
void wire_answer_text(struct wire_message *message, const char *text, size_t length);
void wire_answer_error(struct wire_message *message, const struct err *error);
/* Turns a received WIRE_ERROR into `e`; returns -errno. */
int wire_error_decode(struct wire_message *message, struct err *e);

/* Listen on, or connect to, the file "sock" in the directory `dirfd`, however long its path is.
 * wire_listen goes there, and back unless it `may_stay`: four system calls less. Return the socket
 * or -errno. connect: -ECONNREFUSED, -ENOENT = no worker; -ETIMEDOUT = it does not answer. */
int wire_listen(int dirfd, bool may_stay, struct err *e);
int wire_connect(int dirfd, struct err *e);

#endif
