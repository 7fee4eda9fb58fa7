/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_WALK_H
#define ISOLAB_CONTAINER_WALK_H
/*
 * walk: from the root of a container to a path inside, wherever its symbolic links point to: they
 * and ".." never lead out of that root, and no magic link of /proc is followed.
 */
#include <stdbool.h>

#include "err.h"

enum walk_make {
	WALK_ONLY,      /* what is missing is an error */
	WALK_DIRECTORY, /* missing directories are made, also the last one */
	WALK_FILE,      /* the last one is made as an empty file */
};

enum { WALK_PATH_MAX = 4096, WALK_NAME_MAX = 255, WALK_DEPTH_MAX = 256, WALK_LINKS_MAX = 40 };

/* Opens (O_PATH) what `path` means to a process whose root is the directory `root`. Errors name the
 * component that is to blame; -EROFS: something is missing and cannot be made. See openat2(2),
 * RESOLVE_IN_ROOT. */
int walk_open(int root, const char *path, enum walk_make make, int *ret_fd, struct err *e);

/* The same without openat2(2), which an old kernel or a filter around us may not have: one
 * component after the other. At most WALK_DEPTH_MAX of them. */
int walk_by_hand(int root, const char *path, enum walk_make make, int *ret_fd, struct err *e);

#endif
