/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_TREE_H
#define ISOLAB_VM_TREE_H
/*
 * tree: all files below a directory, each directory before what is in it, in order of names. The
 * tree is foreign and may change under us: no link is followed, no path is walked twice, nothing
 * but directories is opened here. What is mounted in it is not part of it: its mount point is an
 * empty directory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "err.h"
#include "identity.h"

enum {
	TREE_DEPTH_MAX = 96,
	TREE_ENTRIES_MAX = 1000000,
	TREE_PATH_MAX = 4096,
};

struct tree_entry {
	const char *path;   /* from the top, without a leading '/' */
	const char *name;   /* its last part */
	int directory;      /* in which it is called that */
	struct stat status; /* of itself, not of what a link leads to */
	bool is_closed;     /* a directory that we may not read */
};

/* Calls `each` for everything below `top` (a directory's descriptor); a negative result ends the
 * walk and is handed on. -ELOOP too deep, -E2BIG too many, -ESTALE it changed meanwhile. */
int tree_walk(int top, int (*each)(void *arg, const struct tree_entry *entry, struct err *e),
	      void *arg, struct err *e);
/* The same, but what is mounted in the tree is a part of it. */
int tree_walk_all(int top, int (*each)(void *arg, const struct tree_entry *entry, struct err *e),
		  void *arg, struct err *e);

/* The identity of a whole tree. */
int tree_identity(int top, char text[static IDENTITY_TEXT], struct err *e);

#endif
