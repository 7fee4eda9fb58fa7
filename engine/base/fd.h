/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_FD_H
#define ISOLAB_FD_H
/*
 * fd: descriptors that close themselves, and reads and writes that do what they say.
 *
 * Every descriptor of isolab is CLOEXEC from birth. A local one is declared `auto_close int fd =
 * -1;` and given away with fd_move(&fd).
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"

void fd_close(int *fd); /* closes *fd if it is ≥ 0, sets it to -1, keeps errno */
void fd_free(void *p);  /* cleanup helper: free(*(void **)p) */

#define auto_close __attribute__((cleanup(fd_close)))
#define auto_free  __attribute__((cleanup(fd_free)))

/* Returns *fd and leaves -1 behind: the caller of this owns it now. */
static inline int fd_move(int *fd)
{
	int moved = *fd;
	*fd = -1;
	return moved;
}

/* Writes all of it, retrying after EINTR and short writes. Returns 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t length);

/* Reads until `size` bytes or end-of-file. Returns the count or -errno. */
ssize_t fd_read_full(int fd, void *buffer, size_t size);

/* Reads the small file `path` below `dirfd` (AT_FDCWD allowed) as a C string; more than size-1
 * bytes is -EFBIG. Works on /proc and /sys, whose files have no size. Returns the length or -errno.
 */
ssize_t fd_read_file(int dirfd, const char *path, char *buffer, size_t size);

/* Makes the directories (0755) that are missing on the way to the absolute path, not what it names.
 * What cannot be made is met by who then uses the path. */
void fd_make_way(const char *path);

/* Writes `text` to an existing file in a single write(2), as /proc and cgroupfs demand. */
int fd_write_file(int dirfd, const char *path, const char *text);

int fd_set_nonblocking(int fd, bool on); /* 0 or -errno */

#endif
