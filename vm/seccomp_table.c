// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The profile of the tiny machine's monitor once its guest runs: what a hijacked monitor could
 * still ask of the kernel. It is a worker (seccomp_worker.h) that runs its guest itself.
 * seccomp_build makes the kernel's filter of it when isolab is built.
 */
#include "seccomp_worker.h"

#include <linux/kvm.h>

static const struct seccomp_group groups[] = {
    SECCOMP_WORKER_GROUPS,
    {.name = "kick",
     .why = "the timer that takes the processor back from the guest",
     .is_allowed = true,
     .calls = "timer_settime timer_delete"},
    {.name = NULL},
};

static const struct seccomp_rule rules[] = {
    SECCOMP_WORKER_RULES,
    {.call = "ioctl",
     .why = "the virtual CPU, and the user's own terminal of a foreground run: nothing else",
     .argument = 1,
     .test = SECCOMP_IS_ONE_OF,
     .values = {KVM_RUN, KVM_INTERRUPT, KVM_GET_REGS, KVM_GET_SREGS, SECCOMP_TERMINAL_IOCTLS},
     .count = 4 + SECCOMP_TERMINAL_IOCTL_COUNT,
     .is_allowed_if_true = true,
     .error = EPERM},
    {.call = NULL},
};

const struct seccomp_profile seccomp_profile_vm = {.groups = groups, .rules = rules};
