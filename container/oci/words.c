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
#include "packet.h"

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
	const struct iovec data = {.iov_base = (char *)word, .iov_len = strlen(word)};
	ssize_t n = packet_send(socket, &data, 1, &fd, fd >= 0, 0);

	return n < 0 ? err_sys(e, (int)n, "tell the other side '%s'", word) : 0;
}

int oci_say(int socket, const char *word, struct err *e)
{
	return oci_say_with(socket, word, -1, e);
}

int oci_hear(int socket, const char *word, int *ret_fd, struct err *e)
{
	char text[WORD_MAX] = "";
	const struct iovec data = {.iov_base = text, .iov_len = sizeof(text) - 1};
	auto_close int fd = -1;
	size_t count = 1;
	ssize_t n = packet_receive(socket, &data, 1, &fd, &count, 0, NULL);

	if (n > 0 && strcmp(text, word) == 0) {
		if (ret_fd)
			*ret_fd = fd_move(&fd);
		return 0;
	}
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
