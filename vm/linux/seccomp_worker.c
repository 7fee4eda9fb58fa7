// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The profile of the worker's own thread once its Linux guest runs. The processors have threads of
 * their own (seccomp_processor.c): this one never runs the guest; it raises interrupts, kicks the
 * threads and waits for their end.
 */
#include "seccomp_worker.h"

#include <linux/kvm.h>

static const struct seccomp_group groups[] = {
    SECCOMP_WORKER_GROUPS,
    {.name = "processors",
     .why = "kick their threads out of the guest, wait for their end",
     .is_allowed = true,
     .calls = "tkill tgkill membarrier"},
    {.name = "children",
     .why = "note the end of a volume's virtiofsd",
     .is_allowed = true,
     .calls = "waitid"},
    {.name = NULL},
};

static const struct seccomp_rule rules[] = {
    SECCOMP_WORKER_RULES,
    {.call = "ioctl",
     .why = "interrupts, and the user's own terminal of a foreground run: nothing else",
     .argument = 1,
     .test = SECCOMP_IS_ONE_OF,
     .values = {KVM_IRQ_LINE, SECCOMP_TERMINAL_IOCTLS},
     .count = 1 + SECCOMP_TERMINAL_IOCTL_COUNT,
     .is_allowed_if_true = true,
     .error = EPERM},
    {.call = NULL},
};

const struct seccomp_profile seccomp_profile_linux = {.groups = groups, .rules = rules};
