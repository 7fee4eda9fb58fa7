/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exec over the line to the agent: the program itself, if the client has sent one, goes ahead in
 * pieces; then a START like the main one's, with the client's descriptors kept for its bytes.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "link.h"

enum { PIECE_BYTES = 4096 };

static int send_program(struct link *link, int fd, struct err *e)
{
	struct stat status;
	uint8_t buffer[PIECE_BYTES];

	if (fstat(fd, &status) < 0)
		return err_sys(e, errno, "look at the program's size");
	if (status.st_size <= 0 || status.st_size > AGENT_PROGRAM_BYTES_MAX)
		return err_set(e, EFBIG, "the program has %lld bytes, not 1 to %d",
			       (long long)status.st_size, AGENT_PROGRAM_BYTES_MAX);
	for (off_t at = 0; at < status.st_size;) {
		ssize_t n = pread(fd, buffer, sizeof(buffer), at);
		if (n <= 0)
			return err_sys(e, n < 0 ? errno : EIO, "read the program");
		link_send(link, AGENT_PROGRAM, 0, 0, buffer, (size_t)n);
		at += n;
	}
	return 0;
}

int link_exec(struct link *link, struct worker_exec *x, const struct link_command *command,
	      struct err *e)
{
	unsigned program = 1;
	int r = 0;

	while (program < AGENT_PROGRAMS_MAX && link->clients[program].is_used)
		program++;
	if (program == AGENT_PROGRAMS_MAX)
		return err_set(e, EBUSY, "%d programs already run beside the first",
			       AGENT_PROGRAMS_MAX - 1);
	if (x->program_fd >= 0)
		r = send_program(link, x->program_fd, e);
	if (r == 0)
		r = link_start(link, program, command, e);
	if (r < 0)
		return r;
	struct link_client *client = &link->clients[program];
	client->exec_id = x->id;
	for (int i = 0; i < 3; i++)
		client->fds[i] = fd_move(&x->fds[i]);
	return 0;
}

int link_find_exec(const struct link *link, unsigned id)
{
	for (int i = 1; i < AGENT_PROGRAMS_MAX; i++)
		if (link->clients[i].is_used && link->clients[i].exec_id == id)
			return i;
	return -ESRCH;
}
