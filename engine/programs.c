/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The directory of our programs. What is missing there is told when it is needed, by its name, not
 * here: `ps` needs no worker.
 */
#include "programs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "str.h"

static const char installed[] = "/../libexec/isolab";

static bool has_workers(const char *directory)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/isolab-container", directory) < (int)sizeof(path) &&
	       access(path, X_OK) == 0;
}

int programs_find(const char *given, char *directory, size_t size, struct err *e)
{
	ssize_t length;
	char *slash;

	if (!given)
		given = getenv("ISOLAB_PROGRAMS");
	if (given && *given) {
		if (str_copy(directory, size, given))
			return 0;
		return err_sys(e, ENAMETOOLONG, "directory of programs '%.60s...'", given);
	}
	length = readlink("/proc/self/exe", directory, size - sizeof(installed));
	if (length < 0) {
		int r = err_sys(e, errno, "find our own directory: read '/proc/self/exe'");
		return err_hint(e, r, "mount /proc");
	}
	directory[length] = 0;
	slash = strrchr(directory, '/');
	*slash = 0;
	if (has_workers(directory))
		return 0;
	memcpy(slash, installed, sizeof(installed));
	if (!has_workers(directory))
		*slash = 0;
	return 0;
}
