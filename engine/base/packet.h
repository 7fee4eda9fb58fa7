/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_PACKET_H
#define ISOLAB_PACKET_H
/*
 * packet: one message over a Unix socket, with descriptors beside its bytes (SCM_RIGHTS, see
 * unix(7) and cmsg(3)).
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { PACKET_FDS_MAX = 80 };

/* Sends the parts as one message, with `fd_count` descriptors, which stay the caller's. `flags`: 0
 * or MSG_DONTWAIT. Nobody there is no signal. How many bytes went, or -errno. */
ssize_t packet_send(int socket, const struct iovec *parts, size_t part_count, const int *fds,
		    size_t fd_count, int flags);

/* Receives one message into the parts, and at most *fd_count descriptors: CLOEXEC, the caller's
 * from now on, also when the message is then refused; *fd_count: how many came. *ret_is_cut (may be
 * NULL): bytes or descriptors were more than there is room for, and are lost. How many bytes came
 * (0: the end), or -errno. */
ssize_t packet_receive(int socket, const struct iovec *parts, size_t part_count, int *fds,
		       size_t *fd_count, int flags, bool *ret_is_cut);

#endif
