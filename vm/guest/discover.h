/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_DISCOVER_H
#define ISOLAB_TINY_DISCOVER_H
/* discover: from the device tree to struct machine. */
#include "machine.h"

/* Reads the tree at `data` and checks that what it says can be. On failure -EINVAL and a
 * sentence in *ret_why. */
int discover_machine(struct machine *machine, const void *data, uint32_t size,
		     const char **ret_why);

#endif
