// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Three files of /proc/PID make a user namespace useful: setgroups, uid_map, gid_map. Each map
 * can be written once, in one write(2). Root may map any range; it takes the one /etc/subuid
 * grants it, else a fixed high range that no account uses. An ordinary user may map exactly
 * itself, after giving up setgroups(2) (else it could drop a group that a file's permissions
 * deny it by), or have newuidmap(1) write what root has granted it (idmap_helpers.c). When we
 * are "root" of a user namespace ourselves, the high range may not exist there: then only the
 * own id is mapped, too. See user_namespaces(7), subuid(5).
 */
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"
#include "fd.h"
#include "idmap_texts.h"
#include "self.h"

/* True in the initial user namespace, whose number is the same on every kernel
 * (PROC_USER_INIT_INO), and where nobody can tell. */
static bool has_all_ids(void)
{
	enum { INITIAL_USER_NAMESPACE = 0xEFFFFFFD - 0x100000000 };
	struct stat found;

	return stat("/proc/self/ns/user", &found) < 0 ||
	       (int32_t)found.st_ino == INITIAL_USER_NAMESPACE;
}

/* What /etc/subuid and /etc/subgid grant root, else the fixed range. Who has granted no users has
 * no reason to have granted groups. */
static void choose_granted(struct idmap *map)
{
	struct idmap_range users = {.first = IDMAP_FIRST}, groups = users;

	if (idmap_read_range("/etc/subuid", "root", "0", IDMAP_COUNT, &users))
		idmap_read_range("/etc/subgid", "root", "0", IDMAP_COUNT, &groups);
	map->first_uid = users.first;
	map->first_gid = groups.first;
}

/* A map of /proc/self, which is a few lines: one read(2) has it all. */
static ssize_t read_map(const char *path, char *text, size_t size)
{
	auto_close int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* Where root may map. False: nowhere but to itself. */
static bool choose_for_root(struct idmap *map)
{
	char users[4096], groups[4096];

	/* Unreadable (no descriptor left, no /proc): never the host's root for that. Where the
	 * range does not exist, writing the map fails. */
	if (has_all_ids()) {
		choose_granted(map);
		return true;
	}
	/* A root of another user namespace: only what exists in there. */
	return read_map("/proc/self/uid_map", users, sizeof(users)) > 0 &&
	       read_map("/proc/self/gid_map", groups, sizeof(groups)) > 0 &&
	       idmap_find_nested(users, &map->first_uid) &&
	       idmap_find_nested(groups, &map->first_gid);
}

static void choose_own(struct idmap *ret_map)
{
	*ret_map = (struct idmap){.first_uid = self_user(),
				  .first_gid = getegid(),
				  .count = 1,
				  .must_deny_setgroups = true};
}

void idmap_choose(struct idmap *ret_map)
{
	*ret_map = (struct idmap){.count = IDMAP_COUNT};
	if (self_user() != 0 || !choose_for_root(ret_map))
		choose_own(ret_map);
}

/* Who the caller is in /etc/subuid: a name if there is one, and always a number. */
static void name_caller(char *name, size_t size)
{
	const char *told = getenv("USER");

	/* Who is only known to a directory service has no line; the name that the login told can
	 * be trusted this far, since newuidmap(1) asks again. */
	if (!idmap_read_name("/etc/passwd", getuid(), name, size))
		snprintf(name, size, "%s", told ? told : "");
}

/* How to get a range: behind all that are granted already. */
static void tell_lack(struct idmap *map, const char *name)
{
	uint32_t first = idmap_read_end("/etc/subgid", idmap_read_end("/etc/subuid", 100000));
	uint32_t last = first + IDMAP_COUNT - 1;

	if (!*name)
		snprintf(map->lack, sizeof(map->lack),
			 "user %u has no line in /etc/passwd, so it can have no subordinate ids",
			 getuid());
	else
		snprintf(map->lack, sizeof(map->lack),
			 "no subordinate ids: sudo usermod --add-subuids %" PRIu32 "-%" PRIu32
			 " --add-subgids %" PRIu32 "-%" PRIu32 " %.32s",
			 first, last, first, last, name);
}

void idmap_add_range(struct idmap *map)
{
	char name[64], number[16];
	struct idmap_range users, groups;

	if (map->count != 1 || map->first_uid == 0)
		return;
	name_caller(name, sizeof(name));
	snprintf(number, sizeof(number), "%u", getuid());
	bool has_users = idmap_read_range("/etc/subuid", name, number, 1, &users);
	bool has_groups = idmap_read_range("/etc/subgid", name, number, 1, &groups);
	if (!has_users || !has_groups) {
		tell_lack(map, name);
		return;
	}
	map->range_uid = users.first;
	map->range_gid = groups.first;
	map->range_count = users.count < groups.count ? users.count : groups.count;
	if (map->range_count > IDMAP_COUNT - 1)
		map->range_count = IDMAP_COUNT - 1;
	map->must_deny_setgroups = false;
}

uint32_t idmap_size(const struct idmap *map)
{
	return map->count + map->range_count;
}

static bool find_outside(const struct idmap *map, uint32_t first, uint32_t range, uint32_t inside,
			 uint32_t *ret_outside)
{
	if (inside >= idmap_size(map))
		return false;
	*ret_outside = inside < map->count ? first + inside : range + (inside - map->count);
	return true;
}

bool idmap_find_user(const struct idmap *map, uint32_t inside, uint32_t *ret_outside)
{
	return find_outside(map, map->first_uid, map->range_uid, inside, ret_outside);
}

bool idmap_find_group(const struct idmap *map, uint32_t inside, uint32_t *ret_outside)
{
	return find_outside(map, map->first_gid, map->range_gid, inside, ret_outside);
}

static int write_one(const struct idmap *map, pid_t pid, const char *file, const char *text,
		     struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	int r = call_write_file(map->calls, AT_FDCWD, path, text);
	if (r == 0)
		return 0;
	err_sys(e, r, "write '%s' to '%s'", text, path);
	if (r == -EPERM || r == -EACCES)
		err_hint(e, r,
			 "this machine restricts user namespaces; `isolab doctor` says by what");
	return r;
}

/* The lines of one map; `range` is the outside of what follows. */
static int write_map(const struct idmap *map, pid_t pid, const char *file, uint32_t first,
		     uint32_t range, struct err *e)
{
	char text[96];
	int length = snprintf(text, sizeof(text), "0 %" PRIu32 " %" PRIu32, first, map->count);

	if (map->range_count)
		snprintf(text + length, sizeof(text) - (size_t)length,
			 "\n%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", map->count, range,
			 map->range_count);
	return write_one(map, pid, file, text, e);
}

static int write_users(const struct idmap *map, pid_t pid, struct err *e)
{
	return write_map(map, pid, "uid_map", map->first_uid, map->range_uid, e);
}

static int write_groups(const struct idmap *map, pid_t pid, struct err *e)
{
	int r = map->must_deny_setgroups ? write_one(map, pid, "setgroups", "deny", e) : 0;

	return r < 0 ? r : write_map(map, pid, "gid_map", map->first_gid, map->range_gid, e);
}

/* What the helpers did not write, with the own id only. */
static int write_rest(struct idmap *map, pid_t pid, struct err *e)
{
	bool has_users, has_groups;

	if (idmap_write_by_helpers(map, pid, &has_users, &has_groups, map->lack) == 0)
		return 0;
	struct idmap own = *map;
	own.range_count = 0;
	own.must_deny_setgroups = true;
	int r = has_users ? 0 : write_users(&own, pid, e);
	if (r == 0 && !has_groups)
		r = write_groups(&own, pid, e);
	map->range_count = 0;
	map->must_deny_setgroups = !has_groups;
	return r;
}

int idmap_write_directly(const struct idmap *map, pid_t pid, struct err *e)
{
	int r = write_users(map, pid, e);

	return r < 0 ? r : write_groups(map, pid, e);
}

int idmap_write(struct idmap *map, pid_t pid, struct err *e)
{
	return map->range_count ? write_rest(map, pid, e) : idmap_write_directly(map, pid, e);
}
