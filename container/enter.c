// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Joining takes two steps, since a process never changes its own pid namespace: a messenger
 * joins all namespaces of process 1 by its pidfd (setns(2)), then makes the program's process
 * inside, as a child of the worker (CLONE_PARENT), tells its number and is gone. That process
 * puts itself into the cgroup, becomes root inside, gives up capabilities and calls as
 * process 1 did, and execs.
 *
 * What surprises: from the join on, programs inside can see these two in /proc, while they
 * still are our worker's image. They are made undumpable first, so that nobody inside may look
 * at them or open /proc/PID/exe (CVE-2019-5736), and they hold no descriptor but their own.
 */
#include "enter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "console_ends.h"
#include "fd.h"
#include "hooks.h"
#include "kernel.h"
#include "own_program.h"
#include "pass.h"
#include "rlimits.h"
#include "workdir.h"
#include "worker.h"

enum { PROGRAM_FD = CHILD_SOCKET + 1, EXEC_PATIENCE_MS = 2000 };
enum { MEMORY_DEVICES = 1 /* major number of null, zero, random … */ };

/* What worker, messenger and program share while the program is started. */
struct meeting {
	pid_t pid; /* of the program's process, as the worker sees it */
	bool is_command_error;
	struct err error;
};

struct entry {
	struct container *container;
	struct worker_exec *exec;
	char **env;
	int socket[2]; /* worker's end, program's end */
	struct meeting *meeting;
};

void enter_list_init(struct enter_list *list)
{
	for (int i = 0; i < ENTERED_MAX; i++)
		list->entries[i] = (struct entered){.pidfd = -1, .listener = -1};
}

struct entered *enter_find(struct enter_list *list, unsigned id)
{
	for (int i = 0; i < ENTERED_MAX; i++)
		if (list->entries[i].pidfd >= 0 && list->entries[i].id == id)
			return &list->entries[i];
	return NULL;
}

struct entered *enter_find_pidfd(struct enter_list *list, int pidfd)
{
	for (int i = 0; i < ENTERED_MAX; i++)
		if (list->entries[i].pidfd == pidfd)
			return &list->entries[i];
	return NULL;
}

int enter_reap(struct entered *entered)
{
	int status = 0;

	while (waitpid(entered->pid, &status, 0) < 0 && errno == EINTR)
		;
	fd_close(&entered->pidfd);
	return status;
}

void enter_list_finish(struct enter_list *list)
{
	for (int i = 0; i < ENTERED_MAX; i++) {
		struct entered *entered = &list->entries[i];
		if (entered->pidfd < 0)
			continue;
		kernel_pidfd_send_signal(entered->pidfd, SIGKILL);
		enter_reap(entered);
	}
}

/* The program's own descriptors at 0–2, the socket, perhaps the program itself; nothing else.
 * They come from a front and may have any number: first all go up out of the way. */
static int take_descriptors(const struct entry *entry, struct err *e)
{
	const int wanted[] = {entry->exec->fds[0], entry->exec->fds[1], entry->exec->fds[2],
			      entry->socket[1], entry->exec->program_fd};
	int moved[5];

	for (int i = 0; i < 5; i++) {
		moved[i] = wanted[i] < 0 ? -1 : fcntl(wanted[i], F_DUPFD_CLOEXEC, PROGRAM_FD + 1);
		if (wanted[i] >= 0 && moved[i] < 0)
			return err_sys(e, errno, "copy a descriptor");
	}
	for (int i = 0; i < 5; i++) {
		if (moved[i] < 0)
			close(i);
		else if (dup3(moved[i], i, i < CHILD_SOCKET ? 0 : O_CLOEXEC) < 0)
			return err_sys(e, errno, "take a descriptor");
	}
	if (kernel_close_range(PROGRAM_FD + 1, ~0U, 0) < 0)
		return err_sys(e, errno, "close what was inherited");
	return 0;
}

static int await_go(struct err *e)
{
	char byte;
	ssize_t n = recv(CHILD_SOCKET, &byte, 1, 0);

	if (n == 1)
		return 0;
	return n < 0 ? err_sys(e, errno, "hear from the worker")
		     : err_set(e, ECANCELED, "the worker is gone");
}

/* In this process's copy of it the container is one that is entered, as `exec` asks. */
static void describe(const struct entry *entry)
{
	struct container *c = entry->container;

	c->is_entered = true;
	c->has_terminal = entry->exec->is_tty;
	c->calls = NULL;
	c->env = entry->env;
	if (*entry->exec->user)
		c->user = entry->exec->user;
	c->keeps_home = c->keeps_home || command_getenv(entry->exec->env, "HOME");
}

/* The size that the front's own terminal has. */
static void copy_size(struct container *c)
{
	struct winsize size;

	if (ioctl(0, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		return;
	c->rows = size.ws_row;
	c->columns = size.ws_col;
}

static int run_program(const struct entry *entry, struct err *e)
{
	const struct container *c = entry->container;
	const struct worker_exec *x = entry->exec;

	umask(022);
	entry->meeting->is_command_error = true;
	int r = workdir_enter(c, *x->workdir ? x->workdir : c->spec->workdir, e);
	if (r == 0)
		r = rlimits_set(c, e);
	if (r < 0)
		return r;
	if (x->program_fd < 0)
		return command_exec(x->argv, entry->env, own_program_is_exposed(c), e);
	kernel_execveat(PROGRAM_FD, "", x->argv, entry->env, AT_EMPTY_PATH);
	return err_sys(e, errno, "run the program '%s'", x->argv[0]);
}

/* The program's process: what child.c does for process 1, without the building. */
static int become_program(const struct entry *entry, struct err *e)
{
	struct container *c = entry->container;

	container_own_session(NULL);
	describe(entry);
	int r = cgroup_enter(&c->cgroup, c->spec, e);

	if (r == 0)
		r = take_descriptors(entry, e);
	if (r == 0)
		r = await_go(e);
	if (r == 0 && c->has_terminal)
		copy_size(c);
	for (enum step step = STEP_IDENTITY; r == 0 && step < STEPS; step++)
		if (steps[step].is_for_exec && step_stands(c, step))
			r = steps[step].run(c, e);
	return r < 0 ? r : run_program(entry, e);
}

/* Who joins a mount namespace gets its root, and without pivot_root that is still the host's: so it
 * goes where process 1 stands. */
static int join(const struct container *c, struct err *e)
{
	bool is_chroot = (c->namespaces & CLONE_NEWNS) && !container_has(c, SPEC_PIVOT);
	auto_close int root = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)c->pid);
	if (is_chroot && (root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_sys(e, errno, "open the root of process 1");
	if (c->namespaces && setns(c->pidfd, (int)c->namespaces) < 0)
		return err_sys(e, errno, "join the container's namespaces");
	if (is_chroot && (fchdir(root) < 0 || chroot(".") < 0))
		return err_sys(e, errno, "change the root to that of process 1");
	return 0;
}

/* The messenger: joins, makes the program's process as its own sibling, ends. */
static void carry_inside(const struct entry *entry)
{
	const struct container *c = entry->container;
	struct clone_args arguments = {.flags = CLONE_PARENT};
	struct err *e = &entry->meeting->error;

	if (!hook_is_out("undumpable"))
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (join(c, e) < 0)
		_exit(1);
	pid_t pid = kernel_clone3(&arguments);
	if (pid == 0) {
		become_program(entry, e);
		_exit(125);
	}
	if (pid < 0)
		err_sys(e, errno, "make a process in the container");
	entry->meeting->pid = pid;
	_exit(pid < 0);
}

static void take_passed(const struct entry *entry, struct entered *entered, struct pass *pass)
{
	for (unsigned i = 0; i < pass->count; i++) {
		int *place = pass->letters[i] == PASS_LISTENER ? &entered->listener
							       : &entry->exec->terminal_fd;
		if (*place < 0)
			*place = fd_move(&pass->fds[i]);
		fd_close(&pass->fds[i]);
	}
}

/* Waits for the end of the socket, which exec closes; a terminal's master comes before. Whoever is
 * inside may stop the process before it is the program (kill(-1, SIGSTOP) in a loop): the worker
 * must not wait for ever. */
static int await_exec(const struct entry *entry, struct entered *entered, struct err *e)
{
	struct pollfd ready = {.fd = entry->socket[0], .events = POLLIN};

	for (;;) {
		struct pass pass;
		int r = poll(&ready, 1, EXEC_PATIENCE_MS);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, errno, "wait for the program");
		if (r == 0)
			return err_hint(e,
					err_set(e, ETIMEDOUT,
						"the program was not started in time"),
					"something inside may stop every new process (SIGSTOP)");
		r = pass_receive(entry->socket[0], &pass, e);
		if (r <= 0)
			return r;
		take_passed(entry, entered, &pass);
	}
}

/* Worker: sends the messenger, learns the process, limits it, says go, waits until it has
 * become the program. */
static int send_messenger(struct entry *entry, struct entered *entered, struct err *e)
{
	int cgroup = cgroup_clone_fd(&entry->container->cgroup);
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	if (cgroup >= 0) { /* v2: whom it makes is born where it was born itself */
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)cgroup;
	}
	pid_t messenger = kernel_clone3(&arguments);
	char byte = 'g';

	if (messenger < 0) {
		int r = err_sys(e, errno, "make a process");
		return r == -EAGAIN && cgroup >= 0
			   ? err_hint(e, r, "the sandbox may be at its limit: isolab update --pids")
			   : r;
	}
	if (messenger == 0)
		carry_inside(entry);
	fd_close(&entry->socket[1]);
	while (waitpid(messenger, NULL, 0) < 0 && errno == EINTR)
		;
	if (entry->meeting->pid <= 0)
		return entry->meeting->error.code ? 0 : err_set(e, EIO, "the messenger was killed");
	entered->pid = entry->meeting->pid;
	entered->pidfd = kernel_pidfd_open(entered->pid);
	if (entered->pidfd < 0)
		return err_sys(e, errno, "hold process %d", (int)entered->pid);
	int r = 0;

	if (send(entry->socket[0], &byte, 1, MSG_NOSIGNAL) < 0)
		r = err_sys(e, errno, "tell the program to go on");
	return r < 0 ? r : await_exec(entry, entered, e);
}

static int start_with(struct entry *entry, struct entered *entered, struct err *e)
{
	int r = send_messenger(entry, entered, e);

	if (r == 0 && entry->meeting->error.code) {
		*e = entry->meeting->error;
		r = -e->code;
	}
	if (r < 0 && entered->pidfd >= 0) {
		kernel_pidfd_send_signal(entered->pidfd, SIGKILL);
		enter_reap(entered);
	}
	if (r < 0)
		fd_close(&entered->listener);
	return r;
}

/* What the front hands over goes inside as it is: so it must not lead anywhere. A file could be
 * opened again for writing by /proc/self/fd, a directory is a way out (CVE-2024-21626); the front
 * puts a pipe in their place. A terminal is replaced by one of the container's own. */
static int check_given(const struct container *c, const struct worker_exec *x, struct err *e)
{
	for (int i = 0; i < 3 && !c->is_bare && !hook_is_out("exec-descriptors"); i++) {
		struct stat found;
		int flags = fcntl(x->fds[i], F_GETFL);

		if (flags < 0 || fstat(x->fds[i], &found) < 0)
			return err_sys(e, errno, "look at descriptor %d", i);
		bool is_harmless = S_ISFIFO(found.st_mode) || S_ISSOCK(found.st_mode);
		if (S_ISCHR(found.st_mode))
			is_harmless = x->is_tty || major(found.st_rdev) == MEMORY_DEVICES;
		if (is_harmless && !(flags & O_PATH))
			continue;
		err_set(e, EPERM, "descriptor %d is a %s: that would be a way out of the container",
			i, S_ISDIR(found.st_mode) ? "directory" : "file or a device");
		return err_hint(e, -EPERM, "`isolab exec` passes contents on through a pipe");
	}
	return 0;
}

int enter_start(struct container *c, struct enter_list *list, struct worker_exec *x,
		struct entered **ret_entered, struct err *e)
{
	struct entered *entered = enter_find_pidfd(list, -1);
	struct entry entry = {.container = c, .exec = x};
	int r;

	if (!entered)
		return err_set(e, EBUSY, "%d programs already run beside the first", ENTERED_MAX);
	r = check_given(c, x, e);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, entry.socket) < 0)
		return err_sys(e, errno, "make a socket to the program");
	entry.meeting = mmap(NULL, sizeof(*entry.meeting), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char **env = container_environment(c, x->env);
	entry.env = env;
	if (entry.meeting == MAP_FAILED || !env)
		r = err_sys(e, ENOMEM, "start a program");
	else
		r = start_with(&entry, entered, e);
	list->is_command_error = r < 0 && entry.meeting != MAP_FAILED &&
				 entry.meeting->is_command_error;
	if (entry.meeting != MAP_FAILED)
		munmap(entry.meeting, sizeof(*entry.meeting));
	command_free_environment(env);
	fd_close(&entry.socket[0]);
	fd_close(&entry.socket[1]);
	if (r < 0)
		return r;
	entered->id = x->id;
	*ret_entered = entered;
	return 0;
}
