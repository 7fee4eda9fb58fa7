/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_WORKER_H
#define ISOLAB_WORKER_H
/*
 * worker: the process that is a sandbox, and all of it that is the same on every wall: options,
 * directory, lock, journal, console ring, control socket, lease, signals, stop with time-out, the
 * terminal of a foreground run, removal. A wall only says how it starts, ends, and passes bytes and
 * signals in (struct wall). One thread, one loop, poll(2).
 *
 * A worker program is started in one of three ways:
 *
 *	isolab-X run KIND [OPTIONS] [-- CMD…]
 *		in the foreground, by the dispatcher's execve: makes its own directory, relays the
 *		user's stdin, stdout, stderr, exits with CMD's status, removes. With --detach, or
 *		with -it after Ctrl-P Ctrl-Q, it goes on in the background.
 *	isolab-X --worker NAME
 *		by a front, which made the directory; WORKER_FD_* below are inherited
 *	isolab-X --check
 *		prints what this machine can do for this wall, JSON lines for doctor
 *
 * What may surprise: a worker opens nothing after wall->start() (a walled-in one cannot):
 * everything is opened before. The loop waits through wall->wait if there is one, so that a wall
 * that *is* a processor can run it while the loop waits. INT TERM HUP QUIT WINCH PIPE are blocked
 * and read from a descriptor: a child that a wall makes calls worker_child_signals() before it
 * executes something.
 *
 * Environment: ISOLAB_REQUEST_NS (decimal, CLOCK_MONOTONIC) in a foreground run: when the request
 * came, if whoever executed the worker has stamped it. Becomes the boot step `request`; otherwise
 * the worker's first breath is.
 */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "event.h"
#include "rundir.h"
#include "spec.h"
#include "str.h"

/* Descriptors that a front's worker inherits; all others above 2 are closed first thing. The lease
 * is a socket whose other end the front keeps: end-of-file = stop and remove. It counts only if the
 * spec says that it is leased. */
enum { WORKER_FD_DIR = 3, WORKER_FD_LOCK = 4, WORKER_FD_LEASE = 5 /* absent: no lease */ };

enum {
	WORKER_STATUS_FAILED = 125,
	WORKER_STATUS_NOT_INVOKED = 126,
	WORKER_STATUS_NOT_FOUND = 127,
	WORKER_STATUS_USAGE = 2
};

enum worker_stream { WORKER_STDOUT = 1, WORKER_STDERR = 2 };

struct worker;

/* A program to be started inside a running sandbox. Lives until worker_exec_exited(). */
struct worker_exec {
	unsigned id;
	char *const *argv, *const *env;
	const char *workdir; /* "" = default */
	const char *user;    /* "" = the sandbox's; else its syntax was checked */
	int fds[3];          /* stdin, stdout, stderr; the wall may take them with fd_move */
	int program_fd;      /* -1, or the program itself (sealed memfd) */
	bool is_tty;         /* on a terminal: fds are one, of the front's making */
	/* -1, or, if the wall has made a better one inside, that one's master: the front gets it.
	 */
	int terminal_fd;
};

/* One line of `--check`, also doctor's line. */
struct worker_check {
	const char *name, *status /* ok degraded missing */, *found, *cause, *fix, *degrades;
};

/* A wall. One const per kind. Mandatory entries: kind, start, kill. An absent optional entry is
 * answered to the user as "a KIND cannot be …". All run on the worker's one thread. The wall's own
 * data: worker_set_state(). */
struct wall {
	const char *kind;
	bool exec_takes_user; /* else an exec with a user is refused */
	/* Prints its checks by calling `say` for each. Optional. */
	void (*check)(void (*say)(void *arg, const struct worker_check *), void *arg);
	/* Builds the wall and starts CMD. Journals its steps with worker_step(), watches its
	 * descriptors with worker_watch(), calls worker_ready() when CMD runs (now, or later from a
	 * callback). On failure nothing of it is left (finish is still called). A CMD that cannot
	 * be run: -ENOENT/-EACCES with context; the worker turns these into 127/126 when err came
	 * through worker_command_error(). */
	int (*start)(struct worker *w, struct err *e);
	/* Sends a signal to the main program. 1: it was sent, but nobody inside will ever hear it:
	 * the kernel drops what a process 1 has no handler for, or the program ignores it. The wall
	 * has journaled which (worker_note). */
	int (*signal)(struct worker *w, int signal_number, struct err *e);
	/* Ends everything inside at once; worker_exited() must follow from the wall. */
	int (*kill)(struct worker *w, struct err *e);
	int (*pause)(struct worker *w, bool on, struct err *e);
	int (*resize)(struct worker *w, unsigned rows, unsigned columns, struct err *e);
	/* Console input. Returns how many bytes were taken (0: full now, offered again later),
	 * -errno. length 0 = end-of-file. Never called when spec->interactive is false: the wall
	 * gives CMD an empty input itself. */
	ssize_t (*input)(struct worker *w, const void *data, size_t length);
	/* A control character was typed while earlier input still waits: true if the sandbox's
	 * terminal takes it for a signal and this was sent (what waits is then forgotten).
	 * Optional: it waits, too. */
	bool (*interrupt)(struct worker *w, char key);
	/* Starts a program inside; calls worker_exec_exited() at its end (from a callback, not
	 * from here). */
	int (*exec)(struct worker *w, struct worker_exec *x, struct err *e);
	int (*exec_signal)(struct worker *w, unsigned id, int signal_number, struct err *e);
	/* Waits like poll(2) (same arguments and result) while letting the sandbox run.
	 * Optional: poll. */
	int (*wait)(struct worker *w, struct pollfd *fds, nfds_t count, int timeout_ms);
	/* Changes the limits of what runs from those of worker_spec() to those of `after`, all or
	 * none. */
	int (*update)(struct worker *w, const struct sandbox_spec *after, struct err *e);
	/* Somebody (WIRE_PING) wants to read figures of the wall's own, e.g. its counters: brings
	 * what they are read from up to date. Optional. */
	void (*publish)(struct worker *w);
	/* Tells about a topic in words to be shown (WIRE_DESCRIBE): appends to `text`, at most
	 * WIRE_BODY_MAX bytes. Optional; -EOPNOTSUPP: nothing to tell about that. */
	int (*describe)(struct worker *w, const char *topic, struct strbuf *text, struct err *e);
	bool needs_directory; /* it starts CMD where isolab was started: do not go elsewhere */
	/* Frees everything. Called once, also after a failed start. */
	void (*finish)(struct worker *w);
};

/* The whole life of a worker program. `walls` is a NULL-terminated list (isolab-container has two:
 * container, process). Returns the exit status. Being the entry of a program, it tells its user
 * what went wrong. */
int worker_main(int argc, char **argv, const struct wall *const walls[]);

/* ---- what a wall calls ---- */
const struct sandbox_spec *worker_spec(const struct worker *w);
const struct rundir *worker_rundir(const struct worker *w);
void worker_set_state(struct worker *w, void *state);
void *worker_state(const struct worker *w);
/* Zeroed memory that lives as long as the worker: from a small store that it has anyway, so it
 * costs no system call. NULL: the store is empty. Never freed. */
void *worker_memory(struct worker *w, size_t size);
/* Path of the installed or built data `file` ("images/base"): next to the worker's own binary.
 * Returns `buffer`. */
const char *worker_data_path(struct worker *w, const char *file, char *buffer, size_t size);

/* Journals a boot step that began at `start_ns` and ended now (or at `end_ns` for the second).
 * `why`: one line, may be NULL. Steps are kept in memory and written in one go by worker_ready() or
 * at the end, so that measuring does not cost what it measures. */
void worker_step(struct worker *w, const char *name, uint64_t start_ns, const char *why);
void worker_step_at(struct worker *w, const char *name, uint64_t start_ns, uint64_t end_ns,
		    const char *why);
/* The sandbox accepts exec and attach from now on; state running. */
void worker_ready(struct worker *w);
/* An honest word for the learner: a limit that cannot be had, … Also said on stderr in the
 * foreground. */
void worker_note(struct worker *w, const char *topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for the journal alone, with figures for programs in `detail`. */
void worker_tell(struct worker *w, const char *topic, const char *detail, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Journals what a sandbox inside this one has told (event.h: "OUTER/INNER"): event->sandbox is its
 * name in there, all of it foreign but its stamps, which the wall has put on the host's clock.
 * Control characters are taken out; samples, console and the like are passed over, and so is a name
 * that can be none. At most WORKER_INNER_BYTES_MAX in one life, then one note and no more. */
enum { WORKER_INNER_BYTES_MAX = 512 * 1024 };
void worker_inner_event(struct worker *w, const struct event *event);
/* A running sandbox failed (guest panic, …): journals FAIL with cause and hint; the end follows,
 * exit 125. */
void worker_fail(struct worker *w, const struct err *error);
/* The main program ended: `status` as wait(2) has it. The loop ends once the console is drained. */
void worker_exited(struct worker *w, int wait_status);
/* Marks an error of start() as "the command could not be run": exit status 127 (ENOENT) or 126.
 * Returns r. */
int worker_command_error(struct worker *w, int r);

/* Console output from inside; copies to ring, foreground, and stamps first_output. Never blocks:
 * what the user's own stdout does not take now is kept, up to a bound; see worker_output_is_full().
 */
void worker_output(struct worker *w, enum worker_stream stream, const void *data, size_t length);
/* True while the foreground's stdout does not take more: the wall should not produce or read
 * more now. */
bool worker_output_is_full(const struct worker *w);
/* Pumps a readable descriptor (pipe, pty master) into worker_output until end-of-file; the
 * worker owns fd. */
int worker_pump(struct worker *w, int fd, enum worker_stream stream, struct err *e);

/* An exec'd program ended (wait status), or could not be started any more. Its fds are closed. */
void worker_exec_exited(struct worker *w, unsigned id, int wait_status);

/* Calls `on_ready` with revents whenever fd is ready. The fd stays the wall's; unwatch before
 * closing. -ENOSPC beyond 64. */
int worker_watch(struct worker *w, int fd, short events,
		 void (*on_ready)(struct worker *w, int fd, short revents, void *arg), void *arg,
		 struct err *e);
void worker_unwatch(struct worker *w, int fd);
/* Calls `on_time` once at clock time `at_ns`; one timer per wall. NULL cancels. */
void worker_set_timer(struct worker *w, uint64_t at_ns, void (*on_time)(struct worker *w));
/* Calls `on_idle` once, as soon as there is nothing to answer: for what can wait and should not
 * hold up the end. It may never come to that. */
void worker_when_idle(struct worker *w, void (*on_idle)(struct worker *w));
/* "SIGTERM" for 15; "signal 40" for one without a name. Returns `buffer`. */
const char *worker_signal_name(int signal_number, char *buffer, size_t size);
/* In a child, before it executes something: the signals that the worker has blocked are let
 * through again. */
void worker_child_signals(void);
/* The size that the sandbox's terminal shall have from its start; later changes come through
 * wall->resize. */
void worker_window_size(const struct worker *w, unsigned *ret_rows, unsigned *ret_columns);

#endif
