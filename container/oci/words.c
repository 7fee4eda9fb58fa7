// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The words between parent and child, see oci_container.h: packets of a socket pair, of which one
 * may carry a descriptor. A word that is not the expected one means that the other side has failed
 * or died; the child's reason is in the page that both share.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"
#include "oci_container.h"

enum { WORD_MAX = 16 };

int oci_words_open(struct oci_container *c, struct err *e)
{
	int ends[2];

	c->report = mmap(NULL, sizeof(*c->report), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->report == MAP_FAILED) {
		c->report = NULL;
		return err_sys(e, errno, "map the page shared with the child");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, errno, "make the socket to the child");
	c->socket = ends[0];
	c->child_socket = ends[1];
	return 0;
}

int oci_say_with(int socket, const char *word, int fd, struct err *e)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec data = {.iov_base = (char *)word, .iov_len = strlen(word)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *part = CMSG_FIRSTHDR(&message);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(part), &fd, sizeof(int));
	}
	if (sendmsg(socket, &message, MSG_NOSIGNAL) >= 0)
		return 0;
	return err_sys(e, errno, "tell the other side '%s'", word);
}

int oci_say(int socket, const char *word, struct err *e)
{
	return oci_say_with(socket, word, -1, e);
}

int oci_hear(int socket, const char *word, int *ret_fd, struct err *e)
{
	char text[WORD_MAX] = "", control[CMSG_SPACE(sizeof(int))];
	struct iovec data = {.iov_base = text, .iov_len = sizeof(text) - 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	struct cmsghdr *part = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	int fd = -1;
	if (part && part->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(part), sizeof(int));
	if (n > 0 && strcmp(text, word) == 0) {
		if (ret_fd)
			*ret_fd = fd_move(&fd);
		fd_close(&fd);
		return 0;
	}
	fd_close(&fd);
	return err_set(e, ECANCELED, "the other side has ended before it said '%s'", word);
}

int oci_hear_child(struct oci_container *c, const char *word, struct err *e)
{
	struct err unused = {0};

	if (oci_hear(c->socket, word, NULL, &unused) == 0)
		return 0;
	if (c->report->error.code) {
		*e = c->report->error;
		return -e->code;
	}
	return err_hint(e,
			err_set(e, EIO, "the container's first process ended while it was built"),
			"was it killed? Is there memory left?");
}
