/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_KERNELS_H
#define ISOLAB_KERNELS_H
/*
 * kernels: the Linux kernels that a VM can boot, as files: those that `isolab kernel fetch` has
 * unpacked, of this user or of the whole machine, and the host's own in /boot. The worker takes one
 * of them for `--kernel linux`, `isolab kernel list` shows them.
 *
 *	$XDG_CACHE_HOME/isolab/kernels/PACKAGE/boot/vmlinuz-VERSION	(default ~/.cache)
 *	/var/cache/isolab/kernels/PACKAGE/boot/vmlinuz-VERSION
 *	/boot/vmlinuz-VERSION
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct kernel_entry {
	const char *path;
	const char *version; /* what follows "vmlinuz-" */
	const char *origin;  /* "fetched", "of all users", "host" */
	bool is_readable;    /* by us; Ubuntu keeps the host's from ordinary users */
};

/* Calls `each` for every kernel, in the order above, the newest version of a place first. */
void kernels_for_each(void (*each)(void *arg, const struct kernel_entry *kernel), void *arg);

/* The one that `--kernel linux` means: the first readable one, of the host's the running one.
 * -ENOENT with a hint. */
int kernels_choose(char *path, size_t size, struct err *e);

/* Where `kernel fetch` puts what it unpacks. -ENOENT: there is no home directory. */
int kernels_cache(char *path, size_t size, struct err *e);
/* Where a `part` of isolab's cache ("kernels", "distro") is to be put: what root makes is for
 * everybody, in /var/cache/isolab, unless XDG_CACHE_HOME says where. -ENOENT: the same. */
int kernels_cache_to_fill(const char *part, char *path, size_t size, struct err *e);
/* The same part of this user's own cache. */
int kernels_cache_of(const char *part, char *path, size_t size, struct err *e);

/* Where the modules of a kernel are: the directory of their modules.dep, beside the kernel as a
 * package has it or in /lib/modules. `release`: its version, NULL or "": what follows "vmlinuz-".
 * False: there are none. */
bool kernels_find_modules(const char *kernel, const char *release, char *path, size_t size);

/* Orders versions: runs of digits by value, so that 6.9 comes before 6.10. <0, 0, >0. */
int kernels_compare(const char *a, const char *b);

#endif
