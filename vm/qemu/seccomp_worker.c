// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The profile of the worker while QEMU runs its guest: it has nothing of a machine itself, only
 * lines to a process that it may end.
 */
#include "seccomp_worker.h"

static const struct seccomp_group groups[] = {
    SECCOMP_WORKER_GROUPS,
    {.name = "QEMU",
     .why = "end its process, and wait for that; note the end of a volume's virtiofsd",
     .is_allowed = true,
     .calls = "kill wait4 waitid"},
    {.name = NULL},
};

static const struct seccomp_rule rules[] = {
    SECCOMP_WORKER_RULES,
    {.call = "ioctl",
     .why = "the user's own terminal of a foreground run: nothing else",
     .argument = 1,
     .test = SECCOMP_IS_ONE_OF,
     .values = {SECCOMP_TERMINAL_IOCTLS},
     .count = SECCOMP_TERMINAL_IOCTL_COUNT,
     .is_allowed_if_true = true,
     .error = EPERM},
    {.call = NULL},
};

const struct seccomp_profile seccomp_profile_qemu = {.groups = groups, .rules = rules};
