// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The profile of the thread that serves virtio devices, one of which is a socket (--vsock). What it
 * accepts comes to that device's listening socket; it still connects nowhere.
 */
#include "seccomp_io.h"

#include <stddef.h>

static const struct seccomp_group groups[] = {
    SECCOMP_IO_GROUPS,
    {.name = "streams",
     .why = "programs of the host come to the guest's socket device (vsock), and go; their words "
	    "come by recvfrom, their bytes go by sendmsg, as messages do",
     .is_allowed = true,
     .calls = "accept4 epoll_ctl epoll_wait epoll_pwait sendto shutdown close"},
    {.name = NULL},
};

static const struct seccomp_rule rules[] = {
    {.call = NULL},
};

const struct seccomp_profile seccomp_profile_io_vsock = {.groups = groups, .rules = rules};
