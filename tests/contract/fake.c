/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How small a wall is: this one draws none. CMD is a plain child, made with what a first course in
 * Unix teaches (fork, pipe, execvp, kill), and yet options, directory, journal, console, attach,
 * exec, stop, pause and removal work, for all of that is the worker runtime's. The contract suite
 * runs on it as on the real ones; read it before you write a wall of your own.
 *
 *	start: one child, its output pumped → ready → its pidfd is readable → exited
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "worker.h"

enum { EXECS_MAX = 16 };

struct child {
	pid_t pid; /* also its process group; 0: none */
	int pidfd;
	unsigned exec_id; /* 0: the main program */
};

struct fake {
	struct child children[1 + EXECS_MAX]; /* the first is the main program */
	int input_fd;                         /* pipe or pty master, -1: no input */
	bool is_paused;
};

static struct child *find_child(struct fake *fake, unsigned exec_id)
{
	for (size_t i = 0; i <= EXECS_MAX; i++)
		if (fake->children[i].pid && fake->children[i].exec_id == exec_id)
			return &fake->children[i];
	return NULL;
}

/* ---- children ---- */

/* In the child: become the program. What fails is told through `error_fd`, which a successful
 * execve closes. */
static void become(struct worker *w, const struct worker_exec *x, int error_fd)
{
	const char *path = getenv("PATH");
	char image[PATH_MAX], both[2 * PATH_MAX];
	int code;

	worker_child_signals();
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(x->fds[fd], fd) < 0)
			_exit(WORKER_STATUS_FAILED);
	if (x->is_tty)
		ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	for (char *const *word = x->env; word && *word; word++)
		putenv(*word);
	/* The same programs as inside the other walls, then the host's. */
	worker_data_path(w, "../../images/base/bin", image, sizeof(image));
	snprintf(both, sizeof(both), "%s:%s", image, path ? path : "/bin:/usr/bin");
	setenv("PATH", both, 1);
	if (!x->workdir || !x->workdir[0] || chdir(x->workdir) == 0) {
		if (x->program_fd >= 0)
			fexecve(x->program_fd, x->argv, environ);
		else
			execvp(x->argv[0], x->argv);
	}
	code = errno;
	fd_write_all(error_fd, &code, sizeof(code));
	_exit(WORKER_STATUS_FAILED);
}

/* Starts a program with x's descriptors. */
static int spawn(struct worker *w, const struct worker_exec *x, struct child *child, struct err *e)
{
	int errors[2], code = 0;
	pid_t pid;

	if (pipe2(errors, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	pid = fork();
	if (pid == 0)
		become(w, x, errors[1]);
	fd_close(&errors[1]);
	if (pid < 0) {
		fd_close(&errors[0]);
		return err_sys(e, errno, "fork");
	}
	if (fd_read_full(errors[0], &code, sizeof(code)) == sizeof(code)) {
		fd_close(&errors[0]);
		waitpid(pid, NULL, 0);
		err_sys(e, code, "run '%s'", x->argv[0]);
		return worker_command_error(w, -code);
	}
	fd_close(&errors[0]);
	*child = (struct child){.pid = pid, .exec_id = x->id};
	child->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return child->pidfd < 0 ? err_sys(e, errno, "watch process %d", pid) : 0;
}

static void on_child_end(struct worker *w, int fd, short revents, void *arg)
{
	struct child *child = arg;
	unsigned exec_id = child->exec_id;
	int status = 0;

	(void)revents;
	waitpid(child->pid, &status, 0);
	worker_unwatch(w, fd);
	fd_close(&child->pidfd);
	child->pid = 0;
	if (exec_id)
		worker_exec_exited(w, exec_id, status);
	else
		worker_exited(w, status);
}

/* ---- the console ---- */

static int open_terminal(struct worker *w, struct fake *fake, struct worker_exec *x, struct err *e)
{
	struct winsize size = {0};
	unsigned rows, columns;
	int master, slave, copy;

	worker_window_size(w, &rows, &columns);
	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)columns;
	if (openpty(&master, &slave, NULL, NULL, &size) < 0)
		return err_sys(e, errno, "make a terminal");
	fcntl(master, F_SETFD, FD_CLOEXEC);
	x->fds[0] = slave;
	x->fds[1] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
	x->fds[2] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
	x->is_tty = true;
	copy = fcntl(master, F_DUPFD_CLOEXEC, 3);
	fake->input_fd = master;
	return worker_pump(w, copy, WORKER_STDOUT, e);
}

static int open_pipes(struct worker *w, struct fake *fake, struct worker_exec *x, struct err *e)
{
	int pair[2], r = 0;

	for (int fd = 1; r == 0 && fd <= 2; fd++) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return err_sys(e, errno, "make a pipe");
		x->fds[fd] = pair[1];
		r = worker_pump(w, pair[0], fd == 1 ? WORKER_STDOUT : WORKER_STDERR, e);
	}
	if (r < 0)
		return r;
	if (!worker_spec(w)->interactive) {
		x->fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return x->fds[0] < 0 ? err_sys(e, errno, "open '/dev/null'") : 0;
	}
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	x->fds[0] = pair[0];
	fake->input_fd = pair[1];
	return fd_set_nonblocking(fake->input_fd, true);
}

/* ---- the wall ---- */

static int start(struct worker *w, struct err *e)
{
	static const char *const default_command[] = {"isolab-work", NULL};
	const struct sandbox_spec *spec = worker_spec(w);
	struct fake *fake = calloc(1, sizeof(*fake));
	struct worker_exec x = {.fds = {-1, -1, -1}, .program_fd = -1};
	uint64_t begin = clock_now_ns();
	int r;

	if (!fake)
		return err_sys(e, ENOMEM, "start");
	fake->input_fd = -1;
	worker_set_state(w, fake);
	x.argv = spec->argv[0] ? spec->argv : (char **)default_command;
	x.env = spec->env;
	x.workdir = spec->workdir;
	r = spec->tty ? open_terminal(w, fake, &x, e) : open_pipes(w, fake, &x, e);
	if (r == 0)
		r = spawn(w, &x, &fake->children[0], e);
	for (int fd = 0; fd < 3; fd++)
		fd_close(&x.fds[fd]);
	if (r == 0)
		r = worker_watch(w, fake->children[0].pidfd, POLLIN, on_child_end,
				 &fake->children[0], e);
	if (r < 0)
		return r;
	worker_step(w, "exec", begin, "the program replaces the child");
	worker_ready(w);
	return 0;
}

/* To all processes of one program: its session is its process group. */
static int signal_child(const struct child *child, int signal_number, struct err *e)
{
	if (!child || !child->pid)
		return err_set(e, ESRCH, "the program has ended");
	return kill(-child->pid, signal_number) < 0 ? err_sys(e, errno, "signal it") : 0;
}

static int signal_main(struct worker *w, int signal_number, struct err *e)
{
	struct fake *fake = worker_state(w);

	return signal_child(&fake->children[0], signal_number, e);
}

static void signal_all(struct fake *fake, int signal_number)
{
	for (size_t i = 0; i <= EXECS_MAX; i++)
		signal_child(&fake->children[i], signal_number, NULL);
}

static int kill_all(struct worker *w, struct err *e)
{
	(void)e;
	signal_all(worker_state(w), SIGKILL);
	return 0;
}

static int pause_all(struct worker *w, bool on, struct err *e)
{
	(void)e;
	signal_all(worker_state(w), on ? SIGSTOP : SIGCONT);
	return 0;
}

static int resize(struct worker *w, unsigned rows, unsigned columns, struct err *e)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	const struct fake *fake = worker_state(w);

	if (fake->input_fd >= 0 && ioctl(fake->input_fd, TIOCSWINSZ, &size) < 0 && errno != ENOTTY)
		return err_sys(e, errno, "resize its terminal");
	return 0;
}

static ssize_t input(struct worker *w, const void *data, size_t length)
{
	static const char end_of_file = 'D' & 0x1f;
	struct fake *fake = worker_state(w);
	ssize_t n;

	if (length == 0 && !worker_spec(w)->tty) {
		fd_close(&fake->input_fd);
		return 0;
	}
	if (fake->input_fd < 0)
		return -EPIPE;
	n = write(fake->input_fd, length ? data : &end_of_file, length ? length : 1);
	return n < 0 ? -errno : n;
}

static int exec(struct worker *w, struct worker_exec *x, struct err *e)
{
	struct fake *fake = worker_state(w);
	struct child *child = &fake->children[1];
	int r;

	while (child < fake->children + EXECS_MAX && child->pid)
		child++;
	r = spawn(w, x, child, e);
	for (int fd = 0; fd < 3; fd++)
		fd_close(&x->fds[fd]);
	return r < 0 ? r : worker_watch(w, child->pidfd, POLLIN, on_child_end, child, e);
}

static int exec_signal(struct worker *w, unsigned id, int signal_number, struct err *e)
{
	return signal_child(find_child(worker_state(w), id), signal_number, e);
}

static void finish(struct worker *w)
{
	struct fake *fake = worker_state(w);

	if (!fake)
		return;
	signal_all(fake, SIGKILL);
	fd_close(&fake->input_fd);
	for (size_t i = 0; i <= EXECS_MAX; i++)
		if (fake->children[i].pid)
			fd_close(&fake->children[i].pidfd);
	free(fake);
}

static void check(void (*say)(void *arg, const struct worker_check *), void *arg)
{
	say(arg, &(struct worker_check){.name = "fork", .status = "ok", .found = "as everywhere"});
}

static const struct wall fake_wall = {
    .kind = "fake",
    .check = check,
    .start = start,
    .signal = signal_main,
    .kill = kill_all,
    .pause = pause_all,
    .resize = resize,
    .input = input,
    .exec = exec,
    .exec_signal = exec_signal,
    .finish = finish,
};

int main(int argc, char **argv)
{
	static const struct wall *const walls[] = {&fake_wall, NULL};

	return worker_main(argc, argv, walls);
}
