/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file is made without a name (O_TMPFILE) and gets one when it is whole (linkat): who is killed
 * on the way leaves nothing. Where the file system has no such files it is called ".new-…" and
 * locked meanwhile; what a killed maker left of that is taken over by the next. See open(2),
 * linkat(2).
 */
#include "boot_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "kernels.h"
#include "str.h"

#define NEW ".new-"

static const char of_root[] = "/var/cache/isolab/boot";

/* Nobody but us and root may have written to it. */
static bool is_trusted(const struct stat *status)
{
	return (status->st_uid == 0 || status->st_uid == geteuid()) &&
	       !(status->st_mode & (S_IWGRP | S_IWOTH));
}

static int open_directory(const char *path)
{
	struct stat status;
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	return is_trusted(&status) ? fd_move(&fd) : -EACCES;
}

static int open_entry(const char *directory_path, const char *name)
{
	struct stat status;
	auto_close int directory = open_directory(directory_path);
	auto_close int fd = directory < 0 ? -1
					  : openat(directory, name,
						   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || !is_trusted(&status))
		return -ENOENT;
	futimens(fd, NULL); /* when it was used last; not ours: it stays as it is */
	return fd_move(&fd);
}

/* Root without a cache of its own choice keeps things for everybody. */
static int own_path(char *path, size_t size)
{
	if (geteuid() == 0 && !getenv("XDG_CACHE_HOME"))
		return str_copy(path, size, of_root) ? 0 : -ENAMETOOLONG;
	return kernels_cache_of("boot", path, size, NULL);
}

int boot_cache_open(const char *kind, const char *identity)
{
	char path[PATH_MAX], name[BOOT_CACHE_NAME];
	int fd = -ENOENT;

	snprintf(name, sizeof(name), "%.15s-%s", kind, identity);
	if (own_path(path, sizeof(path)) == 0)
		fd = open_entry(path, name);
	return fd >= 0 ? fd : open_entry(of_root, name);
}

/* Makes the directory and all above it. */
static int make_directory(char *path, mode_t mode)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, mode);
		*slash = '/';
	}
	mkdir(path, mode);
	return open_directory(path);
}

static int create_named(struct boot_cache_entry *entry)
{
	char name[sizeof(NEW) + BOOT_CACHE_NAME];

	snprintf(name, sizeof(name), NEW "%s", entry->name);
	entry->fd = openat(entry->directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (entry->fd < 0)
		return -errno;
	/* Another one makes the same just now: ours is for this start only. */
	if (flock(entry->fd, LOCK_EX | LOCK_NB) < 0 || ftruncate(entry->fd, 0) < 0) {
		fd_close(&entry->fd);
		return -EBUSY;
	}
	entry->is_named = true;
	return 0;
}

static int create_in_memory(struct boot_cache_entry *entry, struct err *e)
{
	fd_close(&entry->directory);
	entry->fd = memfd_create(entry->name, MFD_CLOEXEC);
	return entry->fd < 0 ? err_sys(e, errno, "make a file in memory") : 0;
}

int boot_cache_create(struct boot_cache_entry *ret, const char *kind, const char *identity,
		      struct err *e)
{
	char path[PATH_MAX];

	*ret = (struct boot_cache_entry){.fd = -1, .directory = -1};
	snprintf(ret->name, sizeof(ret->name), "%.15s-%s", kind, identity);
	if (own_path(path, sizeof(path)) < 0)
		return create_in_memory(ret, e);
	ret->directory = make_directory(path, strcmp(path, of_root) == 0 ? 0755 : 0700);
	if (ret->directory < 0)
		return create_in_memory(ret, e);
	ret->fd = openat(ret->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (ret->fd >= 0 || create_named(ret) == 0)
		return 0;
	return create_in_memory(ret, e);
}

/* ---- not too many ---- */

struct oldest {
	char name[NAME_MAX + 1];
	struct timespec used;
	size_t count;
};

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static void look_for_oldest(int directory, struct oldest *ret)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	struct stat status;

	*ret = (struct oldest){0};
	while (listing && (entry = readdir(listing))) {
		if (entry->d_name[0] == '.' ||
		    fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (ret->count++ && !is_older(&status.st_mtim, &ret->used))
			continue;
		ret->used = status.st_mtim;
		str_copy(ret->name, sizeof(ret->name), entry->d_name);
	}
	if (listing)
		closedir(listing);
	else
		fd_close(&copy);
}

static void make_room(int directory)
{
	struct oldest oldest;

	look_for_oldest(directory, &oldest);
	while (oldest.count > BOOT_CACHE_FILES_MAX && unlinkat(directory, oldest.name, 0) == 0)
		look_for_oldest(directory, &oldest);
}

/* ---- whole, or not ---- */

static int give_name(const struct boot_cache_entry *entry)
{
	char name[sizeof(NEW) + BOOT_CACHE_NAME], link[32];

	if (entry->is_named) {
		snprintf(name, sizeof(name), NEW "%s", entry->name);
		return renameat(entry->directory, name, entry->directory, entry->name);
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", entry->fd);
	return linkat(AT_FDCWD, link, entry->directory, entry->name, AT_SYMLINK_FOLLOW);
}

int boot_cache_keep(struct boot_cache_entry *entry, bool is_public, struct err *e)
{
	char path[32];

	if (entry->directory >= 0) {
		fchmod(entry->fd, is_public ? 0444 : 0400);
		/* EEXIST: somebody else was quicker with the very same. */
		if (give_name(entry) < 0 && errno != EEXIST)
			return err_sys(e, errno, "keep '%s' in the cache", entry->name);
		entry->is_named = false;
		make_room(entry->directory);
	}
	/* Without the right to write: the file is mapped into a machine. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", entry->fd);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "open '%s' again", entry->name);
	boot_cache_drop(entry);
	return fd;
}

void boot_cache_drop(struct boot_cache_entry *entry)
{
	char name[sizeof(NEW) + BOOT_CACHE_NAME];

	if (entry->is_named) {
		snprintf(name, sizeof(name), NEW "%s", entry->name);
		unlinkat(entry->directory, name, 0);
		entry->is_named = false;
	}
	fd_close(&entry->fd);
	fd_close(&entry->directory);
}
