// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One message holds one letter and one descriptor, so that neither can come without the other.
 */
#include "pass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int pass_send(int socket, char letter, int fd, struct err *e)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec data = {.iov_base = &letter, .iov_len = 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(part), &fd, sizeof(int));
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		return err_sys(e, errno, "pass a descriptor to the worker");
	return 0;
}

int pass_receive(int socket, char *ret_letter, int *ret_fd, struct err *e)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec data = {.iov_base = ret_letter, .iov_len = 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ECONNRESET) /* reset: it died with our word unread */
		return err_sys(e, errno, "hear from the child");
	if (n <= 0)
		return 0;
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);
	*ret_fd = -1;
	if (part && part->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(part), sizeof(int));
	return 1;
}
