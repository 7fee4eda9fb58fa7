/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_TREES_H
#define ISOLAB_CONTAINER_TREES_H
/*
 * trees: what the parts of files.h share among each other: volumes as they were asked for, and
 * trees, see there.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "spec.h"

struct container;

struct volume {
	char source[SPEC_PATH_MAX], target[SPEC_PATH_MAX];
	bool is_read_only;
	bool is_optional; /* not asked for: left out where it is not to be had */
};

/* How many volumes there are, and each: those that were asked for, and what a container in the
 * host's network needs to find names. -E2BIG: too many. volumes.c */
int files_count_volumes(const struct container *c, unsigned *ret_count, struct err *e);
int files_get_volume(const struct container *c, unsigned index, struct volume *ret_volume,
		     struct err *e);

/* Puts what c->files.root holds to where it is pivoted from. root.c */
int files_attach_root(const struct container *c, struct err *e);

/* A tmpfs of `size` bytes, whose top directory has `mode`, that is nowhere yet. overlay.c */
int files_make_tmpfs(const struct container *c, const char *size, const char *mode, int *ret_tree,
		     struct err *e);

/* The child of an ordinary user makes all trees, while it is still who started it. */
int trees_take(struct container *c, struct err *e);

#endif
