// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Three files of /proc/PID make a user namespace useful: setgroups, uid_map, gid_map. Each map
 * can be written once, in one write(2). Root may map any range; it takes the one /etc/subuid
 * grants it, else a fixed high range that no account uses. An ordinary user may map exactly
 * itself, after giving up setgroups(2) (else it could drop a group that a file's permissions
 * deny it by). When we are "root" of a user namespace ourselves, the high range may not exist
 * there: then only the own id is mapped, too. See user_namespaces(7), subuid(5).
 */
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "str.h"

enum { SUBID_FILE_MAX = 8 * 1024 };

/* One line "name:first:count" of [line, end). False unless it is ours and usable. */
static bool parse_range(const char *line, const char *end, const char *user, const char *number,
			uint32_t *ret_first)
{
	char copy[256];
	size_t length = (size_t)(end - line);

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, line, length);
	copy[length] = '\0';
	char *first_text = strchr(copy, ':');
	char *count_text = first_text ? strchr(first_text + 1, ':') : NULL;
	if (!count_text)
		return false;
	*first_text++ = '\0';
	*count_text++ = '\0';
	if (strcmp(copy, user) != 0 && strcmp(copy, number) != 0)
		return false;
	uint64_t first, count;
	if (str_parse_number(first_text, 1, UINT32_MAX - IDMAP_COUNT, &first) < 0 ||
	    str_parse_number(count_text, IDMAP_COUNT, UINT32_MAX, &count) < 0)
		return false;
	*ret_first = (uint32_t)first;
	return true;
}

bool idmap_find_range(const char *text, const char *user, const char *number, uint32_t *ret_first)
{
	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		if (parse_range(line, end, user, number, ret_first))
			return true;
		line = *end ? end + 1 : end;
	}
	return false;
}

bool idmap_find_nested(const char *text, uint32_t *ret_first)
{
	unsigned long long inside, outside, count;
	int length;

	while (sscanf(text, " %llu %llu %llu%n", &inside, &outside, &count, &length) == 3) {
		unsigned long long skipped = inside == 0;
		if (count >= IDMAP_COUNT + skipped &&
		    inside + skipped <= UINT32_MAX - IDMAP_COUNT) {
			*ret_first = (uint32_t)(inside + skipped);
			return true;
		}
		text += length;
	}
	return false;
}

/* True in the initial user namespace: every id is itself. */
static bool has_all_ids(const char *map)
{
	unsigned long long inside, outside, count;

	return sscanf(map, "%llu %llu %llu", &inside, &outside, &count) == 3 && inside == 0 &&
	       outside == 0 && count == UINT32_MAX;
}

/* What a file like /etc/subuid grants root, else the fixed range. */
static uint32_t granted_range(const char *path)
{
	char text[SUBID_FILE_MAX];
	uint32_t first = IDMAP_FIRST;

	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) > 0)
		idmap_find_range(text, "root", "0", &first);
	return first;
}

/* Where root may map. False: nowhere but to itself. */
static bool choose_for_root(struct idmap *map)
{
	char users[SUBID_FILE_MAX], groups[SUBID_FILE_MAX];

	/* Unreadable (no descriptor left, no /proc): never the host's root for that. Where the
	 * range does not exist, writing the map fails. */
	if (fd_read_file(AT_FDCWD, "/proc/self/uid_map", users, sizeof(users)) <= 0 ||
	    has_all_ids(users)) {
		map->first_uid = granted_range("/etc/subuid");
		map->first_gid = granted_range("/etc/subgid");
		return true;
	}
	/* A root of another user namespace: only what exists in there. */
	return fd_read_file(AT_FDCWD, "/proc/self/gid_map", groups, sizeof(groups)) > 0 &&
	       idmap_find_nested(users, &map->first_uid) &&
	       idmap_find_nested(groups, &map->first_gid);
}

void idmap_choose(struct idmap *ret_map)
{
	*ret_map = (struct idmap){.count = IDMAP_COUNT};
	if (geteuid() == 0 && choose_for_root(ret_map))
		return;
	*ret_map = (struct idmap){.first_uid = geteuid(),
				  .first_gid = getegid(),
				  .count = 1,
				  .must_deny_setgroups = true};
}

static int write_one(pid_t pid, const char *file, const char *text, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	int r = fd_write_file(AT_FDCWD, path, text);
	if (r == 0)
		return 0;
	err_sys(e, r, "write '%s' to '%s'", text, path);
	if (r == -EPERM || r == -EACCES)
		err_hint(e, r,
			 "this machine restricts user namespaces; `isolab doctor` says by what");
	return r;
}

int idmap_write(const struct idmap *map, pid_t pid, struct err *e)
{
	char text[64];
	int r = 0;

	if (map->must_deny_setgroups)
		r = write_one(pid, "setgroups", "deny", e);
	snprintf(text, sizeof(text), "0 %" PRIu32 " %" PRIu32, map->first_uid, map->count);
	if (r == 0)
		r = write_one(pid, "uid_map", text, e);
	snprintf(text, sizeof(text), "0 %" PRIu32 " %" PRIu32, map->first_gid, map->count);
	if (r == 0)
		r = write_one(pid, "gid_map", text, e);
	return r;
}
