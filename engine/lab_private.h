/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_LAB_PRIVATE_H
#define ISOLAB_LAB_PRIVATE_H
/*
 * lab_private: what the files of lab and sandbox share and nobody else sees.
 *
 *	lab.c              making and ending a lab, finding sandboxes, waiting
 *	lab_watch.c        what moved: inotify, the timer, one epoll descriptor
 *	sandbox.c          a sandbox as its directory tells it
 *	sandbox_start.c    make the directory, spawn the worker, notice its end, remove
 *	sandbox_control.c  requests over the control socket
 *	sandbox_facts.c    run the probe inside and on the host
 *	sandbox_inner.c    sandboxes that stand inside one
 *	sandbox_sample.c   memory and time from outside
 *
 * One thread. Everything is owned by the lab; a sandbox whose directory is gone is freed by the
 * lab_dispatch() that notices, unless somebody holds it.
 */
#include <limits.h>
#include <sys/types.h>

#include "journal.h"
#include "lab.h"
#include "rundir.h"
#include "story.h"

/* What an epoll entry points to. */
struct lab_source {
	void (*on_ready)(struct lab_source *source);
	struct lab *lab;
	struct sandbox *sandbox; /* NULL: the lab's own */
	int fd;                  /* owned; -1 = not in use */
};

enum { FACTS_TEXT_MAX = 32 * 1024, SANDBOX_INNER_MAX = 32 };

struct sandbox {
	struct lab *lab;
	/* Walls in walls: of one that stands inside another of this lab, "OUTER/INNER". It has a
	 * story, told by the outer's journal, and nothing else. */
	struct sandbox *outer; /* owns it; NULL: it stands on this machine */
	struct sandbox *inner[SANDBOX_INNER_MAX];
	size_t inner_count;
	char name[EVENT_SANDBOX_MAX];
	struct sandbox_spec spec;      /* zeroed when it could not be read */
	const struct backend *backend; /* NULL: a kind that we do not know */
	struct rundir dir;
	ino_t inode; /* of its directory: a name can come back as another sandbox */
	int watch;   /* inotify */
	struct journal_reader *reader; /* NULL when there is none to read */
	struct journal_writer journal; /* fd -1 until needed, owned */
	int console_fd, control_fd, stats_fd;
	pid_t pid;                /* of the worker, 0 = not known */
	struct lab_source worker; /* pidfd of a worker that we spawned */
	struct lab_source lease;  /* our end: closing it ends the sandbox, its worker rings on it */
	struct lab_source facts_pipe, facts_socket;
	char *facts_text; /* what the probe has printed so far */
	size_t facts_length;
	uint64_t facts_since_ns;
	struct story story;
	uint64_t own_sample_ns; /* stamp of the newest sample that we wrote ourselves */
	unsigned holds;
	bool has_attached;    /* control_fd may send input */
	bool is_dirty;        /* its journal may have grown */
	bool must_check_lock; /* its worker may have ended */
	bool is_gone;         /* its directory is; of an inner one: the machine was started anew */
	bool is_mine;         /* made by this lab under its lease */
	bool is_together;     /* of the next start */
	struct sandbox *next_gone;
};

struct lab {
	struct lab_options options;
	char programs_path[PATH_MAX];
	int base_fd, epoll_fd, signal_fd;
	struct lab_source inotify, timer;
	int base_watch;
	bool needs_scan, is_timer_on, is_host_read;
	struct sandbox **sandboxes;
	size_t count, capacity;
	struct sandbox
	    *gone; /* directory removed, but held by somebody or its worker not reaped yet */
	struct facts host_facts;
	int probe_fd; /* sealed memfd of isolab-probe, -1 until needed */
	char accel[16];
	uint64_t generation;
};

/* lab.c */
int lab_add_source(struct lab_source *source, int fd, struct err *e); /* owns fd from now on */
void lab_drop_source(struct lab_source *source);
/* Inserts at the right place. */
int lab_insert(struct lab *lab, struct sandbox *s, struct err *e);

/* lab_watch.c */
/* Begins to watch; does nothing the second time. Only who waits pays for it: ending an inotify
 * instance may take the kernel 15 ms, and `ps` needs none. */
int lab_watch_start(struct lab *lab, struct err *e);
int lab_scan(struct lab *lab, struct err *e);
/* Arms or stops the timer as there is something alive or not. */
void lab_update_timer(struct lab *lab);
/* The directory of this very sandbox is still there. */
bool sandbox_is_there(const struct sandbox *s);
/* Frees those of lab->gone that nothing needs any more. */
void lab_bury(struct lab *lab);

/* sandbox.c */
int sandbox_create(struct lab *lab, const char *name, struct sandbox **ret, struct err *e);
/* One with a name and nothing else. NULL: no memory. */
struct sandbox *sandbox_allocate(struct lab *lab, const char *name);
void sandbox_destroy(struct sandbox *s);
/* Watches its directory if the lab watches at all. */
void sandbox_watch(struct sandbox *s);
/* Takes in what is new in the journal. */
void sandbox_refresh(struct sandbox *s);
/* Takes the lock of one that has ended: its worker says good-bye before it has tidied up and lets
 * go of it. -EBUSY: somebody has it all the same. sandbox_start.c */
int sandbox_lock_ended(struct sandbox *s, struct err *e);
/* Appends an event of the engine's own. */
void sandbox_journal(struct sandbox *s, struct event *event);

/* sandbox_inner.c */
/* Takes in an event of the outer's journal if it is an inner one's (event.h), or tells that the
 * machine was started anew. False: it is the outer's own. */
bool sandbox_take_inner(struct sandbox *outer, const struct event *event);
/* The outer one has ended, and with it all in it. */
void sandbox_end_inner(struct sandbox *outer);

/* sandbox_start.c */
/* Ends what this lab leased and waits until it is gone; removes what had ended before. */
void lab_end_leases(struct lab *lab);

/* sandbox_control.c */
/* The control connection, opened if need be; learns the worker's pid. */
int sandbox_connect(struct sandbox *s, struct err *e);
void sandbox_disconnect(struct sandbox *s);
/* Asks for an answer, and for the wall's own figures to be up to date. */
int sandbox_ping(struct sandbox *s, struct err *e);

/* sandbox_facts.c */
void sandbox_cancel_facts(struct sandbox *s, const char *reason); /* NULL: without a word */
void sandbox_check_facts_time(struct sandbox *s, uint64_t now_ns);
void sandbox_judge_facts(struct sandbox *s);

/* sandbox_sample.c */
/* A sample without troubling the worker: for the timer. */
int sandbox_sample_quietly(struct sandbox *s, struct err *e);

/* accel.c: "kvm", "kvm-nested", "kvm-pvm" as this host would do it, "none" without a /dev/kvm. */
void accel_of_host(char *buffer, size_t size);

#endif
