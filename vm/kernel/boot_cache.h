/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_BOOT_CACHE_H
#define ISOLAB_VM_BOOT_CACHE_H
/*
 * boot_cache: what a Linux guest starts from and is costly to make, kept for the next start:
 * unpacked kernels, parts of the initramfs. A file's name is its kind and the identity of what it
 * was made from; it appears whole or not at all, and is never changed.
 *
 *	$XDG_CACHE_HOME/isolab/boot/KIND-IDENTITY	(default ~/.cache) an ordinary user's
 *	/var/cache/isolab/boot/KIND-IDENTITY		root's; others read what is public
 *
 * A guest's kernel is code that somebody else could have put there: a directory or a file is
 * believed only if it is ours or root's and nobody else may write to it.
 */
#include <stdbool.h>

#include "err.h"
#include "identity.h"

enum { BOOT_CACHE_FILES_MAX = 24, BOOT_CACHE_NAME = 16 + IDENTITY_TEXT };

/* A file on its way into the cache. */
struct boot_cache_entry {
	int fd;        /* to be filled; -1: none */
	int directory; /* -1: there is no cache to be had, the file is in memory only */
	bool is_named; /* there are no nameless files here: it is ".new-…" until it is kept */
	char name[BOOT_CACHE_NAME];
};

/* Opens what was made from `identity`. A descriptor; -ENOENT: it is to be made. `kind` is at most
 * 15 letters. */
int boot_cache_open(const char *kind, const char *identity);

/* A new file for it, empty. Without a cache (no home, no room) one in memory, which serves this
 * start. */
int boot_cache_create(struct boot_cache_entry *ret, const char *kind, const char *identity,
		      struct err *e);
/* It is whole: keeps it and returns its descriptor, for reading, which is the caller's.
 * `is_public`: others may read it, since they may read what it was made from. What the cache has
 * too many of goes, the longest unused first. */
int boot_cache_keep(struct boot_cache_entry *entry, bool is_public, struct err *e);
/* It failed: nothing of it stays. Fine after boot_cache_keep(). */
void boot_cache_drop(struct boot_cache_entry *entry);

#endif
