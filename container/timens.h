/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_TIMENS_H
#define ISOLAB_CONTAINER_TIMENS_H
/*
 * timens: a clock that starts at 0 (time_namespaces(7)).
 *
 * A process never changes its own clock by unshare(2): its children are born with the new one, and,
 * since Linux 6.3, the process itself gets it on exec. So on a new kernel the container's child
 * makes it, as root of its own user namespace, and all its stamps are the host's until the very
 * end. On an older one the worker must make it before the child is born, which takes a real root;
 * the child's stamps are then off by a known constant.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* True if this kernel switches a process over on exec. */
bool timens_is_entered_on_exec(void);

/* Makes the namespace for what comes after this process, with its clocks at 0 now. *ret_shift_ns =
 * what must be added to its CLOCK_MONOTONIC to get the host's. -EINVAL: the kernel has none. */
struct calls;
int timens_make(struct calls *calls, uint64_t *ret_shift_ns, struct err *e);

#endif
