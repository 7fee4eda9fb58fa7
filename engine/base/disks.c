/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Disks are found by their names only: whether one boots, the machine finds out. Of several the one
 * that was made last is taken, since it is the one its maker has in mind.
 */
#include "disks.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels.h"
#include "str.h"

enum { DISKS_MAX = 64 };

static const char all_users[] = "/var/cache/isolab/distro";

int disks_cache(char *path, size_t size, struct err *e)
{
	return kernels_cache_to_fill("distro", path, size, e);
}

static bool look_at(const char *path, const char *origin, struct disk_entry *ret)
{
	struct stat status;
	const char *name = strrchr(path, '/') + 1;

	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return false;
	*ret = (struct disk_entry){.path = path,
				   .origin = origin,
				   .size_bytes = (uint64_t)status.st_size,
				   .stored_bytes = (uint64_t)status.st_blocks * 512,
				   .made_s = (uint64_t)status.st_mtime,
				   .is_readable = access(path, R_OK) == 0};
	str_copy(ret->name, sizeof(ret->name), name);
	ret->name[strcspn(ret->name, ".")] = '\0';
	return true;
}

static int newest_first(const void *a, const void *b)
{
	const struct disk_entry *x = a, *y = b;

	return (x->made_s < y->made_s) - (x->made_s > y->made_s);
}

static void look_in(const char *directory, const char *origin,
		    void (*each)(void *arg, const struct disk_entry *disk), void *arg)
{
	struct disk_entry disks[DISKS_MAX];
	char pattern[PATH_MAX + 8];
	size_t count = 0;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*.img", directory);
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc && count < DISKS_MAX; i++)
		count += look_at(found.gl_pathv[i], origin, &disks[count]);
	qsort(disks, count, sizeof(disks[0]), newest_first);
	for (size_t i = 0; i < count; i++)
		each(arg, &disks[i]);
	globfree(&found);
}

void disks_for_each(void (*each)(void *arg, const struct disk_entry *disk), void *arg)
{
	char path[PATH_MAX];

	if (kernels_cache_of("distro", path, sizeof(path), NULL) == 0)
		look_in(path, "yours", each, arg);
	look_in(all_users, "of all users", each, arg);
}

struct choice {
	char *path;
	size_t size;
	bool has_one, has_unreadable;
};

static void choose(void *arg, const struct disk_entry *disk)
{
	struct choice *choice = arg;

	choice->has_unreadable |= !disk->is_readable;
	if (!choice->has_one && disk->is_readable)
		choice->has_one = str_copy(choice->path, choice->size, disk->path);
}

int disks_choose(char *path, size_t size, struct err *e)
{
	struct choice choice = {.path = path, .size = size};

	disks_for_each(choose, &choice);
	if (choice.has_one)
		return 0;
	int r = err_set(e, ENOENT, "there is no disk with a distribution%s",
			choice.has_unreadable ? " that you may read" : " yet");
	return err_hint(e, r, "'isolab image build-distro' makes it, once, in some minutes");
}
