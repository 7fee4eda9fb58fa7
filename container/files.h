/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_FILES_H
#define ISOLAB_CONTAINER_FILES_H
/*
 * files: what a container sees as its root, and where that comes from.
 *
 *	image      a directory of the host; read-only, unless --overlay puts a writable layer on it
 *	fresh      /proc /sys /dev /tmp /run, --tmpfs
 *	volumes    directories and files of the host: --volume
 *	covered    single files that isolab writes, e.g. /etc/hosts (files_cover())
 *
 * All that comes from the host travels as a *tree*: a mount that is nowhere yet (open_tree(2)),
 * held by a descriptor. Root's worker makes the trees, as idmapped mounts, so that files of the
 * host's root are root's inside and the other way round; it passes them to the child with the word
 * "go". An ordinary user's child makes them itself, as long as it is still who started it. Then
 * it puts them where they belong, by descriptor: no path of the image is walked twice.
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct container;

enum { FILES_VOLUMES_MAX = 64, FILES_TREES_MAX = 1 + FILES_VOLUMES_MAX };

/* Part of struct container; see files_init(). */
struct files {
	/* The image's, then the volumes' in the order of the options; -1: the child makes it. */
	int trees[FILES_TREES_MAX];
	unsigned tree_count; /* 0: the child makes all */
	int root;            /* in the child: what becomes "/", held open while we build */
	bool is_overlaid;    /* in the child: the root has a writable layer, for now or for good */
};

/* No tree yet; closes those there are. */
void files_init(struct files *files);
void files_finish(struct files *files);

/* ---- what there is to do (no system call) ---- */

/* Whether it is root's worker that makes the trees, once the child has its maps. */
bool files_has_trees(const struct container *c);
bool files_has_overlay(const struct container *c);
bool files_has_volumes(const struct container *c);
/* Where the image is mounted: "/", or, without pivot_root, where it lies on the host. */
const char *files_place(const struct container *c);

/* ---- worker: trees.c ---- */

/* Chooses who is who inside: c->idmap. Only where others than root may be there is an ordinary
 * user's subordinate range worth its price. */
void files_choose_users(struct container *c);

int files_make_trees(struct container *c, struct err *e);
/* "go", and the trees with it (SCM_RIGHTS). */
int files_say_go(struct container *c, struct err *e);

/* ---- child ---- */

int files_await_go(struct container *c, struct err *e);      /* trees.c */
int files_bind_root(struct container *c, struct err *e);     /* root.c */
int files_build_overlay(struct container *c, struct err *e); /* overlay.c */
int files_pivot(struct container *c, struct err *e);         /* root.c */
int files_proc(struct container *c, struct err *e);          /* mounts.c */
int files_fresh(struct container *c, struct err *e);         /* mounts.c */
int files_cover_kernel(struct container *c, struct err *e);  /* mounts.c */
int files_dev(const struct container *c, struct err *e);     /* dev.c */
int files_place_volumes(struct container *c, struct err *e); /* volumes.c */

/* In the child after its root has changed: puts a read-only file with this content over `path`
 * inside ("/etc/hosts"). Links are followed, but stay inside; what is missing is made where the
 * root can be written, else there is a note and all goes on. volumes.c */
int files_cover(const struct container *c, const char *path, const char *content, size_t length,
		struct err *e);

#endif
