// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Why a limit cannot be had here, and how to get it. A limit that is silently ignored is what
 * users of other runtimes complain of most; so each one that does not hold is named, with the
 * kernel's reason in plain words.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_private.h"

const char *cgroup_explain(int error, bool is_unified)
{
	switch (-error) {
	case EACCES:
	case EPERM:
		return is_unified ? "no cgroup above us that may hand it down can be written by "
				    "this user"
				  : "its cgroup cannot be written by this user";
	case EROFS:
		return "the cgroups are mounted read-only here";
	case EBUSY:
		return "the cgroup we stand in holds processes, so it may hand nothing down (\"no "
		       "internal processes\"), and there is none above it";
	case ENOENT:
		return "no cgroup that counts it is mounted here";
	case ENODEV:
	case EOPNOTSUPP:
		return "the kernel cannot limit it";
	case EEXIST:
		return "its cgroup still holds what an earlier sandbox of this name has left";
	default:
		return strerror(-error);
	}
}

const char *cgroup_way_to_get(void)
{
	if (geteuid() == 0)
		return "mount the cgroups writable with all controllers, or run isolab on the "
		       "host itself";
	if (access("/run/systemd/system", F_OK) < 0 ||
	    access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0)
		return "run isolab as root";
	return "run isolab as root, or in a delegated subtree: systemd-run --user --scope -p "
	       "Delegate=yes isolab";
}

void cgroup_write_note(const struct cgroup_excuse *excuses, size_t count, char *note, size_t size)
{
	size_t length = 0;

	*note = '\0';
	for (size_t i = 0; i < count && length < size; i++) {
		const char *reason = excuses[i].reason;
		bool is_told = false;
		for (size_t earlier = 0; reason && earlier < i; earlier++)
			is_told = is_told || (excuses[earlier].reason &&
					      strcmp(excuses[earlier].reason, reason) == 0);
		if (!reason || is_told)
			continue;
		length += (size_t)snprintf(note + length, size - length, "%sno limit on %s",
					   length ? "; " : "", excuses[i].noun);
		for (size_t later = i + 1; later < count && length < size; later++)
			if (excuses[later].reason && strcmp(excuses[later].reason, reason) == 0)
				length += (size_t)snprintf(note + length, size - length, ", %s",
							   excuses[later].noun);
		if (length < size)
			length += (size_t)snprintf(note + length, size - length, ": %s", reason);
	}
}
