// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The profile of the thread that serves virtio devices: bytes between the guest's memory and the
 * descriptors that the devices hold (disks, the network's cable, bells). It opens nothing, has no
 * use for KVM or the control socket, and maps no memory.
 */
#include "seccomp_table.h"

#include <errno.h>
#include <stddef.h>

static const struct seccomp_group groups[] = {
    {.name = "bytes",
     .why = "disks, the cable, bells of the guest's processors and of the worker",
     .is_allowed = true,
     .calls = "read write readv writev pread64 pwrite64 preadv pwritev fdatasync fstat newfstatat"},
    {.name = "messages",
     .why = "virtiofsd is told where a driver has laid its queues",
     .is_allowed = true,
     .calls = "sendmsg recvfrom"},
    {.name = "streams",
     .why = "programs of the host come to the guest's socket device (vsock), and go",
     .is_allowed = true,
     .calls = "accept4 epoll_ctl epoll_wait epoll_pwait sendto shutdown close"},
    {.name = "random bytes",
     .why = "what the entropy device is there for",
     .is_allowed = true,
     .calls = "getrandom"},
    {.name = "waiting",
     .why = "for kicks and bytes, and for a device's lock",
     .is_allowed = true,
     .calls = "poll ppoll futex clock_gettime restart_syscall sched_yield membarrier"},
    {.name = "the end",
     .why = "the C library takes the thread's stack down",
     .is_allowed = true,
     .calls = "rt_sigprocmask rt_sigreturn munmap madvise getpid gettid set_robust_list exit "
	      "exit_group"},
    {.name = NULL},
};

static const struct seccomp_rule rules[] = {
    {.call = NULL},
};

const struct seccomp_profile seccomp_profile_io = {.groups = groups, .rules = rules};
