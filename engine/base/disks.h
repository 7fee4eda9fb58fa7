/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_DISKS_H
#define ISOLAB_DISKS_H
/*
 * disks: the disks with a whole distribution on them, as `isolab image build-distro` makes them
 * (engine/image-distro.sh). The worker boots one for `--kernel distro`, `isolab image list` shows
 * them.
 *
 *	$XDG_CACHE_HOME/isolab/distro/NAME.img	an ordinary user's (default ~/.cache)
 *	/var/cache/isolab/distro/NAME.img	root's, for everybody
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct disk_entry {
	const char *path;
	char name[64];         /* "debian-bookworm" */
	const char *origin;    /* "yours", "of all users" */
	uint64_t size_bytes;   /* as the guest sees it */
	uint64_t stored_bytes; /* what of it lies on the host's disk */
	uint64_t made_s;       /* seconds since 1970 */
	bool is_readable;      /* by us */
};

/* Calls `each` for every disk: the user's first, the newest of a place first. */
void disks_for_each(void (*each)(void *arg, const struct disk_entry *disk), void *arg);

/* The one that `--kernel distro` means: the first that we may read. -ENOENT with a hint. */
int disks_choose(char *path, size_t size, struct err *e);

/* Where `image build-distro` puts what it makes: root's is for everybody. -ENOENT: there is no
 * home directory. */
int disks_cache(char *path, size_t size, struct err *e);

#endif
