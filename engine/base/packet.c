/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Descriptors beside bytes. The room for control data ends right behind the last descriptor that
 * is wanted: with CMSG_SPACE's padding the kernel would find room for one more, which nobody would
 * close.
 */
#include "packet.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(sizeof(int) * PACKET_FDS_MAX)];
};

ssize_t packet_send(int socket, const struct iovec *parts, size_t part_count, const int *fds,
		    size_t fd_count, int flags)
{
	union control control;
	struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = part_count};
	ssize_t n;

	assert(fd_count <= PACKET_FDS_MAX);
	if (fd_count) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		memset(&control, 0, message.msg_controllen);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fd_count);
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL | flags);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static size_t take_descriptors(struct msghdr *message, int *fds, size_t room)
{
	size_t count = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		size_t came = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		assert(came <= room - count);
		memcpy(fds + count, CMSG_DATA(part), came * sizeof(int));
		count += came;
	}
	return count;
}

ssize_t packet_receive(int socket, const struct iovec *parts, size_t part_count, int *fds,
		       size_t *fd_count, int flags, bool *ret_is_cut)
{
	union control control;
	struct msghdr message = {.msg_iov = (struct iovec *)parts,
				 .msg_iovlen = part_count,
				 .msg_control = control.bytes,
				 .msg_controllen = CMSG_LEN(sizeof(int) * *fd_count)};
	ssize_t n;

	assert(*fd_count > 0 && *fd_count <= PACKET_FDS_MAX);
	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags);
	while (n < 0 && errno == EINTR);
	*fd_count = n < 0 ? 0 : take_descriptors(&message, fds, *fd_count);
	if (ret_is_cut)
		*ret_is_cut = n >= 0 && message.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	return n < 0 ? -errno : n;
}
