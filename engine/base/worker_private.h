/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_WORKER_PRIVATE_H
#define ISOLAB_WORKER_PRIVATE_H
/*
 * What the files of the worker runtime share with each other; walls see worker.h only.
 *
 * One thread owns all of it, so nothing is locked. Each group of fields below belongs to the file
 * named above it.
 */
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "console.h"
#include "journal.h"
#include "str.h"
#include "wire.h"
#include "worker.h"

enum {
	WORKER_WATCHES_MAX = 64,
	WORKER_PUMPS_MAX = 8,
	WORKER_CLIENTS_MAX = 16,
	WORKER_POLL_MAX = WORKER_WATCHES_MAX + WORKER_PUMPS_MAX + WORKER_CLIENTS_MAX + 8,
	WORKER_RELAY_FULL_BYTES = 64 * 1024,  /* more than this unwritten: the wall should pause */
	WORKER_RELAY_MAX_BYTES = 1024 * 1024, /* more than this is dropped */
	WORKER_MEMORY = 6 * 1024,             /* for the wall: its state, its tables */
	WORKER_STEP_ROOM = 6 * 1024,          /* a usual boot */
	WORKER_STOP_MS = 10000, /* between a forwarded signal that should end it, and SIGKILL */
};

struct worker_watch {
	int fd;
	short events;
	void (*on_ready)(struct worker *w, int fd, short revents, void *arg);
	void *arg;
};

struct worker_pump {
	int fd; /* owned */
	enum worker_stream stream;
};

struct worker_client {
	int fd; /* owned */
	bool may_input;
	bool has_exec;
	unsigned exec_id;
};

/* Bytes on their way to the user's own stdout or stderr. */
struct worker_relay {
	int fd; /* 1 or 2 */
	bool is_dead;
	char *data;
	size_t start, end, capacity;
};

/* Bytes on their way to the console's input. */
struct worker_input {
	char *data; /* made with the first byte, grows */
	size_t start, end, capacity;
	bool is_ending, has_ended; /* end-of-file wanted; told to the wall */
};

struct worker_exec_slot; /* worker_exec.c */

struct worker {
	/* worker.c */
	const struct wall *wall;
	void *state;
	struct sandbox_spec spec;
	struct rundir dir;
	uint64_t begin_ns, request_ns;
	bool is_foreground; /* the user's stdin, stdout, stderr are ours to use */
	bool shall_remove;
	bool is_ready, is_paused, is_command_error;
	bool has_exited, has_failed;
	int failed_status;   /* with which it ends if it has failed */
	bool is_interrupted; /* Ctrl-C during the boot: the end counts as by SIGINT */
	int wait_status;

	/* worker_journal.c */
	struct journal_writer journal;
	int events_fd;
	struct strbuf steps; /* encoded, not yet written; begins in step_room */
	char step_room[WORKER_STEP_ROOM];
	unsigned step_count;
	size_t inner_bytes; /* of events of sandboxes inside this one */
	bool is_in_wait; /* the wall runs the sandbox on our thread: what can wait is not written */

	/* worker_loop.c */
	int signal_fd, listen_fd, lease_fd;
	struct worker_watch watches[WORKER_WATCHES_MAX];
	size_t watch_count;
	uint64_t wall_timer_ns;
	void (*on_wall_timer)(struct worker *w);
	void (*on_idle)(struct worker *w);

	/* worker_output.c */
	int console_fd;
	struct console_writer console;
	struct worker_pump pumps[WORKER_PUMPS_MAX];
	size_t pump_count;
	struct worker_relay relays[2];                         /* stdout, stderr */
	uint64_t console_offset, console_length, console_lost; /* since the last CONSOLE event */
	uint64_t console_event_ns;
	bool has_output;

	/* worker_input.c */
	struct worker_input input;
	bool is_stdin_open;
	bool has_detach_prefix; /* Ctrl-P was typed */

	/* worker_stop.c */
	int stop_signal;
	bool is_unheard;       /* the stop's signal reaches nobody */
	uint64_t stop_sent_ns; /* the ending as steps: when its signal was sent, */
	uint64_t kill_ns;      /* when all was killed */
	uint64_t stop_deadline_ns, kill_deadline_ns, interrupt_ns, interrupt_hint_ns;
	uint64_t drain_deadline_ns; /* ended by us: the user's reader has until then */
	const char *stop_reason;

	/* worker_control.c, worker_exec.c */
	struct worker_client clients[WORKER_CLIENTS_MAX];
	size_t client_count;
	uint64_t accept_pause_ns;     /* no descriptor was left for a client: not before then */
	struct wire_message *message; /* made with the first client */
	struct worker_exec_slot *execs[WORKER_CLIENTS_MAX];
	unsigned last_exec_id;

	/* worker_terminal.c, worker_keeper.c */
	struct termios saved_terminal;
	bool is_terminal_raw;
	int keeper_fd; /* to the process that keeps the terminal, -1 without one */
	int null_fd;   /* /dev/null, opened while we could; -1 unless we may go to the background */

	/* worker.c */
	char data_path[512];
	size_t memory_used;
	_Alignas(max_align_t) char memory[WORKER_MEMORY];
};

/* worker_journal.c */
/* Tells the front that holds the lease that journal or console have grown: it need not watch them
 * with inotify, whose end may cost it 15 ms. Never blocks; nobody needs to listen. */
void worker_bell(const struct worker *w);
void worker_event(struct worker *w, enum event_kind kind, const char *name, const char *value,
		  const char *detail);
/* A change of state that is written with the next steps: it needs no line, nor a bell, of its own.
 */
void worker_state_later(struct worker *w, const char *state);
void worker_write_steps(struct worker *w);
void worker_hint(const struct worker *w, int r, struct err *error);
void worker_fail_event(struct worker *w, const struct err *error);
void worker_end_events(struct worker *w, int status);
void worker_say(struct worker *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void worker_say_error(struct worker *w, const struct err *error);

/* worker_loop.c */
int worker_loop_prepare(struct worker *w, struct err *e);
void worker_loop_run(struct worker *w);

/* worker_output.c */
int worker_output_prepare(struct worker *w, struct err *e);
void worker_pump_read(struct worker *w, int fd);
void worker_relay_write(struct worker *w, struct worker_relay *relay);
bool worker_relay_is_waiting(const struct worker_relay *relay);
void worker_console_event(struct worker *w);
uint64_t worker_console_deadline_ns(const struct worker *w);
/* Reads on from what the main program left in the pipes. True if there may be more. */
bool worker_output_drain(struct worker *w);
void worker_output_discard(struct worker *w);
void worker_output_finish(struct worker *w);

/* worker_input.c */
size_t worker_input_add(struct worker *w, const void *data, size_t length);
void worker_input_end(struct worker *w);
bool worker_input_is_waiting(const struct worker *w);
bool worker_input_wants_stdin(const struct worker *w);
void worker_input_push(struct worker *w);
void worker_input_read_stdin(struct worker *w);

/* worker_stop.c */
int worker_stop(struct worker *w, int signal_number, unsigned timeout_ms, const char *reason,
		struct err *e);
int worker_kill(struct worker *w, struct err *e);
int worker_pause(struct worker *w, bool on, struct err *e);
void worker_on_signal(struct worker *w, int signal_number);
void worker_on_lease(struct worker *w, int fd);
/* Journals how it ended, step by step: the signal, the patience, the kill. */
void worker_stop_tell(struct worker *w);
void worker_stop_on_time(struct worker *w, uint64_t now_ns);
uint64_t worker_stop_deadline_ns(const struct worker *w);

/* worker_control.c */
void worker_control_accept(struct worker *w);
void worker_control_read(struct worker *w, int fd);
void worker_control_exec_ended(struct worker *w, unsigned id, int status);
void worker_control_finish(struct worker *w);

/* worker_exec.c */
/* *ret_terminal: -1, or the caller's: the master of a terminal that the front shall have. */
int worker_exec_start(struct worker *w, struct wire_message *message, unsigned *ret_id,
		      int *ret_terminal, struct err *e);
int worker_exec_signal(struct worker *w, unsigned id, int signal_number, struct err *e);
void worker_exec_finish(struct worker *w);

/* worker_update.c */
/* Changes limits, of the sandbox and in its saved spec, from the words of a request. */
int worker_update(struct worker *w, char *words, size_t length, struct err *e);

/* worker_terminal.c */
void worker_terminal_ready(struct worker *w);
void worker_terminal_leave(struct worker *w);
void worker_terminal_resized(struct worker *w);

/* worker_keeper.c */
/* Forks if this run may go to the background. 1 in the process that kept the terminal, *ret_status
 * = its exit status; 0 in the worker; -errno. */
int worker_keep(struct worker *w, int *ret_status, struct err *e);
/* Ready: a run with --detach goes to the background now. */
void worker_keeper_ready(struct worker *w);
/* Ctrl-P Ctrl-Q. */
void worker_keeper_detach(struct worker *w);

/* worker_options.c */
int worker_check(const struct wall *const walls[]);
int worker_help(bool is_asked_for);
const struct wall *worker_find_wall(const struct wall *const walls[], const char *kind);

/* The status with which a worker ends that could not start, or go on, because of r. */
int worker_failure_status(const struct worker *w, int r);
/* As a shell has it: the exit status, or 128 + the signal. */
int worker_shell_status(int wait_status);

#endif
