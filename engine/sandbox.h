/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_SANDBOX_H
#define ISOLAB_SANDBOX_H
/*
 * sandbox: one sandbox as the front sees it: what its directory says. All of it is read from spec,
 * lock and journal; the lab keeps it up to date (lab_dispatch). Pointers handed out are valid until
 * the next lab_dispatch().
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "console.h"
#include "err.h"
#include "probe.h"
#include "spec.h"
#include "timeline.h"

enum sandbox_state {
	SANDBOX_CREATED,
	SANDBOX_STARTING,
	SANDBOX_RUNNING,
	SANDBOX_PAUSED,
	SANDBOX_STOPPED,
	SANDBOX_FAILED,
};
const char *sandbox_state_name(enum sandbox_state state);

/* Resources, sampled from outside. Same names in JSON. */
struct sample {
	uint64_t t_ns;
	uint64_t cpu_ns;       /* user + system of everything that belongs to it, worker included */
	uint64_t memory_bytes; /* PSS of the program(s) inside; vm: guest RAM touched */
	uint64_t overhead_bytes; /* PSS (vm: without guest RAM) of the worker itself */
	uint64_t processes;      /* host processes that belong to it */
	uint64_t exits;          /* vm: VM exits so far, 0 elsewhere */
	bool has_exits;
};
enum { SAMPLES_KEPT = 240 }; /* two minutes at two a second */

struct sandbox; /* opaque, owned by the lab */

/* Keeps `s` valid over lab_dispatch() even when its directory is removed; release frees it then. */
void sandbox_hold(struct sandbox *s);
void sandbox_release(struct sandbox *s);
bool sandbox_is_gone(const struct sandbox *s);

const char *sandbox_name(const struct sandbox *s);
const char *sandbox_kind(const struct sandbox *s);
const char *sandbox_flavour(const struct sandbox *s); /* "-" "tiny" */
/* "-" "kvm" "kvm-nested" "kvm-pvm" "tcg" */
const char *sandbox_accel(const struct sandbox *s);
/* Its figures, or those of the machine around it, are an emulated processor's. */
bool sandbox_is_emulated(const struct sandbox *s);
/* Its kind, and "(emulated)" behind it if its figures are those of an emulated processor. */
const char *sandbox_kind_marked(const struct sandbox *s, char *buffer, size_t size);
/* Why times taken with this acceleration say nothing about real ones; NULL: they do. */
const char *accel_no_verdict(const char *accel);
/* The same of a sandbox; a process or container has none. */
const char *sandbox_no_verdict(const struct sandbox *s);
enum sandbox_state sandbox_state(const struct sandbox *s);
bool sandbox_is_alive(const struct sandbox *s); /* starting, running or paused */
const struct sandbox_spec *sandbox_spec(const struct sandbox *s);
pid_t sandbox_pid(const struct sandbox *s); /* the worker's, for showing; 0 = none */
/* True once it has ended; *ret_status as a shell has it (128+n). */
bool sandbox_exit_status(const struct sandbox *s, int *ret_status);
uint64_t sandbox_ended_ns(const struct sandbox *s);   /* stamp of the program's end, 0 = none */
const char *sandbox_failure(const struct sandbox *s); /* "" or what failed; hint below */
const char *sandbox_failure_hint(const struct sandbox *s);
const char *sandbox_note(const struct sandbox *s); /* last honest word, "" if none */
/* System calls that its wall has refused so far, by sort, as far as the journal has told. */
struct denied_sort {
	char name[48]; /* "mount", "socket AF_PACKET" */
	uint64_t count;
};
const struct denied_sort *sandbox_denied(const struct sandbox *s, size_t *ret_count);
const struct timeline *sandbox_timeline(const struct sandbox *s);
bool sandbox_started_together(const struct sandbox *s); /* by `create both`: figures are marked */
/* Facts with verdicts; NULL before they were read. */
const struct facts *sandbox_facts(const struct sandbox *s);
/* The k-th newest sample (0 = latest), NULL if there is none. */
const struct sample *sandbox_sample(const struct sandbox *s, unsigned k);
/* Goes up whenever any of the above changed. */
uint64_t sandbox_generation(const struct sandbox *s);

/* Walls in walls: sandboxes of isolab's own inside this one, as its journal tells of them. Their
 * names are "OUTER/INNER"; they can be looked at (timeline, facts, state), and asked for facts; to
 * act on them is the matter of the isolab inside. The k-th, or NULL. */
struct sandbox *sandbox_inner(const struct sandbox *s, size_t k);
/* The one in which it stands; NULL: none of this lab. */
struct sandbox *sandbox_outer(const struct sandbox *s);

/* What the console printed, from `position` on (0 = the oldest kept). See console_read(). */
ssize_t sandbox_console_read(struct sandbox *s, uint64_t *position, void *buffer, size_t size,
			     uint64_t *ret_lost);

/* A connection of one's own to its worker (wire.h). Returns the socket or -errno. */
int sandbox_open_socket(const struct sandbox *s, struct err *e);
/* Opens its journal (of an inner one: the outer's) for a reader of one's own (journal.h). Returns
 * the descriptor or -errno. */
int sandbox_open_journal(const struct sandbox *s, struct err *e);

/* Requests to the worker. They return at once with the worker's answer; what follows is in the
 * journal. -ESRCH with a hint when it does not run. */
int sandbox_start(struct sandbox *s, struct err *e);
/* The next start is one of several at the same time: its figures are marked `together`. */
void sandbox_mark_together(struct sandbox *s);
int sandbox_signal(struct sandbox *s, int signal_number, struct err *e);
int sandbox_stop(struct sandbox *s, int signal_number, unsigned timeout_ms, struct err *e);
int sandbox_kill(struct sandbox *s, struct err *e);
int sandbox_pause(struct sandbox *s, bool on, struct err *e);
/* Changes limits by option words (spec_update_limits()): at once if it runs, and for its next
 * start. All or none. */
int sandbox_update(struct sandbox *s, int count, char *const words[], struct err *e);
int sandbox_resize(struct sandbox *s, unsigned rows, unsigned columns, struct err *e);
/* Asks whether console input is welcome; sandbox_input() does so by itself. -EOPNOTSUPP: it has
 * none. */
int sandbox_attach(struct sandbox *s, struct err *e);
/* Console input, length 0 = end-of-file; never blocks: returns how many bytes were taken. */
ssize_t sandbox_input(struct sandbox *s, const void *data, size_t length, struct err *e);
/* Runs the probe inside, without waiting: the facts come as events. 0 also when it is under way
 * already. */
int sandbox_read_facts(struct sandbox *s, struct err *e);
bool sandbox_is_reading_facts(const struct sandbox *s);
/* Takes a sample now, whatever the time. */
int sandbox_take_sample(struct sandbox *s, struct err *e);
/* A VM's own counters as its worker has written them last; sandbox_take_sample() has them written.
 * False: it is no VM, or has told nothing yet. */
struct vm_stats;
bool sandbox_vm_stats(struct sandbox *s, struct vm_stats *ret);
/* What its wall tells about a topic of its own ("devicetree"), appended to `text`. -ENODATA:
 * nothing. The bytes come from the worker: show them through out_text(). */
int sandbox_describe(struct sandbox *s, const char *topic, struct strbuf *text, struct err *e);
int sandbox_remove(struct sandbox *s, bool force, struct err *e);

#endif
