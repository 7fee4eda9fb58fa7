// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A process in the foreground: what the user's terminal or kill(1) sends us is passed on to it,
 * and if it has a terminal of its own, bytes go to and fro between that and ours, which is raw
 * meanwhile. One loop around poll(2). When the process is dead, what it wrote last is still read.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "commands.h"
#include "fd.h"
#include "kernel.h"
#include "packet.h"

enum { CHUNK = 4096 };

struct terminal {
	int master;
	bool is_raw;
	struct termios saved;
};

static void get_signals(sigset_t *set)
{
	static const int passed[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
				     SIGUSR2, SIGCONT, SIGTSTP, SIGWINCH};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaddset(set, passed[i]);
}

void oci_foreground_prepare(void)
{
	sigset_t set;

	get_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The child has sent it before it said that it is built. */
static int take_master(int console)
{
	char name[128];
	const struct iovec data = {.iov_base = name, .iov_len = sizeof(name)};
	size_t count = 1;
	int master = -1;

	if (console >= 0)
		packet_receive(console, &data, 1, &master, &count, MSG_DONTWAIT, NULL);
	return master;
}

static void copy_size(const struct terminal *t)
{
	struct winsize size;

	if (t->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(t->master, TIOCSWINSZ, &size);
}

static void make_raw(struct terminal *t)
{
	if (t->master < 0 || tcgetattr(STDIN_FILENO, &t->saved) < 0)
		return;
	struct termios raw = t->saved;
	cfmakeraw(&raw);
	t->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	copy_size(t);
}

static void pass_signal(const struct terminal *t, int signals, int process)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH && t->master >= 0)
		copy_size(t);
	else
		kernel_pidfd_send_signal(process, (int)info.ssi_signo);
}

/* Copies one chunk; false at the end. A pty's end is EIO. */
static bool copy(int from, int to)
{
	char bytes[CHUNK];
	ssize_t n = read(from, bytes, sizeof(bytes));

	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && fd_write_all(to, bytes, (size_t)n) == 0;
}

static void relay(struct terminal *t, int signals, int process)
{
	struct pollfd polls[] = {{.fd = process, .events = POLLIN},
				 {.fd = signals, .events = POLLIN},
				 {.fd = t->master, .events = POLLIN},
				 {.fd = t->master >= 0 ? STDIN_FILENO : -1, .events = POLLIN}};

	while (!polls[0].revents) {
		if (poll(polls, 4, -1) < 0 && errno != EINTR)
			return;
		if (polls[1].revents)
			pass_signal(t, signals, process);
		if (polls[2].revents && !copy(t->master, STDOUT_FILENO))
			polls[2].fd = -1;
		if (polls[3].revents && !copy(STDIN_FILENO, t->master))
			polls[3].fd = -1;
	}
	polls[2].fd = t->master;
	while (t->master >= 0 && poll(&polls[2], 1, 0) > 0 && polls[2].revents & POLLIN &&
	       copy(t->master, STDOUT_FILENO))
		;
}

int oci_foreground(int process, int console, struct err *e)
{
	struct terminal t = {.master = take_master(console)};
	siginfo_t end = {0};
	sigset_t set;

	get_signals(&set);
	auto_close int signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_sys(e, errno, "wait for signals");
	make_raw(&t);
	relay(&t, signals, process);
	if (t.is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &t.saved);
	fd_close(&t.master);
	if (waitid(P_PIDFD, (id_t)process, &end, WEXITED | __WALL) < 0)
		return err_sys(e, errno, "wait for the process");
	return end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
}
