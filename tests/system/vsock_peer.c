/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest's side of a socket device: `listen PORT` answers each connection, one after the other,
 * with the bytes that came, until their end; `connect PORT` sends its input to the host's port and
 * prints what comes back.
 */
#include <errno.h>
#include <linux/vm_sockets.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 8, PIECE_BYTES = 8192 };

static int fail(const char *what)
{
	fprintf(stderr, "vsock_peer: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Copies until the end. False: the other side is gone. */
static bool copy(int from, int to)
{
	char bytes[PIECE_BYTES];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t done = 0, sent; done < n; done += sent) {
			sent = write(to, bytes + done, (size_t)(n - done));
			if (sent < 0)
				return false;
		}
	return n == 0;
}

static int serve(int fd, const struct sockaddr_vm *address)
{
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return fail("listen");
	printf("listens\n");
	fflush(stdout);
	for (;;) {
		int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (peer < 0)
			return fail("accept");
		copy(peer, peer);
		close(peer);
	}
}

static int call(int fd, const struct sockaddr_vm *address)
{
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return fail("connect");
	if (!copy(STDIN_FILENO, fd))
		return fail("send");
	shutdown(fd, SHUT_WR);
	return copy(fd, STDOUT_FILENO) ? 0 : fail("receive");
}

int main(int argc, char **argv)
{
	struct sockaddr_vm address = {.svm_family = AF_VSOCK};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 3) {
		fprintf(stderr, "usage: vsock_peer listen|connect PORT\n");
		return 2;
	}
	if (fd < 0)
		return fail("make a socket");
	signal(SIGPIPE, SIG_IGN);
	address.svm_port = (unsigned)strtoul(argv[2], NULL, 10);
	address.svm_cid = strcmp(argv[1], "listen") == 0 ? VMADDR_CID_ANY : VMADDR_CID_HOST;
	return address.svm_cid == VMADDR_CID_ANY ? serve(fd, &address) : call(fd, &address);
}
