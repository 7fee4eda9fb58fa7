/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_CONTAINER_H
#define ISOLAB_CONTAINER_OCI_CONTAINER_H
/*
 * oci_container: building what a config.json describes.
 *
 *	parent (create)				child (becomes the container)
 *	cgroups, gate
 *	clone, or join and clone  ----------->	own session, into its cgroups
 *	id maps, "mapped" ------------------->	root of its user namespace, root and mounts
 *	createRuntime hooks  <--- "mounted" --
 *	    "hooked" ------------------------>	createContainer hooks, covered paths, console,
 *	state.json           <---- "built" ---	sysctls, pivot_root
 *	    "stay" -------------------------->	waits at the gate
 *	(exits)
 *	start: the gate ----- "go" ---------->	startContainer hooks, limits, user, capabilities,
 *						seccomp, exec
 *
 * Words are packets of a socket; if one side dies the other sees its end and gives up, so that
 * a `create` that is killed leaves no process. Errors of the child come back by a page that both
 * share: the parent's, and at the gate one that `start` brings.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "config.h"
#include "state.h"

enum { OCI_PRESERVED_MAX = 1024 };

/* The page that both sides see. */
struct oci_report {
	struct err error;
	pid_t pid;    /* of the child, as its parent knows it */
	bool is_exec; /* the last step was reached */
	bool is_hook; /* a startContainer hook failed: the container is to be deleted */
};

struct oci_container {
	struct oci_config config;
	struct oci_state state;
	char *config_text;    /* of config.json, as it goes into the state */
	json_t *process_tree; /* of `exec --process`, NULL: none */
	const char *bundle;   /* absolute */
	char *root;           /* absolute, of the root file system */
	struct oci_report *report;
	int socket, child_socket;   /* ends of the words' socket */
	int gate;                   /* listens for `start` */
	int console;                /* connected to --console-socket, or our own; -1: none */
	unsigned preserved;         /* --preserve-fds */
	int joined[OCI_NAMESPACES]; /* descriptors of namespaces to join, -1: none */
	int proc;                   /* the /proc of the runtime, which can be trusted */
	int root_tree;              /* child: what becomes "/", or what the parent made */
	char *cgroup_texts;         /* of the runtime, if a mount needs them (cgroup_path.h) */
	const char *mountinfo;      /* in there */
	int label;                  /* child: file for the label of the next exec, -1: none */
	pid_t pid;
	int process;       /* pidfd */
	int unified;       /* its v2 cgroup, for the clone; -1: none */
	bool is_in_groups; /* child: its maker was in its cgroups */
	bool is_rootless;
	bool keeps_keyring; /* --no-new-keyring */
};

void oci_container_init(struct oci_container *c);
/* Closes and frees; a child that was not let go is killed. */
void oci_container_finish(struct oci_container *c);

/* Reads the bundle's config.json into c->config. */
int oci_container_load(struct oci_container *c, const char *bundle, struct err *e);
/* Builds everything up to the gate; c->state is made and locked. On failure nothing is left but
 * what oci_container_discard() removes. */
int oci_container_build(struct oci_container *c, struct err *e);
/* After a failure: kills the child, removes cgroups and state. */
void oci_container_discard(struct oci_container *c);

/* ---- words: words.c ---- */
int oci_words_open(struct oci_container *c, struct err *e);
int oci_say(int socket, const char *word, struct err *e);
/* Waits for exactly this word; ret_fd (may be NULL) takes a descriptor that comes with it. */
int oci_hear(int socket, const char *word, int *ret_fd, struct err *e);
int oci_say_with(int socket, const char *word, int fd, struct err *e);
/* Parent: the same as oci_hear(); if the child died, its own error. */
int oci_hear_child(struct oci_container *c, const char *word, struct err *e);

/* ---- namespaces.c ---- */
/* Opens the namespaces to be joined and checks their kinds. */
int oci_namespaces_open(struct oci_container *c, struct err *e);
/* Makes the child, in new and joined namespaces; it calls oci_child(). */
int oci_namespaces_spawn(struct oci_container *c, struct err *e);
/* Writes the maps of a new user namespace. */
int oci_namespaces_map(struct oci_container *c, struct err *e);
/* True for the machine's root, false for an ordinary user, also for a user namespace's root. */
bool oci_is_real_root(void);
/* The id `inside` is `ret` outside. */
bool oci_map_find(const struct oci_id_map *map, uint32_t inside, uint32_t *ret);

/* ---- the child's side ---- */
void oci_child(struct oci_container *c) __attribute__((noreturn));  /* child.c */
int oci_root_prepare(struct oci_container *c, struct err *e);       /* root.c: trees of sources */
int oci_root_make_idmapped(struct oci_container *c, struct err *e); /* root.c, parent */
int oci_root_attach(struct oci_container *c, struct err *e);
int oci_root_enter(struct oci_container *c, struct err *e);
int oci_root_finish(struct oci_container *c, struct err *e);    /* read-only, propagation */
int oci_mounts_prepare(struct oci_container *c, struct err *e); /* mounts.c */
int oci_mounts_place(struct oci_container *c, struct err *e);
int oci_devices_make(struct oci_container *c, struct err *e); /* devices.c */
int oci_cover(struct oci_container *c, struct err *e);        /* cover.c */
int oci_console_open(struct oci_container *c, struct err *e); /* console.c */

/* ---- becoming the process: process.c ---- */
struct oci_becoming {
	const struct oci_process *process;
	const struct oci_seccomp *seccomp;
	long personality;
	unsigned preserved;
	bool is_rootless;
	struct oci_report *report;
};

/* Everything from limits to exec; comes back with an error only. */
int oci_process_become(const struct oci_becoming *b, struct err *e);

/* ---- hooks: run_hooks.c ---- */
/* Runs the hooks of one kind in order, the state on their stdin. The first that fails ends it,
 * unless `is_patient`: then it is a warning. `pid` overrides the state's if it is not 0. */
int oci_hooks_run(const struct oci_config *config, enum oci_hook_kind kind,
		  const struct oci_state *state, enum oci_status status, bool is_patient,
		  struct err *e);

#endif
