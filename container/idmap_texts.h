/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_IDMAP_TEXTS_H
#define ISOLAB_CONTAINER_IDMAP_TEXTS_H
/*
 * idmap_texts: what is read from /etc/subuid, /etc/subgid, /etc/passwd and the maps in /proc. The
 * idmap_find_… functions look at a text, whatever is in it; the idmap_read_… ones at a file of any
 * size, piece by piece.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idmap_range {
	uint32_t first, count;
};

/* Finds the range of `user` (name, or number as text) in the text of /etc/subuid or /etc/subgid
 * ("user:first:count" lines): the first with IDMAP_COUNT ids, else the largest with at least
 * `minimum`; none that holds id 0 or goes past the last id. False if there is none. */
bool idmap_find_range(const char *text, const char *user, const char *number, uint32_t minimum,
		      struct idmap_range *ret_range);
bool idmap_read_range(const char *path, const char *user, const char *number, uint32_t minimum,
		      struct idmap_range *ret_range);

/* Where the ranges in a file like /etc/subuid end, at least `minimum`: a new one may begin
 * there. */
uint32_t idmap_find_end(const char *text, uint32_t minimum);
uint32_t idmap_read_end(const char *path, uint32_t minimum);

/* Finds the name of user `uid` in the text of /etc/passwd. False: it is not there, or too long. */
bool idmap_find_name(const char *text, uint32_t uid, char *ret_name, size_t size);
bool idmap_read_name(const char *path, uint32_t uid, char *ret_name, size_t size);

/* Finds IDMAP_COUNT neighbouring ids without 0 that exist in a user namespace whose uid_map or
 * gid_map is `text`. False if there are none. */
bool idmap_find_nested(const char *text, uint32_t *ret_first);

#endif
