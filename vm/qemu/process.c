/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU as a child: it is looked for in PATH, born into namespaces (jail.c) where they can be had,
 * and told by its command line (launch.c) what machine to make. It inherits nothing to read, a
 * socket for its complaints, those of its wires, and what it was passed. A pipe that execve closes
 * says whether it got that far: `walls` that cannot be had are no reason not to run, so it is then
 * born again without them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "qemu.h"
#include "str.h"
#include "worker.h"

#define PROGRAM "qemu-system-x86_64"
#define NAMESPACES \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

enum {
	FD_PASSED = QEMU_FIRST_FD + QEMU_WORDS,
	FD_ABOVE = 100, /* out of the way of all of these */
};

_Static_assert(FD_PASSED + QEMU_PASSED_MAX + QEMU_FILES_MAX <= FD_ABOVE, "out of the way");

/* What the child is made of. */
struct birth {
	const struct qemu_launch *launch;
	char program[PATH_MAX];
	int wires[QEMU_WIRES]; /* its ends */
	int ours[QEMU_WIRES];  /* the worker's: held by the child too, they would hide its end */
	int told;
	uid_t uid;
	gid_t gid;
	bool is_in_jail;
};

/* ---- where it is ---- */

int qemu_find(char *path, size_t size, struct err *e)
{
	const char *places = getenv("PATH");
	char candidate[PATH_MAX], real[PATH_MAX];

	for (const char *at = places ? places : "/usr/local/bin:/usr/bin:/bin"; at && *at;) {
		size_t length = strcspn(at, ":");
		if (*at == '/' &&
		    (size_t)snprintf(candidate, sizeof(candidate), "%.*s/" PROGRAM, (int)length,
				     at) < sizeof(candidate) &&
		    access(candidate, X_OK) == 0 && realpath(candidate, real) &&
		    str_copy(path, size, real))
			return 0;
		at += length + (at[length] == ':');
	}
	return err_hint(e, err_set(e, ENOENT, PROGRAM " is not installed"),
			"it emulates the processor: sudo apt install qemu-system-x86 (Fedora: "
			"qemu-system-x86-core, Arch: qemu-system-x86)");
}

/* ---- the child ---- */

/* Where it finds its files depends on whether it has a root of its own. */
static void name_files(struct qemu_launch *launch, bool is_in_jail)
{
	for (unsigned i = 0; i < launch->file_count; i++) {
		const struct qemu_file *file = &launch->files[i];
		if (is_in_jail)
			qemu_launch_option(launch, file->option, "%s/%s", file->prefix, file->name);
		else
			qemu_launch_option(launch, file->option, "%s/proc/self/fd/%u", file->prefix,
					   FD_PASSED + launch->passed_count + i);
	}
	launch->words[launch->word_count] = NULL;
}

/* Out of the way of the numbers that are given away below: it may lie at one of them. */
static int move_up(int *fd, struct err *e)
{
	*fd = fcntl(*fd, F_DUPFD_CLOEXEC, FD_ABOVE);
	return *fd < 0 ? err_sys(e, errno, "move a descriptor") : 0;
}

/* Puts all at their numbers. The files of one in a jail stay ours, to be copied. */
static int pass_descriptors(const struct birth *birth, struct qemu_launch *launch, struct err *e)
{
	int *all[FD_ABOVE], null = open("/dev/null", O_RDONLY | O_CLOEXEC), r = 0;
	int wires[QEMU_WIRES];
	unsigned count = 0;

	memcpy(wires, birth->wires, sizeof(wires));
	all[count++] = &null;
	all[count++] = &wires[QEMU_WORDS];
	all[count++] = &wires[QEMU_WORDS];
	for (unsigned i = 0; i < QEMU_WORDS; i++)
		all[count++] = &wires[i];
	for (unsigned i = 0; i < launch->passed_count; i++)
		all[count++] = &launch->passed[i];
	unsigned passed = count + (birth->is_in_jail ? 0 : launch->file_count);
	for (unsigned i = 0; i < launch->file_count; i++)
		all[count++] = &launch->files[i].fd;
	for (unsigned i = 0; r == 0 && i < count; i++)
		r = move_up(all[i], e);
	for (unsigned i = 0; r == 0 && i < passed; i++)
		if (dup2(*all[i], (int)i) < 0)
			r = err_sys(e, errno, "pass a descriptor on");
	return r;
}

/* Never comes back. What fails before QEMU runs is said through the pipe. */
static void become_qemu(struct birth *birth)
{
	static char path[] = "PATH=/usr/bin:/bin";
	static char *const environment[] = {path, NULL};
	struct qemu_launch launch = *birth->launch;
	struct err error = {0};
	int told = fcntl(birth->told, F_DUPFD_CLOEXEC, 2 * FD_ABOVE), r = 0;

	for (int i = 0; i < QEMU_WIRES; i++)
		close(birth->ours[i]);
	worker_child_signals();
	setsid(); /* the terminal's Ctrl-C is the worker's to hear */
	/* the words lie in birth's launch, which is as much ours */
	name_files(&launch, birth->is_in_jail);
	if (launch.is_overfull)
		r = err_set(&error, E2BIG, "its command line is too long");
	if (r == 0) /* before the root without /dev */
		r = pass_descriptors(birth, &launch, &error);
	if (r == 0 && birth->is_in_jail)
		r = jail_enter(birth->uid, birth->gid, birth->program, &launch, &error);
	if (r == 0)
		r = jail_lock(QEMU_FIRST_FD + QEMU_MONITOR, launch.file_bytes_max, &error);
	if (r == 0) {
		execve(birth->program, launch.words, environment);
		err_sys(&error, errno, "run '%s'", birth->program);
	}
	ssize_t unused = write(told, error.what, strlen(error.what));
	(void)unused;
	_exit(WORKER_STATUS_FAILED);
}

/* ---- the parent ---- */

/* The child of one attempt. 1: QEMU runs. 0: it could not, `why` says what. */
static int give_birth(struct birth *birth, pid_t *ret_pid, char *why, size_t size, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	birth->told = ends[1];
	pid_t pid = birth->is_in_jail
			? (pid_t)syscall(SYS_clone, NAMESPACES | SIGCHLD, NULL, NULL, NULL, NULL)
			: fork();
	if (pid == 0)
		become_qemu(birth);
	int code = errno;
	fd_close(&ends[1]);
	ssize_t n = pid < 0 ? 0 : fd_read_full(ends[0], why, size - 1);
	why[n > 0 ? n : 0] = '\0';
	fd_close(&ends[0]);
	if (pid < 0)
		snprintf(why, size, "make namespaces: %s", strerror(code));
	else if (n > 0)
		waitpid(pid, NULL, 0);
	*ret_pid = pid;
	return pid > 0 && n == 0;
}

static int make_wires(struct birth *birth, struct qemu_process *process, struct err *e)
{
	int ends[2];

	for (int i = 0; i < QEMU_WIRES; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
			return err_sys(e, errno, "make QEMU's lines");
		process->wires[i] = birth->ours[i] = ends[0];
		birth->wires[i] = ends[1];
		fd_set_nonblocking(ends[0], true);
	}
	return 0;
}

void qemu_process_init(struct qemu_process *process)
{
	*process = (struct qemu_process){.pid_fd = -1};
	for (int i = 0; i < QEMU_WIRES; i++)
		process->wires[i] = -1;
}

static int try_births(struct birth *birth, struct qemu_process *process, struct err *e)
{
	char why[160];
	int r = give_birth(birth, &process->pid, process->why_not, sizeof(process->why_not), e);

	process->is_walled_in = r > 0;
	if (r == 0) {
		birth->is_in_jail = false;
		r = give_birth(birth, &process->pid, why, sizeof(why), e);
	}
	if (r == 0)
		r = err_set(e, ENOEXEC, "QEMU does not start: %s", why);
	if (r < 0) {
		process->pid = 0;
		return r;
	}
	process->pid_fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	return process->pid_fd < 0 ? err_sys(e, errno, "watch QEMU's process") : 0;
}

int qemu_process_start(const struct qemu_launch *launch, struct qemu_process *ret, struct err *e)
{
	struct birth birth = {.launch = launch,
			      .uid = geteuid(),
			      .gid = getegid(),
			      .is_in_jail = true};
	int r = qemu_find(birth.program, sizeof(birth.program), e);

	for (int i = 0; i < QEMU_WIRES; i++)
		birth.wires[i] = -1;
	if (r == 0 && launch->is_overfull)
		r = err_set(e, E2BIG, "the machine has more devices than QEMU can be told");
	if (r == 0)
		r = make_wires(&birth, ret, e);
	if (r == 0)
		r = try_births(&birth, ret, e);
	for (int i = 0; i < QEMU_WIRES; i++)
		fd_close(&birth.wires[i]);
	return r;
}

void qemu_process_finish(struct qemu_process *process)
{
	if (process->pid > 0) {
		kill(process->pid, SIGKILL);
		while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	fd_close(&process->pid_fd);
	for (int i = 0; i < QEMU_WIRES; i++)
		fd_close(&process->wires[i]);
	qemu_process_init(process);
}
