/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CLOCK_H
#define ISOLAB_CLOCK_H
/* clock: the one clock of every stamp, the host's CLOCK_MONOTONIC (clock_gettime(2)). A process
 * inside a time namespace sees a shifted one, therefore only workers and fronts stamp, never what
 * runs inside. */
#include <stdint.h>

uint64_t clock_now_ns(void);

#endif
