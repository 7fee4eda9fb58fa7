/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_MODULES_H
#define ISOLAB_VM_MODULES_H
/*
 * modules: which of a kernel's modules a guest gets, and in which order they are loaded. Read from
 * modules.dep, a line for each: "kernel/net/failover.ko: what/it/needs.ko …", the one that is
 * needed first standing last. See depmod(8), modules.dep(5).
 */
#include <stddef.h>

#include "err.h"

enum {
	MODULES_DEP_MAX = 16 << 20, /* bytes of a modules.dep; a distribution's has one million */
	MODULES_MAX = 256,
	MODULES_NAME_MAX = 64,
	MODULES_PATH_MAX = 1024,
};

struct module {
	char name[MODULES_NAME_MAX]; /* with '_' for each '-' */
	char path[MODULES_PATH_MAX]; /* below the directory of modules.dep */
};

struct modules {
	struct module list[MODULES_MAX]; /* each behind all that it needs */
	size_t count;
};

/* The devices that our machines have, and what walls in walls need: names, ends with NULL. */
extern const char *const modules_wanted[];

/*
 * Finds `wanted` and all they need in the text of a modules.dep (`length` bytes, any bytes). What
 * is not in it is built in, or this kernel does not have it: no error. -EBADMSG: a path leads
 * elsewhere; -E2BIG: too many.
 */
int modules_choose(const char *text, size_t length, const char *const wanted[], struct modules *ret,
		   struct err *e);

/* What `name` ("virtio_net") is listed to need, itself included: indices into `all`, in order. */
size_t modules_needed(const char *text, size_t length, const struct modules *all, const char *name,
		      size_t ret[MODULES_MAX]);

#endif
