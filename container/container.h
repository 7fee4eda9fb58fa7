/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_H
#define ISOLAB_CONTAINER_H
/*
 * container: the wall the kernel draws, brick by brick.
 *
 * The table of contents is steps.c: each step is one function and one step of the timeline. They
 * are done in two processes: the worker, which stays outside, and the child, which walls itself
 * in and becomes the program.
 *
 *	worker (outside)			child (inside)
 *	cgroup	make it, set limits
 *	clone   ------------------------------>	attach (v1), sweep descriptors, new session
 *	idmap	write the maps, say "go"  ---->	become root of the new user namespace
 *						root  proc  mounts  masks  pivot
 *						network  caps  no_new_privs  seccomp
 *	read the socket: end-of-file = exec  <-	exec
 *
 * The child reports through one page that both share (struct container_report): the stamps of
 * its steps and, if one fails, the error. Its clock is the host's until the very exec, which is
 * where a process enters the time namespace that it unshared (timens.h; older kernels differ).
 *
 * Nesting of user namespaces: a sandbox's namespaces are made in whatever user namespace the worker
 * stands, but for `--network lab`: there they are children of the one that the network's holder
 * owns, so that the holder, root of the parent, may move a cable into the sandbox's network
 * namespace. The worker stays outside, where its rights on the host are; a messenger joins and
 * clones (lab.h).
 * Nothing in here asks for the initial user namespace.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "calls.h"
#include "capabilities.h"
#include "cgroup.h"
#include "err.h"
#include "files.h"
#include "idmap.h"
#include "lab.h"
#include "pass.h"
#include "rundir.h"
#include "spec.h"
#include "steps.h"

/* The page that worker and child share while the wall is built. */
struct container_report {
	uint64_t start_ns[STEPS], end_ns[STEPS]; /* 0 = not done */
	enum step reached;                       /* where the child is, or where it ended */
	struct err error;                        /* of the child */
	bool is_landlocked;                      /* the kernel has Landlock, and took our rules */
	bool is_command_error; /* the wall stands, but the command cannot be run */
	pid_t carried;         /* the child, as the lab's messenger made it (lab.h) */
	/* Honest words about limits and bricks that could not be had, "" mostly. */
	char limit_note[CGROUP_NOTE_MAX], brick_note[384];
	struct calls calls[2]; /* the worker's, the child's */
};

/* One sandbox, worker's side. Zero-initialise through container_init(). */
struct container {
	const struct sandbox_spec *spec; /* borrowed */
	const char *image;               /* directory that becomes "/", borrowed */
	bool is_bare;                    /* kind `process`: no brick at all */
	bool is_child;                   /* in the child's copy: it is the child */
	unsigned namespaces;             /* CLONE_NEW… flags of the bricks that stand */
	uint64_t
	    clock_shift_ns; /* child's clock + this = the host's: 0 on new kernels (timens.h) */
	struct capabilities capabilities; /* that stay */
	struct idmap idmap;
	struct files files;
	struct cgroup cgroup;
	struct container_report *report;
	struct calls *calls;  /* this process's own of the report; NULL: nobody asks */
	int socket;           /* worker's end while building, else -1 */
	int child_socket;     /* child's end */
	int pidfd;            /* of the child = process 1 inside, -1 before */
	bool counts_refusals; /* the filter asks the worker about what it refuses (notify.h) */
	int listener;         /* where the filter tells refused calls (notify.h), -1: it does not */
	pid_t pid;
	unsigned rows, columns;     /* of the terminal from its start */
	int console[3];             /* worker's ends: input, output, errors; pty: input only */
	struct pass pass;           /* child: what is to be handed over */
	char **argv, **env;         /* what to run; argv borrowed, env owned */
	const char *user;           /* of --user, borrowed; NULL: root inside */
	bool keeps_home;            /* HOME is one that an --env has set */
	bool has_terminal;          /* the program shall have one */
	bool is_entered;            /* in the copy of a program that joins later (enter.c) */
	bool is_ordinary_user;      /* in the child's copy: it has become one who is not root */
	struct lab_place lab;       /* of --network lab */
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

/* Kills what is left, removes the cgroup. Descriptors and the shared page go with the worker, which
 * ends now. */
void container_finish(struct container *c);

/* True if any of these bricks stands. A plain process has none, but it may have an account. */
static inline bool container_has_any(const struct container *c, unsigned bricks)
{
	bricks &= ~c->spec->removed_bricks;
	return c->is_bare ? bricks & SPEC_CGROUP : bricks != 0;
}

/* True if the brick stands. */
static inline bool container_has(const struct container *c, enum spec_brick brick)
{
	return container_has_any(c, brick);
}

/* ---- the worker's steps (run.c): each returns 0 or -errno ---- */
int container_make_channel(struct container *c, struct err *e);
int container_make_cgroup(struct container *c, struct err *e);
int container_shift_clock(struct container *c, struct err *e);
int container_clone(struct container *c, struct err *e);
int container_map_ids(struct container *c, struct err *e);
int container_hear_exec(struct container *c, struct err *e);

/* One word to the child, which waits for it with child_await(): words are heard in the order in
 * which they were said. */
int container_say(struct container *c, const char *word, struct err *e);

/* ---- the child's side: each returns 0 or -errno, and runs in the child only ---- */

/* Leaves an honest word about a brick in the report. */
void container_note(const struct container *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Everything from "go" to exec; does not return. */
void container_child(struct container *c) __attribute__((noreturn));

/* Steps of the table (steps.h), in child.c. */
int child_start_session(struct container *c, struct err *e);
int child_shift_clock(struct container *c, struct err *e);
int child_set_hostname(struct container *c, struct err *e);
int child_enter_cgroup(struct container *c, struct err *e);
int child_split_cgroups(struct container *c, struct err *e);
int child_exec(struct container *c, struct err *e);
/* Waits for this word of the worker's. -ECANCELED: the worker is gone, and so are we. */
int child_await(const char *word, struct err *e);

/* An own session, and signals as a fresh program expects them. The worker's are blocked when
 * this is called: what Ctrl-C sent to the worker's whole group meanwhile is for the worker to
 * pass on. */
void container_own_session(struct calls *calls);

/* Becomes c->user. user.c */
int child_switch_user(struct container *c, struct err *e);

/* Becomes user 0 of the new user namespace, whose maps must be written. */
int container_become_root(struct container *c, struct err *e);

int network_build(struct container *c, struct err *e); /* net.c */
/* Drops all capabilities but a few: from the bounding set, while the power to do that is there
 * and before the user changes; then from the other four sets. lockdown.c */
int lockdown_bounding(struct container *c, struct err *e);
/* Leaves the session keyring of who started us for an empty one. keyrings(7) */
int lockdown_keyring(struct container *c, struct err *e);
/* Without no_new_privs: what the change of user took from the effective set, back into it. */
int lockdown_raise(struct container *c, struct err *e);
int lockdown_capabilities(struct container *c, struct err *e);
/* To die with the worker. */
int lockdown_death(struct container *c, struct err *e);
int lockdown_privileges(struct container *c, struct err *e);
int lockdown_calls(struct container *c, struct err *e);

#endif
