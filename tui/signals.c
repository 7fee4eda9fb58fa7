/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * signals: the self-pipe, see signals.h. Its state is global since a handler cannot be handed any
 * (see HACKING.md, mutable globals).
 */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "fd.h"

static struct {
	int read_fd, write_fd;
	const int *list;
} glue = {-1, -1, NULL};

static void on_signal(int signal_number)
{
	unsigned char byte = (unsigned char)signal_number;
	int kept = errno;

	/* A full pipe is fine: the loop will wake up anyway. */
	if (write(glue.write_fd, &byte, 1) < 0) {
	}
	errno = kept;
}

int signals_open(const int *list, struct err *e)
{
	/* No SA_RESTART: a wait that the learner interrupts with Ctrl-C must come back. */
	struct sigaction action = {.sa_handler = on_signal};
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, errno, "make a pipe for signals");
	glue.read_fd = fds[0];
	glue.write_fd = fds[1];
	glue.list = list;
	for (; *list; list++)
		sigaction(*list, &action, NULL);
	return glue.read_fd;
}

int signals_next(void)
{
	unsigned char byte;

	return read(glue.read_fd, &byte, 1) == 1 ? byte : 0;
}

void signals_stop_self(void)
{
	struct sigaction before;
	struct sigaction stop = {.sa_handler = SIG_DFL};

	sigaction(SIGTSTP, &stop, &before);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &before, NULL);
}

void signals_close(void)
{
	for (const int *list = glue.list; list && *list; list++)
		signal(*list, SIG_DFL);
	fd_close(&glue.read_fd);
	fd_close(&glue.write_fd);
	glue.list = NULL;
}
