/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes of a program that exec started. Pipes and sockets of ours are passed to it as they are
 * and do not come by here. The user's own terminal never gets inside, where somebody could type
 * into it (TIOCSTI): with -t the program has a pseudo-terminal of its own. Nor does a file: it
 * could be opened again inside by /proc/self/fd, for writing, too, and a directory would be a way
 * out. Pipes stand in for them, and this relays.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "clock.h"
#include "exec.h"
#include "fd.h"

enum { RELAY_BYTES = 4096 /* a pipe that is writable takes as much without blocking */ };
enum { RETRY_MS = 20, MEMORY_DEVICES = 1 /* major number of null, zero, random … */ };

/* ---- opening ---- */

static void pass_size(const struct execution *x)
{
	struct winsize size;

	if (x->master < 0)
		return;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	ioctl(x->master, TIOCSWINSZ, &size);
}

static void add_way(struct execution *x, int from, int to, bool is_typed)
{
	x->ways[x->way_count++] = (struct exec_way){.from = from, .to = to, .is_typed = is_typed};
}

static int open_terminal(struct execution *x, struct err *e)
{
	char name[64];

	x->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (x->master < 0 || grantpt(x->master) < 0 || unlockpt(x->master) < 0 ||
	    ptsname_r(x->master, name, sizeof(name)) != 0)
		return err_sys(e, errno, "make a terminal");
	x->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (x->slave < 0)
		return err_sys(e, errno, "open '%s'", name);
	pass_size(x);
	for (int fd = 0; fd < 3; fd++)
		x->given[fd] = x->slave;
	if (x->is_interactive)
		add_way(x, STDIN_FILENO, x->master, true);
	add_way(x, x->master, STDOUT_FILENO, false);
	return 0;
}

/* A pipe in place of our terminal or file at `fd`. */
static int open_pipe(struct execution *x, int fd, struct err *e)
{
	bool is_typed = fd == STDIN_FILENO;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	x->given[fd] = ends[is_typed ? 0 : 1];
	if (is_typed)
		add_way(x, STDIN_FILENO, ends[1], true);
	else
		add_way(x, ends[0], fd, false);
	return 0;
}

/* Pipes, sockets and /dev/null lead nowhere else. */
static int open_stream(struct execution *x, int fd, struct err *e)
{
	static const char *const names[] = {"input", "output", "errors"};
	struct stat found;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &found) < 0)
		return err_sys(e, errno, "exec: look at our standard %s", names[fd]);
	if (S_ISDIR(found.st_mode) || flags & O_PATH)
		return err_hint(e,
				err_set(e, EISDIR, "exec: our standard %s is a directory",
					names[fd]),
				"give it a file or a pipe");
	if (S_ISFIFO(found.st_mode) || S_ISSOCK(found.st_mode) ||
	    (S_ISCHR(found.st_mode) && major(found.st_rdev) == MEMORY_DEVICES)) {
		x->given[fd] = fd;
		return 0;
	}
	return open_pipe(x, fd, e);
}

int exec_open_streams(struct execution *x, struct err *e)
{
	int r = 0;

	if (x->is_tty)
		return open_terminal(x, e);
	x->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (x->null < 0)
		return err_sys(e, errno, "open '/dev/null'");
	for (int fd = 0; r == 0 && fd < 3; fd++) {
		if (fd == STDIN_FILENO && !x->is_interactive)
			x->given[fd] = x->null;
		else
			r = open_stream(x, fd, e);
	}
	return r;
}

void exec_take_terminal(struct execution *x, int master)
{
	for (size_t i = 0; i < x->way_count; i++) {
		int *end = x->ways[i].is_typed ? &x->ways[i].to : &x->ways[i].from;

		if (*end == x->master)
			*end = master;
		x->ways[i].is_over = false;
	}
	fd_close(&x->master);
	x->master = master;
	pass_size(x);
}

void exec_close_given(struct execution *x)
{
	for (int fd = 0; fd < 3; fd++) {
		if (x->given[fd] > STDERR_FILENO && x->given[fd] != x->slave &&
		    x->given[fd] != x->null)
			fd_close(&x->given[fd]);
		x->given[fd] = -1; /* its number may soon be another's */
	}
	fd_close(&x->slave);
	fd_close(&x->null);
}

void exec_close_streams(struct execution *x)
{
	exec_close_given(x);
	for (size_t i = 0; i < x->way_count; i++) {
		struct exec_way *way = &x->ways[i];
		int *ours = way->is_typed ? &way->to : &way->from;

		if (*ours > STDERR_FILENO && *ours != x->master)
			fd_close(ours);
	}
	fd_close(&x->master);
}

/* ---- passing on ---- */

static void end_input(struct execution *x, struct exec_way *way)
{
	way->is_over = true;
	if (way->to == x->master)
		fd_write_all(x->master, "\004", 1); /* VEOF: end-of-file, typed */
	else
		fd_close(&way->to);
}

static void pass_typed(struct execution *x, struct exec_way *way)
{
	char typed[RELAY_BYTES - 1], keys[RELAY_BYTES];
	bool is_detached = false;
	ssize_t n = read(way->from, typed, sizeof(typed));
	size_t count = n > 0 ? (size_t)n : 0;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_input(x, way);
		return;
	}
	if (x->is_tty)
		count = raw_filter(&x->keys, typed, (size_t)n, keys, &is_detached);
	if (fd_write_all(way->to, x->is_tty ? keys : typed, count) < 0)
		way->is_over = true; /* it reads no more */
	if (is_detached) {
		x->is_over = true; /* the connection closes, and what it started gets SIGHUP */
		x->status = 0;
	}
}

/* Who writes to nobody shall hear of it: the program, when our output takes no more. */
static void pass_said(const struct execution *x, struct exec_way *way)
{
	char data[RELAY_BYTES];
	ssize_t n = read(way->from, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* A terminal whose program has ended says EIO, a pipe end-of-file. */
	way->is_over = n <= 0 || fd_write_all(way->to, data, (size_t)n) < 0;
	if (way->is_over && way->from != x->master)
		fd_close(&way->from);
}

static bool is_writable(int fd)
{
	struct pollfd writable = {.fd = fd, .events = POLLOUT};

	return poll(&writable, 1, 0) > 0;
}

/* What it said before it ended is still on its way. */
static void drain(struct execution *x)
{
	for (size_t i = 0; i < x->way_count; i++) {
		struct exec_way *way = &x->ways[i];

		if (way->is_typed || way->is_over)
			continue;
		fd_set_nonblocking(way->from, true);
		for (struct pollfd more = {.fd = way->from, .events = POLLIN};
		     !way->is_over && poll(&more, 1, 0) > 0;)
			pass_said(x, way);
	}
}

static void take_signal(struct execution *x, void (*on_signal)(struct execution *x, int number))
{
	struct signalfd_siginfo info;

	if (read(x->signals.fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		pass_size(x);
	else
		on_signal(x, (int)info.ssi_signo);
}

/* What to wait for: the worker, signals, and each way that can pass something on. */
static int list_sources(const struct execution *x, struct pollfd fds[])
{
	int timeout_ms = -1;

	fds[0] = (struct pollfd){.fd = x->socket, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = x->signals.fd, .events = POLLIN};
	for (size_t i = 0; i < x->way_count; i++) {
		const struct exec_way *way = &x->ways[i];
		bool is_closed = way->is_over || !x->is_started;
		bool is_full = !is_closed && way->is_typed && !is_writable(way->to);

		timeout_ms = is_full ? RETRY_MS : timeout_ms;
		fds[2 + i] = (struct pollfd){.fd = is_full || is_closed ? -1 : way->from,
					     .events = POLLIN};
	}
	if (x->answer_by_ns) {
		uint64_t now = clock_now_ns();
		uint64_t left_ms = x->answer_by_ns > now ? (x->answer_by_ns - now) / 1000000 + 1
							 : 0;
		if (timeout_ms < 0 || left_ms < (uint64_t)timeout_ms)
			timeout_ms = (int)left_ms;
	}
	return timeout_ms;
}

void exec_relay(struct execution *x, void (*on_answer)(struct execution *x),
		void (*on_signal)(struct execution *x, int number),
		void (*on_late)(struct execution *x))
{
	while (!x->is_over) {
		struct pollfd fds[5];
		int timeout_ms = list_sources(x, fds);

		if (poll(fds, 2 + x->way_count, timeout_ms) < 0)
			continue;
		for (size_t i = 0; i < x->way_count; i++)
			if (fds[2 + i].revents && x->ways[i].is_typed)
				pass_typed(x, &x->ways[i]);
			else if (fds[2 + i].revents)
				pass_said(x, &x->ways[i]);
		if (fds[0].revents)
			on_answer(x);
		if (fds[1].revents && !x->is_over)
			take_signal(x, on_signal);
		if (x->answer_by_ns && clock_now_ns() >= x->answer_by_ns && !x->is_over)
			on_late(x);
	}
	drain(x);
}
