/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_LANDLOCK_H
#define ISOLAB_CONTAINER_LANDLOCK_H
/*
 * landlock: a second lock, by another part of the kernel, on what the first locks should hold
 * already. Rules that no ordinary program notices:
 *
 *	run		files below the own root only: not the builder's own program, which is still
 *			reachable as /proc/self/exe when the command is executed (CVE-2019-5736)
 *	make		no device nodes
 *	mount, pivot	nothing: that belongs to every Landlock domain
 *	ptrace		nothing outside of the domain, which is the first program and its children
 *	network host	no abstract socket outside (CVE-2020-15257)	kernels from 6.12 on
 *	no pid ns	no signal to a process outside			the same
 *
 * What exec adds later stays outside of the domain: it could be in one of its own only, and
 * Landlock lets no domain look at another: `exec NAME -- readlink /proc/1/ns/pid` would fail. See
 * landlock(7).
 */
#include "err.h"

struct container;

/* The version of its rules that this kernel has, 0: it has no Landlock, or it is switched off. The
 * rules above need LANDLOCK_VERSION_MIN. */
int landlock_version(void);
enum { LANDLOCK_VERSION_MIN = 2 /* Linux 5.19 */, LANDLOCK_VERSION_SCOPES = 6 /* Linux 6.12 */ };

/* Child, when its root stands. What the kernel does not have is left out without a word: doctor and
 * inspect tell. Needs no_new_privs, or CAP_SYS_ADMIN in the own user namespace. */
int landlock_lock(struct container *c, struct err *e);

#endif
