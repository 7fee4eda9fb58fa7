// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One message holds as many letters as descriptors, so that neither can come without the other.
 * The socket keeps messages apart (SOCK_SEQPACKET), and its end is how the worker hears that the
 * program runs: whoever executes closes it. See unix(7), cmsg(3).
 */
#include "pass.h"

#include <assert.h>
#include <errno.h>

#include "packet.h"

void pass_add(struct pass *pass, char letter, int fd)
{
	assert(pass->count < PASS_MAX);
	pass->letters[pass->count] = letter;
	pass->fds[pass->count++] = fd;
}

int pass_send(int socket, struct pass *pass, struct err *e)
{
	const struct iovec data = {.iov_base = pass->letters, .iov_len = pass->count};
	ssize_t n = packet_send(socket, &data, 1, pass->fds, pass->count, 0);

	pass->count = 0;
	return n < 0 ? err_sys(e, (int)n, "pass descriptors to the worker") : 0;
}

int pass_receive(int socket, struct pass *ret_pass, struct err *e)
{
	const struct iovec data = {.iov_base = ret_pass->letters, .iov_len = PASS_MAX};
	size_t count = PASS_MAX;
	ssize_t n = packet_receive(socket, &data, 1, ret_pass->fds, &count, 0, NULL);

	if (n < 0 && n != -ECONNRESET) /* reset: it died with our word unread */
		return err_sys(e, (int)n, "hear from the child");
	if (n <= 0)
		return 0;
	ret_pass->count = (unsigned)n;
	for (; count < PASS_MAX; count++)
		ret_pass->fds[count] = -1;
	return 1;
}
