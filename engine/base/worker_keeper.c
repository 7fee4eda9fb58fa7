/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The second process of a run that may go to the background: `run --detach`, and `run -t`, which
 * Ctrl-P Ctrl-Q can leave.
 *
 * The one that the user's shell waits for, the keeper, forks the worker at once and only keeps the
 * terminal: it waits for the worker's word on a socketpair, restores the terminal whatever happens,
 * and exits with the worker's status, or with 0 when the worker says that it goes on alone. The
 * worker holds the other end: end-of-file there means that the keeper was killed, which ends a
 * foreground sandbox like a lease. A plain foreground run has no keeper: it costs nothing there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "worker_private.h"

enum word { WORD_READY = 'r', WORD_DETACHED = 'd' };

/* ---- the keeper ---- */

/* Signals for us are the worker's. */
static void pass_signals(int signal_fd, pid_t worker)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGPIPE)
			kill(worker, (int)info.ssi_signo);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The worker's word, or 0 when it ended without one. */
static char wait_for_word(int socket, int signal_fd, pid_t worker)
{
	struct pollfd fds[2] = {{.fd = socket, .events = POLLIN},
				{.fd = signal_fd, .events = POLLIN}};
	char word = 0;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 0;
		if (fds[1].revents)
			pass_signals(signal_fd, worker);
		if (fds[0].revents)
			return read(socket, &word, 1) == 1 ? word : 0;
	}
}

static int keep(struct worker *w, int socket, pid_t worker, const struct termios *terminal)
{
	auto_close int signal_fd = open_signals();
	char word = wait_for_word(socket, signal_fd, worker);
	int status = 0;

	if (word == 0)
		while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
			continue;
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, terminal);
	if (word == WORD_READY)
		dprintf(STDOUT_FILENO, "%s\n", w->spec.name);
	if (word == WORD_DETACHED)
		dprintf(STDERR_FILENO,
			"\nisolab: '%s' goes on in the background\nhint: isolab attach %s\n",
			w->spec.name, w->spec.name);
	if (word == 0 && WIFSIGNALED(status))
		dprintf(STDERR_FILENO, "isolab: the worker of '%s' was killed by signal %d\n",
			w->spec.name, WTERMSIG(status));
	/* The worker's, not ours: it may have them still. */
	w->shall_remove = false;
	return word == 0 ? worker_shell_status(status) : 0;
}

/* ---- the worker ---- */

int worker_keep(struct worker *w, int *ret_status, struct err *e)
{
	bool is_leavable = w->spec.tty && w->spec.interactive;
	struct termios terminal;
	bool has_terminal = is_leavable && tcgetattr(STDIN_FILENO, &terminal) == 0;
	int pair[2];
	pid_t pid;

	if (!w->spec.detach && !has_terminal)
		return 0;
	w->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (w->null_fd < 0)
		return err_sys(e, errno, "open '/dev/null'");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "make a socket pair");
	pid = fork();
	if (pid < 0) {
		fd_close(&pair[0]);
		fd_close(&pair[1]);
		return err_sys(e, errno, "fork");
	}
	if (pid > 0) {
		fd_close(&pair[1]);
		*ret_status = keep(w, pair[0], pid, has_terminal ? &terminal : NULL);
		fd_close(&pair[0]);
		return 1;
	}
	fd_close(&pair[0]);
	w->dir.maker = 0; /* our parent has made it */
	w->keeper_fd = pair[1];
	return 0;
}

/* From here on nobody's terminal and nobody's child: only the socket reaches us. */
static void go_to_background(struct worker *w, enum word word)
{
	const char byte = (char)word;

	w->is_foreground = w->is_stdin_open = w->is_terminal_raw = false;
	worker_output_discard(w);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup3(w->null_fd, fd, 0);
	setsid();
	send(w->keeper_fd, &byte, 1, MSG_NOSIGNAL);
	fd_close(&w->keeper_fd);
	fd_close(&w->null_fd);
}

void worker_keeper_ready(struct worker *w)
{
	if (w->spec.detach && w->keeper_fd >= 0)
		go_to_background(w, WORD_READY);
}

void worker_keeper_detach(struct worker *w)
{
	if (w->keeper_fd >= 0)
		go_to_background(w, WORD_DETACHED);
}
