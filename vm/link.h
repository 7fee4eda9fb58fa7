/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_LINK_H
#define ISOLAB_VM_LINK_H
/*
 * link: the line between the worker and the agent of its guest, as the worker uses it: messages
 * (agent.h), the programs inside, and where their bytes go. It knows neither machine nor transport:
 * a machine gives it the bytes that came (link_receive), takes those that go (struct link_host's
 * `send`), and hears what the agent's words mean to the sandbox. All on the worker's thread.
 */
#include "agent.h"
#include "str.h"
#include "worker.h"

struct link;

/* A program in the guest, and where its bytes go. */
struct link_client {
	struct link *link;
	bool is_used, has_ended, has_input;
	bool is_input_watched, is_output_watched[3];
	unsigned exec_id;         /* of worker_exec; the main program has none */
	int fds[3];               /* an exec's, owned; -1 for the main one */
	int status;               /* of wait(2), once it has ended */
	size_t room;              /* bytes of input the agent takes now */
	size_t owed[3];           /* main: output that is to be acknowledged, by stream */
	struct strbuf waiting[3]; /* exec: output that its reader has not taken yet */
};

/* Who has the link. All entries are mandatory; `arg` is that of link_init(). */
struct link_host {
	/* Hands bytes to the guest; returns how many the transport takes now. The others are
	 * offered again by link_flush(). */
	size_t (*send)(void *arg, const uint8_t *bytes, size_t length);
	/* The agent is there: the boot is over, the main program may be sent (link_start 0). */
	void (*on_hello)(void *arg);
	/* The main program runs. */
	void (*on_running)(void *arg);
	/* The main program does not run: for a reason of the command's, or of the guest's. The
	 * error is the host's to add to. */
	void (*on_not_run)(void *arg, struct err *error, bool is_command);
	/* The main program has ended: `status` as wait(2) has it. */
	void (*on_exited)(void *arg, int status);
	/* The agent has said what it may not, or cannot set the guest up: nothing more is taken
	 * from it. */
	void (*on_broken)(void *arg, const struct err *error);
};

struct link {
	const struct link_host *host;
	void *arg;
	struct worker *worker;
	struct agent_parser parser;
	struct strbuf to_agent; /* what the transport had no room for yet */
	struct link_client clients[AGENT_PROGRAMS_MAX];
	bool has_agent;          /* the agent has spoken */
	bool has_program;        /* the main program runs */
	uint64_t program_ns;     /* since then */
	bool has_guest_clock;    /* link_inner.c: a stamp of the guest's clock has come, */
	uint64_t guest_clock_ns; /* and this must be added (modulo) for the host's */
	bool is_over; /* nothing more is taken: the main program's end, or a broken rule */
};

/* What to run. All borrowed. */
struct link_command {
	unsigned flags; /* enum agent_start_flags */
	unsigned rows, columns;
	const char *workdir, *hostname, *user; /* NULL: as it is */
	char *const *argv, *const *env;
	char *const *ulimits, *const *tmpfs; /* NULL: none */
};

/* All borrowed, for as long as the link lives. */
void link_init(struct link *link, const struct link_host *host, void *arg, struct worker *worker);
/* Ends all execs, frees what is its own. Without link_init() before: nothing. */
void link_finish(struct link *link);

/* Sends a message; what the transport does not take now follows later (link_flush). */
void link_send(struct link *link, enum agent_message type, unsigned program, uint32_t value,
	       const void *body, size_t length);
void link_flush(struct link *link);
/* Takes what the guest has sent, and does what it says. */
void link_receive(struct link *link, const uint8_t *bytes, size_t length);
/* An INNER: what a sandbox inside has told goes to the journal (link_inner.c). */
void link_inner(struct link *link, const struct agent_header *header);
/* Acknowledges the main program's output, if the worker takes more. */
void link_pay(struct link *link);

/* Starts program 0. -E2BIG. */
int link_start(struct link *link, unsigned program, const struct link_command *command,
	       struct err *e);
/* Starts another one, whose bytes go to the descriptors of `x`, which it takes. */
int link_exec(struct link *link, struct worker_exec *x, const struct link_command *command,
	      struct err *e);
/* The number of an exec's program, or -ESRCH. */
int link_find_exec(const struct link *link, unsigned id);
/* Input for a program; returns how many bytes were taken. */
size_t link_input(struct link *link, unsigned program, const void *data, size_t length);
void link_input_end(struct link *link, unsigned program);

#endif
