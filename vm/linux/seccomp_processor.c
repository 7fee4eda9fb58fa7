// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The profile of a processor's thread: run the guest, serve its exits (bytes into queues, the
 * worker's bell, interrupts), end. It has no use for files, sockets or memory; devices are served
 * without any.
 */
#include "seccomp_table.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <sys/ioctl.h>

static const struct seccomp_group groups[] = {
    {.name = "bell",
     .why = "an eventfd by which the worker is called",
     .is_allowed = true,
     .calls = "write"},
    {.name = "waiting",
     .why = "the machine's lock, a pause, a full queue",
     .is_allowed = true,
     .calls = "futex clock_gettime restart_syscall membarrier sched_yield"},
    {.name = "the end",
     .why = "the C library takes the thread's stack down",
     .is_allowed = true,
     .calls = "rt_sigprocmask rt_sigreturn munmap madvise getpid gettid set_robust_list exit "
	      "exit_group"},
    {.name = NULL},
};

static const struct seccomp_rule rules[] = {
    {.call = "ioctl",
     .why = "the virtual processor and its interrupts",
     .argument = 1,
     .test = SECCOMP_IS_ONE_OF,
     .values = {KVM_RUN, KVM_IRQ_LINE, KVM_GET_REGS, KVM_GET_SREGS},
     .count = 4,
     .is_allowed_if_true = true,
     .error = EPERM},
    {.call = NULL},
};

const struct seccomp_profile seccomp_profile_processor = {.groups = groups, .rules = rules};
