/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_LAB_H
#define ISOLAB_LAB_H
/*
 * lab: all sandboxes of this user. The only façade that lessons and fronts call: one pollable
 * descriptor and lab_dispatch().
 *
 *	lab_create → { poll(lab_fd) → lab_dispatch → read what has moved }* → lab_destroy
 *
 * Calls go down, data comes back as events of the journals, reading never blocks. A lab with a
 * lease stops and removes what it started when it is destroyed or its process dies.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "err.h"
#include "out.h"
#include "sandbox.h"
#include "spec.h"

struct lab;

struct lab_options {
	bool lease;  /* what is started belongs to this process (screen, shell, compare) */
	bool sample; /* take samples twice a second while dispatching */
	/* Waits only for what it has started itself under its lease, whose workers ring when they
	 * have something to tell. Quicker: no inotify, whose end may take the kernel 15 ms. */
	bool only_own;
	/* SIGINT, SIGTERM and SIGHUP end lab_wait() with -EINTR. They are blocked from lab_create()
	 * to lab_destroy(), so that whatever was begun is also tidied up. */
	bool interruptible;
	const struct backend *backends; /* NULL: backends[] */
	/* Directory of the workers; NULL: beside this program, or ../libexec/isolab. */
	const char *programs_path;
};

/* Opens the runtime directory, sweeps what crashes left, looks at all there is. destroy(NULL) is
 * fine; it ends what was leased. */
int lab_create(const struct lab_options *options, struct lab **ret_lab, struct err *e);
void lab_destroy(struct lab *lab);

int lab_fd(const struct lab *lab); /* readable when lab_dispatch() has something to do */
int lab_dispatch(struct lab *lab, struct err *e);
/* Waits for lab_fd and dispatches until `is_done` says so: 0. -ETIMEDOUT after timeout_ms (-1 =
 * never), -EINTR when interrupted. */
int lab_wait(struct lab *lab, bool (*is_done)(struct lab *lab, void *arg), void *arg,
	     int timeout_ms, struct err *e);
uint64_t lab_generation(const struct lab *lab); /* goes up with any change of any sandbox */

size_t lab_count(const struct lab *lab);
struct sandbox *lab_at(struct lab *lab,
		       size_t index); /* sorted by name, backends' order inside a group */
struct sandbox *lab_find(struct lab *lab, const char *name);
/* One that stands inside another: "OUTER/INNER"; NULL: no such. */
struct sandbox *lab_find_inner(struct lab *lab, const char *name);
/* NAME, or the group demo = demo-process, demo-container, demo-vm. Fills up to `max`; the number
 * found, -ENOENT + nearest name. */
int lab_find_group(struct lab *lab, const char *name, struct sandbox *ret[], size_t max,
		   struct err *e);

/* The table of walls in use, in the order of columns. */
const struct backend *lab_backends(const struct lab *lab);

/* Makes the directory of a sandbox (state created). */
int lab_make(struct lab *lab, const struct sandbox_spec *spec, struct sandbox **ret_sandbox,
	     struct err *e);

/* The host's own facts, read once by the probe run as a plain child. */
const struct facts *lab_host_facts(struct lab *lab, struct err *e);
/* A program of ours: "isolab-container" … Returns path. */
const char *lab_program_path(const struct lab *lab, const char *program, char *buffer, size_t size);

/*
 * Runs one command line (as typed at the prompt, with quotes) from the joined command table.
 * Returns its exit status. A command whose table entry says `waits` is refused here when `may_wait`
 * is false: the screen runs it as a job of its own.
 */
struct command_table;
int lab_submit(struct lab *lab, const struct command_table *table, const char *line, bool may_wait,
	       struct out *out);

#endif
