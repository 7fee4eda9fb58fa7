/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_H
#define ISOLAB_CONTAINER_H
/*
 * container: the wall the kernel draws, brick by brick.
 *
 * container_run() is the table of contents: each step is one function and one step of the
 * timeline. It runs in two processes: the worker, which stays outside, and the child, which
 * walls itself in and becomes the program.
 *
 *	worker (outside)			child (inside)
 *	clone   ------------------------------>	sweep descriptors, new session
 *	cgroup	make it, put the child in
 *	idmap	write the maps, say "go"  ---->	become root of the new user namespace
 *						mounts  pivot  network  caps  seccomp
 *	read the socket: end-of-file = exec  <-	exec
 *
 * The child reports through one page that both share (struct container_report): the stamps of
 * its steps and, if one fails, the error. Its clock is the host's until the very exec, which is
 * where a process enters the time namespace that it unshared (timens.h; older kernels differ).
 *
 * Nesting of user namespaces (decided now, used by `--network lab`): the namespaces of a
 * sandbox are made *by a child of the worker, in whatever user namespace the worker stands*.
 * For `lab` the worker first joins the user namespace of the network's holder (setns, one
 * thread, everything on the host opened before); the sandbox's own then becomes a child of it,
 * and the holder, root of the parent, may move a veth into the sandbox's network namespace.
 * Nothing in here asks for the initial user namespace.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup.h"
#include "err.h"
#include "idmap.h"
#include "rundir.h"
#include "spec.h"

enum container_step {
	STEP_CGROUP,
	STEP_CLONE,
	STEP_IDMAP,
	STEP_ATTACH,
	STEP_MOUNTS,
	STEP_PIVOT,
	STEP_NETWORK,
	STEP_CAPS,
	STEP_SECCOMP,
	STEP_EXEC,
	CONTAINER_STEPS
};

struct container_step_text {
	const char *name;    /* in the timeline */
	const char *why;     /* one line to read aloud */
	const char *without; /* the same for what is left when the brick is out, NULL: no step */
};
extern const struct container_step_text container_step_texts[CONTAINER_STEPS];

/* The page that worker and child share while the wall is built. */
struct container_report {
	uint64_t start_ns[CONTAINER_STEPS], end_ns[CONTAINER_STEPS]; /* 0 = not done */
	struct err error;                                            /* of the child */
	bool is_command_error; /* the wall stands, but the command cannot be run */
	/* Honest words about limits and bricks that could not be had, "" mostly. */
	char limit_note[256], brick_note[384];
};

/* One sandbox, worker's side. Zero-initialise through container_init(). */
struct container {
	const struct sandbox_spec *spec; /* borrowed */
	const char *image;               /* directory that becomes "/", borrowed */
	bool is_bare;                    /* kind `process`: no brick at all */
	unsigned namespaces;             /* CLONE_NEW… flags of the bricks that stand */
	uint64_t
	    clock_shift_ns; /* child's clock + this = the host's: 0 on new kernels (timens.h) */
	struct idmap idmap;
	struct cgroup cgroup;
	struct container_report *report;
	int socket;       /* worker's end while building, else -1 */
	int child_socket; /* child's end */
	int pidfd;        /* of the child = process 1 inside, -1 before */
	pid_t pid;
	unsigned rows, columns;     /* of the terminal from its start */
	int console[3];             /* worker's ends: input, output, errors; pty: input only */
	int standard[3];            /* child's ends, -1: none (pty, or /dev/null) */
	char **argv, **env;         /* what to run; argv borrowed, env owned */
	char mark[RUNDIR_MARK_MAX]; /* variable by which a sweep knows what is ours, or "" */
};

/* Fills in what can be decided without asking the kernel. Kind `process`: a bare one. */
void container_init(struct container *c, const struct sandbox_spec *spec, const char *image);

/* What a program inside gets as environment: a small clean one (a process: the host's, with the
 * image's programs first), then --env, then `extra` (may be NULL). NULL: no memory. Free it
 * with command_free_environment(). */
char **container_environment(const struct container *c, char *const extra[]);

/* Builds the wall and starts the command. On success pidfd, console and report are filled; on
 * failure nothing is left but what container_finish() frees. report->is_command_error tells an
 * error of the command from one of the wall. */
int container_run(struct container *c, struct err *e);

/* Kills what is left, removes the cgroup, closes all. */
void container_finish(struct container *c);

/* True if the step builds what its text says, false if that brick was left out. */
bool container_step_stands(const struct container *c, enum container_step step);

/* True if the brick stands. */
static inline bool container_has(const struct container *c, unsigned brick)
{
	return !c->is_bare && !(c->spec->removed_bricks & brick);
}

/* ---- the child's side: each returns 0 or -errno, and runs in the child only ---- */

/* Leaves an honest word about a brick in the report. */
void container_note(const struct container *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Everything from "go" to exec; does not return. */
void container_child(struct container *c) __attribute__((noreturn));

/* An own session, and signals as a fresh program expects them. The worker's are blocked when
 * this is called: what Ctrl-C sent to the worker's whole group meanwhile is for the worker to
 * pass on. */
void container_own_session(void);

/* Becomes user 0 of the new user namespace, whose maps must be written. */
int container_become_root(const struct container *c, struct err *e);

int mounts_build(const struct container *c, struct err *e); /* mounts.c */
int mounts_pivot(const struct container *c, struct err *e);
int network_build(const struct container *c, struct err *e); /* net.c */
/* Drops all capabilities but CAPABILITIES_KEPT from all five sets. lockdown.c */
int lockdown_capabilities(struct err *e);
/* no_new_privs, death signal, seccomp filter: nothing that needs them comes later. */
int lockdown_calls(const struct container *c, struct err *e);

#endif
