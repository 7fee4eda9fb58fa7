// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One message holds as many letters as descriptors, so that neither can come without the other.
 * The socket keeps messages apart (SOCK_SEQPACKET), and its end is how the worker hears that the
 * program runs: whoever executes closes it. See unix(7), cmsg(3).
 */
#include "pass.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for the descriptors of one message, aligned as their header wants it. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * PASS_MAX)];
};

void pass_add(struct pass *pass, char letter, int fd)
{
	assert(pass->count < PASS_MAX);
	pass->letters[pass->count] = letter;
	pass->fds[pass->count++] = fd;
}

int pass_send(int socket, struct pass *pass, struct err *e)
{
	union control control = {0};
	struct iovec data = {.iov_base = pass->letters, .iov_len = pass->count};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = CMSG_SPACE(sizeof(int) * pass->count)};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(int) * pass->count);
	memcpy(CMSG_DATA(part), pass->fds, sizeof(int) * pass->count);
	pass->count = 0;
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		return err_sys(e, errno, "pass descriptors to the worker");
	return 0;
}

static size_t take_descriptors(struct msghdr *message, struct pass *pass)
{
	const struct cmsghdr *part = CMSG_FIRSTHDR(message);

	if (!part || part->cmsg_type != SCM_RIGHTS)
		return 0;
	size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(pass->fds, CMSG_DATA(part), count * sizeof(int));
	return count;
}

int pass_receive(int socket, struct pass *ret_pass, struct err *e)
{
	union control control;
	struct iovec data = {.iov_base = ret_pass->letters, .iov_len = PASS_MAX};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ECONNRESET) /* reset: it died with our word unread */
		return err_sys(e, errno, "hear from the child");
	if (n <= 0)
		return 0;
	ret_pass->count = (unsigned)n;
	for (size_t i = take_descriptors(&message, ret_pass); i < PASS_MAX; i++)
		ret_pass->fds[i] = -1;
	return 1;
}
