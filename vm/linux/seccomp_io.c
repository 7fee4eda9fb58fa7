// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The profile of the thread that serves virtio devices, none of which is a socket: it neither
 * accepts nor closes anything, and what it has it was given before the walls.
 */
#include "seccomp_io.h"

#include <stddef.h>

static const struct seccomp_group groups[] = {
    SECCOMP_IO_GROUPS,
    {.name = NULL},
};

static const struct seccomp_rule rules[] = {
    {.call = NULL},
};

const struct seccomp_profile seccomp_profile_io = {.groups = groups, .rules = rules};
