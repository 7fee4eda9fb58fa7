// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The walls `container` and `process` as the worker runtime sees them (engine/base/worker.h).
 * Start is container_run(), plus telling the journal what happened when. Afterwards a pidfd is
 * watched: process 1 inside. When that ends, the kernel ends all others of its pid namespace,
 * so kill is one signal to one process. Without a pid namespace the worker adopts the orphans
 * and ends them itself.
 */
#include "wall.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "describe.h"
#include "fd.h"
#include "kernel.h"
#include "members.h"

enum { EARLY_NS = 50 * 1000 * 1000 };

#ifndef TIOCSIG
#define TIOCSIG _IOW('T', 0x36, int)
#endif
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static const char *const default_command[] = {"isolab-work", NULL};

static struct container *container_of(const struct worker *w)
{
	return &((struct wall_state *)worker_state(w))->container;
}

static bool has_pid_namespace(const struct container *c)
{
	return c->namespaces & CLONE_NEWPID;
}

static void journal_steps(struct worker *w, const struct container *c)
{
	const struct container_report *report = c->report;
	bool is_root_mapped = c->namespaces & CLONE_NEWUSER && c->idmap.first_uid == 0;

	for (enum step step = 0; step < STEPS; step++)
		if (!steps[step].is_quiet && report->start_ns[step] && report->end_ns[step])
			worker_step_at(w, steps[step].name, report->start_ns[step],
				       report->end_ns[step], step_text(c, step));
	if (is_root_mapped)
		worker_note(w, "idmap",
			    "root inside is root of the namespace around us: that has no "
			    "other ids to give");
	if (!(c->namespaces & CLONE_NEWUSER) && !c->is_bare && geteuid() == 0)
		worker_note(w, "brick", "without a user namespace root inside is the host's root");
	if (*report->limit_note)
		worker_note(w, "limit", "%s", report->limit_note);
	if (*report->brick_note)
		worker_note(w, "brick", "%s", report->brick_note);
}

static int wait_status(const siginfo_t *ended)
{
	if (ended->si_code == CLD_EXITED)
		return (ended->si_status & 0xff) << 8;
	return ended->si_status | (ended->si_code == CLD_DUMPED ? 0x80 : 0);
}

/* With too small a limit of memory the kernel ends a program while it executes it, without a word:
 * we have one. */
static void note_early_end(struct worker *w, const struct container *c, const siginfo_t *ended)
{
	uint64_t exec_ns = c->report->end_ns[STEP_EXEC];
	bool is_early = clock_now_ns() - exec_ns < EARLY_NS;

	if (!c->spec->ulimits || !c->spec->ulimits[0] || !is_early ||
	    ended->si_code == CLD_EXITED ||
	    (ended->si_status != SIGSEGV && ended->si_status != SIGKILL))
		return;
	worker_note(w, "limit",
		    "the program was killed as soon as it began: is --ulimit as, data or stack "
		    "too small for it?");
}

static void on_main_exit(struct worker *w, int fd, short revents, void *arg)
{
	struct container *c = container_of(w);
	siginfo_t ended = {0};

	(void)revents;
	(void)arg;
	if (waitid(P_PIDFD, (id_t)fd, &ended, WEXITED) < 0)
		return;
	worker_unwatch(w, fd);
	c->pidfd = -1; /* nobody to signal any more; closed with the worker, which ends now */
	if (!has_pid_namespace(c)) {
		cgroup_kill(&c->cgroup); /* at one blow, where the kernel can */
		members_kill_all();
	}
	limits_tell(w);
	note_early_end(w, c, &ended);
	notify_tell(((struct wall_state *)worker_state(w))->notify);
	worker_exited(w, wait_status(&ended));
}

static int is_ours(void *arg, pid_t pid)
{
	const struct wall_state *state = arg;

	if (pid == state->container.pid)
		return 1;
	for (int i = 0; i < ENTERED_MAX; i++)
		if (state->entered.entries[i].pidfd >= 0 && state->entered.entries[i].pid == pid)
			return 1;
	return 0;
}

/* The worker's own ends of the console. */
static int watch_console(struct worker *w, struct container *c, struct err *e)
{
	int r = 0;

	if (c->console[0] >= 0)
		r = fd_set_nonblocking(c->console[0], true);
	if (r == 0 &&
	    c->spec->tty) /* the master is both ways: one copy to read from, one to write to */
		c->console[1] = fcntl(c->console[0], F_DUPFD_CLOEXEC, 3);
	if (r == 0 && c->console[1] >= 0)
		r = worker_pump(w, fd_move(&c->console[1]), WORKER_STDOUT, e);
	if (r == 0 && c->console[2] >= 0)
		r = worker_pump(w, fd_move(&c->console[2]), WORKER_STDERR, e);
	return r;
}

static int watch_all(struct worker *w, struct container *c, struct err *e)
{
	int r = watch_console(w, c, e);

	if (r == 0)
		r = worker_watch(w, c->pidfd, POLLIN, on_main_exit, NULL, e);
	if (r == 0)
		r = lab_watch(w, &c->lab, e);
	/* With a pid namespace the death signal ends all; else a later sweep needs to know whom
	 * to look for. */
	if (r == 0 && !has_pid_namespace(c))
		r = rundir_record_process(worker_rundir(w), "init", c->pid, e);
	return r;
}

static int prepare_lab(struct worker *w, struct wall_state *state, struct err *e)
{
	state->net_program = malloc(PATH_MAX);
	if (!state->net_program)
		return err_sys(e, ENOMEM, "start a sandbox");
	state->container.lab.program = worker_data_path(w, "isolab-net", state->net_program,
							PATH_MAX);
	state->container.lab.base_fd = worker_rundir(w)->base_fd;
	return 0;
}

static int prepare(struct worker *w, struct wall_state *state, struct err *e)
{
	const struct sandbox_spec *spec = worker_spec(w);
	struct container *c = &state->container;

	worker_data_path(w, "images/base", state->image, sizeof(state->image));
	container_init(c, spec,
		       spec->image && strcmp(spec->kind, "container") == 0 ? spec->image
									   : state->image);
	worker_window_size(w, &c->rows, &c->columns);
	if (lab_is_wanted(c)) {
		int r = prepare_lab(w, state, e);
		if (r < 0)
			return r;
	}
	if (c->namespaces & CLONE_NEWUSER)
		files_choose_users(c);
	c->argv = spec->argv && spec->argv[0] ? spec->argv : (char **)default_command;
	if (!has_pid_namespace(c)) {
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		int r = rundir_mark(worker_rundir(w), c->mark, sizeof(c->mark), e);
		if (r < 0)
			return r;
	}
	c->env = container_environment(c, NULL);
	if (!c->env)
		return err_sys(e, ENOMEM, "make the environment");
	if (!cgroup_is_asked(spec))
		return 0;
	return rundir_cgroup_name(worker_rundir(w), c->cgroup.name, sizeof(c->cgroup.name), e);
}

/* From now on the worker answers for the filter that `listener` belongs to. */
static void hear_refusals(struct worker *w, int *listener)
{
	struct wall_state *state = worker_state(w);

	if (*listener >= 0)
		notify_add(&state->notify, w, fd_move(listener));
}

static int wall_start(struct worker *w, struct err *e)
{
	struct wall_state *state = worker_memory(w, sizeof(*state));

	if (!state)
		return err_sys(e, ENOMEM, "start a sandbox");
	enter_list_init(&state->entered);
	limits_init(&state->limits);
	worker_set_state(w, state);
	int r = prepare(w, state, e);
	if (r < 0)
		return r;
	r = container_run(&state->container, e);
	if (state->container.report)
		journal_steps(w, &state->container);
	if (r < 0)
		return state->container.report && state->container.report->is_command_error
			   ? worker_command_error(w, r)
			   : r;
	r = watch_all(w, &state->container, e);
	if (r == 0) {
		hear_refusals(w, &state->container.listener);
		worker_ready(w);
		limits_watch(w);
		if (!worker_spec(w)->remove)
			worker_when_idle(w, describe_when_idle);
	}
	return r;
}

/* True if the process sits in sigwait(3): for so long the kernel shows none of the signals that it
 * waits for as blocked. If we may not know, it may hear. */
static bool may_be_waiting(pid_t pid)
{
	char path[32], text[256];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	return fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0 ||
	       strtol(text, NULL, 10) == SYS_rt_sigtimedwait;
}

static bool has_signal(const char *status, const char *mask, int signal_number)
{
	const char *found = strstr(status, mask);

	return found && strtoull(found + strlen(mask), NULL, 16) & 1ULL << (signal_number - 1);
}

/* True if nobody inside will hear the signal: either the program ignores it, as everybody may, or
 * it falls into the trap of process 1, which does not even notice what it has no handler for. */
static bool note_unheard(struct worker *w, const struct container *c, int signal_number)
{
	char path[32], text[4096], name[24];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)c->pid);
	/* These act, or mean nothing, without the program's help. */
	if (signal_number == SIGKILL || signal_number == SIGSTOP || signal_number == SIGCONT ||
	    signal_number == SIGWINCH || fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	worker_signal_name(signal_number, name, sizeof(name));
	if (has_signal(text, "SigIgn:\t", signal_number)) {
		worker_note(w, "stop", "the program ignores %s", name);
		return true;
	}
	if (!has_pid_namespace(c) || has_signal(text, "SigCgt:\t", signal_number) ||
	    has_signal(text, "SigBlk:\t", signal_number) || may_be_waiting(c->pid))
		return false;
	worker_note(w, "stop",
		    "the program is process 1 of its pid namespace and has no handler for %s: the "
		    "kernel drops it (with --init something else is process 1)",
		    name);
	return true;
}

static int wall_signal(struct worker *w, int signal_number, struct err *e)
{
	struct container *c = container_of(w);
	bool is_unheard = note_unheard(w, c, signal_number);

	if (kernel_pidfd_send_signal(c->pidfd, signal_number) < 0)
		return err_sys(e, errno, "send signal %d", signal_number);
	return is_unheard;
}

static int wall_kill(struct worker *w, struct err *e)
{
	struct wall_state *state = worker_state(w);
	struct container *c = &state->container;

	if (c->pidfd >= 0 && kernel_pidfd_send_signal(c->pidfd, SIGKILL) < 0 && errno != ESRCH)
		return err_sys(e, errno, "kill the sandbox");
	/* A frozen process keeps the signal until it thaws. */
	cgroup_freeze(&c->cgroup, false, NULL);
	return 0;
}

static int wall_resize(struct worker *w, unsigned rows, unsigned columns, struct err *e)
{
	const struct container *c = container_of(w);
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	if (!c->spec->tty)
		return err_hint(e, err_set(e, ENOTTY, "this sandbox has no terminal"),
				"make it with -t");
	if (ioctl(c->console[0], TIOCSWINSZ, &size) < 0)
		return err_sys(e, errno, "resize the terminal");
	return 0;
}

static ssize_t wall_input(struct worker *w, const void *data, size_t length)
{
	struct container *c = container_of(w);
	static const char end_of_file = 4; /* Ctrl-D: what a terminal has for it */

	if (c->console[0] < 0)
		return (ssize_t)length; /* stdin is /dev/null */
	if (length == 0 && !c->spec->tty) {
		fd_close(&c->console[0]);
		return 0;
	}
	ssize_t n = length ? write(c->console[0], data, length)
			   : write(c->console[0], &end_of_file, 1);
	if (n >= 0)
		return length ? n : 0;
	if (errno == EPIPE || errno == EIO) /* nobody reads any more */
		return (ssize_t)length;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* The signal that the terminal means by a key, as its program has set it; 0: none. */
static int signal_of_key(const struct termios *terminal, char key)
{
	static const struct {
		int key, signal_number;
	} keys[] = {{VINTR, SIGINT}, {VQUIT, SIGQUIT}, {VSUSP, SIGTSTP}};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (terminal->c_lflag & ISIG && terminal->c_cc[keys[i].key] == (cc_t)key)
			return keys[i].signal_number;
	return 0;
}

/* The line discipline looks at a key when its buffer has room; nobody reads, so it has none. */
static bool wall_interrupt(struct worker *w, char key)
{
	const struct container *c = container_of(w);
	struct termios terminal;

	if (!c->spec->tty || tcgetattr(c->console[0], &terminal) < 0)
		return false;
	int number = signal_of_key(&terminal, key);
	if (!number || ioctl(c->console[0], TIOCSIG, number) < 0)
		return false;
	/* What waits in between goes, too: half in the master's buffer, half in the slave's. */
	tcflush(c->console[0], TCOFLUSH);
	auto_close int slave = ioctl(c->console[0], TIOCGPTPEER,
				     O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (slave >= 0)
		tcflush(slave, TCIFLUSH);
	return true;
}

static void on_entered_exit(struct worker *w, int fd, short revents, void *arg)
{
	struct wall_state *state = worker_state(w);
	struct entered *entered = enter_find_pidfd(&state->entered, fd);

	(void)revents;
	(void)arg;
	worker_unwatch(w, fd);
	if (!entered)
		return;
	notify_tell(state->notify);
	unsigned id = entered->id;
	int status = enter_reap(entered);
	if (!has_pid_namespace(&state->container))
		members_reap(is_ours, state);
	worker_exec_exited(w, id, status);
}

static int wall_exec(struct worker *w, struct worker_exec *x, struct err *e)
{
	struct wall_state *state = worker_state(w);
	struct container *c = &state->container;
	struct entered *entered;
	/* A program of ours that reads facts tries refused calls on purpose. */
	c->counts_refusals = x->program_fd < 0 && notify_has_room(state->notify);
	int r = enter_start(c, &state->entered, x, &entered, e);

	if (r < 0)
		return state->entered.is_command_error ? worker_command_error(w, r) : r;
	for (int i = 0; i < 3; i++)
		fd_close(&x->fds[i]);
	hear_refusals(w, &entered->listener);
	return worker_watch(w, entered->pidfd, POLLIN, on_entered_exit, NULL, e);
}

static int wall_exec_signal(struct worker *w, unsigned id, int signal_number, struct err *e)
{
	struct wall_state *state = worker_state(w);
	const struct entered *entered = enter_find(&state->entered, id);

	if (!entered)
		return err_set(e, ESRCH, "that program has ended");
	if (kernel_pidfd_send_signal(entered->pidfd, signal_number) < 0)
		return err_sys(e, errno, "send signal %d", signal_number);
	return 0;
}

static void wall_finish(struct worker *w)
{
	struct wall_state *state = worker_state(w);

	if (!state)
		return;
	if (!worker_spec(w)->remove)
		describe_save_calls(w, NULL);
	cgroup_freeze(&state->container.cgroup, false, NULL);
	if (!has_pid_namespace(&state->container))
		members_kill_all();
	enter_list_finish(&state->entered);
	limits_finish(w);
	notify_destroy(state->notify);
	container_finish(&state->container);
	free(state->net_program);
	worker_set_state(w, NULL);
}

const struct wall container_wall = {
    .kind = "container",
    .exec_takes_user = true,
    .check = wall_check,
    .start = wall_start,
    .signal = wall_signal,
    .kill = wall_kill,
    .pause = wall_pause,
    .update = wall_update,
    .resize = wall_resize,
    .input = wall_input,
    .interrupt = wall_interrupt,
    .exec = wall_exec,
    .exec_signal = wall_exec_signal,
    .describe = wall_describe,
    .finish = wall_finish,
};

const struct wall process_wall = {
    .kind = "process",
    .needs_directory = true,
    .exec_takes_user = true,
    .start = wall_start,
    .signal = wall_signal,
    .kill = wall_kill,
    .pause = wall_pause,
    .update = wall_update,
    .resize = wall_resize,
    .input = wall_input,
    .interrupt = wall_interrupt,
    .exec = wall_exec,
    .exec_signal = wall_exec_signal,
    .describe = wall_describe,
    .finish = wall_finish,
};
