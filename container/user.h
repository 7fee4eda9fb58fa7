/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_USER_H
#define ISOLAB_CONTAINER_USER_H
/*
 * user: who --user USER[:GROUP] is; child_switch_user() (container.h) becomes that.
 *
 *	digits	a number, whatever the image says; all else is a name of the image's
 *	USER	uid, and from its line of /etc/passwd the group and HOME; the other groups that
 *		/etc/group lists it in. A number without a line: a group of the same number, never
 *		group 0, and HOME is "/".
 *	GROUP	that one alone: no other groups
 *
 * The files are the image's, so their bytes are foreign: what cannot be read is an error, and
 * never anybody else, least of all root.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum {
	USER_FILE_MAX = 1024 * 1024, /* a larger passwd or group file is refused */
	USER_HOME_MAX = 256,
	USER_GROUPS_MAX = 256,
};

struct user {
	uint32_t uid, gid;
	char home[USER_HOME_MAX];
	gid_t groups[USER_GROUPS_MAX]; /* beside gid */
	size_t group_count;
};

/* The texts of /etc/passwd and /etc/group; NULL: there is no such file. */
struct user_files {
	const char *passwd, *group;
	size_t passwd_length, group_length;
};

/* Finds out who `wanted` ("USER[:GROUP]") is. -ENOENT: no such name; -EINVAL: the line of that name
 * is damaged; -E2BIG: in too many groups. See passwd(5), group(5). */
int user_resolve(const char *wanted, const struct user_files *files, struct user *ret,
		 struct err *e);

#endif
