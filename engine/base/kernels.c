/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kernels are found by their names only; whether a file is one, the VM's loader finds out. Three
 * places are looked at in turn; within a place the newest version comes first, but of the host's
 * the one that runs, since it is known to work.
 */
#include "kernels.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "str.h"

#define FETCHED "/*/boot/vmlinuz-*"

static const char all_users[] = "/var/cache/isolab/kernels";

int kernels_compare(const char *a, const char *b)
{
	while (*a && *b) {
		size_t digits_a = strspn(a, "0123456789"), digits_b = strspn(b, "0123456789");
		unsigned long x = strtoul(a, NULL, 10), y = strtoul(b, NULL, 10);
		if (digits_a && digits_b && x != y)
			return x < y ? -1 : 1;
		if ((!digits_a || !digits_b) && *a != *b)
			return *a < *b ? -1 : 1;
		a += digits_a ? digits_a : 1;
		b += digits_b ? digits_b : 1;
	}
	return (*a != 0) - (*b != 0);
}

int kernels_cache(char *path, size_t size, struct err *e)
{
	return kernels_cache_to_fill("kernels", path, size, e);
}

int kernels_cache_to_fill(const char *part, char *path, size_t size, struct err *e)
{
	/* Who says where his cache is means it. */
	if (geteuid() != 0 || getenv("XDG_CACHE_HOME"))
		return kernels_cache_of(part, path, size, e);
	if ((size_t)snprintf(path, size, "/var/cache/isolab/%s", part) < size)
		return 0;
	return err_sys(e, ENAMETOOLONG, "the cache's directory");
}

int kernels_cache_of(const char *part, char *path, size_t size, struct err *e)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	bool is_set = cache && *cache == '/';

	if (!is_set && (!home || *home != '/'))
		return err_hint(e, err_set(e, ENOENT, "there is no directory for a cache"),
				"set HOME or XDG_CACHE_HOME");
	if ((size_t)snprintf(path, size, "%s%s/isolab/%s", is_set ? cache : home,
			     is_set ? "" : "/.cache", part) < size)
		return 0;
	return err_sys(e, ENAMETOOLONG, "the cache's directory");
}

static const char *version_of(const char *path)
{
	const char *name = strrchr(path, '/'), *dash = name ? strchr(name, '-') : NULL;

	return dash ? dash + 1 : path;
}

static int compare_paths(const void *a, const void *b)
{
	return kernels_compare(version_of(*(char *const *)b), version_of(*(char *const *)a));
}

/* The running kernel goes to the front. */
static void prefer_running(glob_t *found)
{
	struct utsname host;

	if (uname(&host) < 0)
		return;
	for (size_t i = 1; i < found->gl_pathc; i++) {
		char *running = found->gl_pathv[i];
		if (strcmp(version_of(running), host.release) != 0)
			continue;
		memmove(found->gl_pathv + 1, found->gl_pathv, i * sizeof(char *));
		found->gl_pathv[0] = running;
		return;
	}
}

static void look_at(const char *pattern, const char *origin,
		    void (*each)(void *arg, const struct kernel_entry *kernel), void *arg)
{
	glob_t found;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return;
	qsort(found.gl_pathv, found.gl_pathc, sizeof(char *), compare_paths);
	if (strcmp(origin, "host") == 0)
		prefer_running(&found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct kernel_entry kernel = {.path = found.gl_pathv[i],
					      .version = version_of(found.gl_pathv[i]),
					      .origin = origin,
					      .is_readable = access(found.gl_pathv[i], R_OK) == 0};
		each(arg, &kernel);
	}
	globfree(&found);
}

void kernels_for_each(void (*each)(void *arg, const struct kernel_entry *kernel), void *arg)
{
	char path[PATH_MAX], pattern[PATH_MAX + sizeof(FETCHED)];

	if (kernels_cache_of("kernels", path, sizeof(path), NULL) == 0) {
		snprintf(pattern, sizeof(pattern), "%s" FETCHED, path);
		look_at(pattern, "fetched", each, arg);
	}
	snprintf(pattern, sizeof(pattern), "%s" FETCHED, all_users);
	look_at(pattern, "of all users", each, arg);
	look_at("/boot/vmlinuz-*", "host", each, arg);
}

/* Looks for modules.dep in one place. */
static bool has_modules(const char *format, const char *folder, const char *release, char *path,
			size_t size)
{
	char list[PATH_MAX + sizeof("/modules.dep")];
	int n = snprintf(path, size, format, folder, release);

	if (n < 0 || (size_t)n >= size || n >= PATH_MAX)
		return false;
	snprintf(list, sizeof(list), "%s/modules.dep", path);
	return access(list, R_OK) == 0;
}

/* Who made the kernel's file a link has its modules beside what it leads to. */
bool kernels_find_modules(const char *kernel, const char *release, char *path, size_t size)
{
	static const char *const places[] = {"%s/../lib/modules/%s", "%s/../usr/lib/modules/%s",
					     "%s/lib/modules/%s"};
	char folder[PATH_MAX], version[NAME_MAX + 1], *slash;

	if (!realpath(kernel, folder) || !(slash = strrchr(folder, '/')))
		return false;
	if (!release || !*release) {
		if (strncmp(slash, "/vmlinu", 7) != 0 || !strchr(slash, '-'))
			return false;
		release = version_of(slash);
	}
	if (!str_copy(version, sizeof(version), release))
		return false;
	*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (has_modules(places[i], folder, version, path, size))
			return true;
	return has_modules(places[2], "", version, path, size);
}

struct choice {
	char *path;
	size_t size;
	bool has_one, has_unreadable;
};

static void choose(void *arg, const struct kernel_entry *kernel)
{
	struct choice *choice = arg;

	choice->has_unreadable |= !kernel->is_readable;
	if (!choice->has_one && kernel->is_readable)
		choice->has_one = str_copy(choice->path, choice->size, kernel->path);
}

int kernels_choose(char *path, size_t size, struct err *e)
{
	struct choice choice = {.path = path, .size = size};

	kernels_for_each(choose, &choice);
	if (choice.has_one)
		return 0;
	int r = err_set(e, ENOENT, "there is no Linux kernel%s",
			choice.has_unreadable ? " that you may read" : " here");
	return err_hint(e, r, "'isolab kernel fetch' gets a Linux kernel; --kernel FILE names one");
}
