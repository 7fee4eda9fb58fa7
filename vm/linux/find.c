/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which kernel `--kernel linux` is: the newest of those that were fetched, else the host's own, if
 * it may be read (Ubuntu keeps it from ordinary users).
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fd.h"
#include "linux.h"

/* Orders versions: runs of digits by value ("6.9" before "6.10"). */
static int compare_versions(const char *a, const char *b)
{
	while (*a && *b) {
		unsigned long x = strtoul(a, NULL, 10), y = strtoul(b, NULL, 10);
		size_t digits_a = strspn(a, "0123456789"), digits_b = strspn(b, "0123456789");
		if (digits_a && digits_b && x != y)
			return x < y ? -1 : 1;
		if ((!digits_a || !digits_b) && *a != *b)
			return *a < *b ? -1 : 1;
		a += digits_a ? digits_a : 1;
		b += digits_b ? digits_b : 1;
	}
	return (*a != 0) - (*b != 0);
}

/* The newest file that fits the pattern and may be read; false: none. */
static bool find_newest(const char *pattern, char *path, size_t size)
{
	glob_t found;
	const char *newest = NULL;

	if (glob(pattern, 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (access(found.gl_pathv[i], R_OK) == 0 &&
		    (!newest || compare_versions(newest, found.gl_pathv[i]) < 0))
			newest = found.gl_pathv[i];
	bool has_found = newest && str_copy(path, size, newest);
	globfree(&found);
	return has_found;
}

static bool find_fetched(char *path, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char pattern[PATH_MAX];
	bool is_set = cache && *cache == '/';

	if (!is_set && !home)
		return false;
	snprintf(pattern, sizeof(pattern), "%s%s/isolab/kernels/*/boot/vmlinuz-*",
		 is_set ? cache : home, is_set ? "" : "/.cache");
	return find_newest(pattern, path, size) ||
	       find_newest("/var/cache/isolab/kernels/*/boot/vmlinuz-*", path, size);
}

static bool find_host(char *path, size_t size)
{
	struct utsname host;

	if (uname(&host) == 0 &&
	    (size_t)snprintf(path, size, "/boot/vmlinuz-%s", host.release) < size &&
	    access(path, R_OK) == 0)
		return true;
	return find_newest("/boot/vmlinuz*", path, size);
}

int linux_open_kernel(const char *which, char *path, size_t size, struct err *e)
{
	if (strcmp(which, "linux") != 0)
		str_copy(path, size, which);
	else if (!find_fetched(path, size) && !find_host(path, size))
		return err_hint(e,
				err_set(e, ENOENT,
					"no Linux kernel found, neither fetched nor in /boot"),
				"--kernel FILE names one; the host's may be readable by root only");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_hint(e, err_sys(e, errno, "open the kernel '%s'", path),
				"--kernel takes a bzImage or vmlinux that you may read");
	return fd;
}
