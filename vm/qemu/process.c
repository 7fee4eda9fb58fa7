/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU as a child: it is looked for in PATH, born into namespaces (jail.c) where they can be had,
 * and told by its command line what machine to make: no configuration of the host's, no device but
 * those named, no program started by it (`-sandbox`). It inherits five descriptors: nothing to
 * read, a pipe for its complaints, and three sockets. A pipe that execve closes says whether it
 * got that far: `walls` that cannot be had are no reason not to run, so it is then born again
 * without them.
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
	WORDS_MAX = 64,
	FD_AGENT = 3,
	FD_CONSOLE,
	FD_QMP,
	FD_FILES,       /* only without walls: QEMU opens them through /proc */
	FD_ABOVE = 100, /* out of the way of all of these */
};

/* What the child is made of. */
struct birth {
	const struct qemu_launch *launch;
	char program[PATH_MAX];
	int sockets[3]; /* its ends: agent, console, QMP */
	int errors, told;
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

/* ---- its command line ---- */

/* Words that live in one buffer. */
struct command_line {
	char *words[WORDS_MAX + 1];
	unsigned count;
	char text[4096];
	size_t length;
};

static void add_word(struct command_line *line, const char *word)
{
	size_t bytes = strlen(word) + 1;

	if (line->count == WORDS_MAX || bytes > sizeof(line->text) - line->length)
		return;
	line->words[line->count++] = memcpy(line->text + line->length, word, bytes);
	line->length += bytes;
}

__attribute__((format(printf, 3, 4))) static void
add_option(struct command_line *line, const char *option, const char *format, ...)
{
	char word[1024];
	va_list values;

	va_start(values, format);
	vsnprintf(word, sizeof(word), format, values);
	va_end(values);
	add_word(line, option);
	add_word(line, word);
}

/* No comma of ours is data: all names are constant, all else are numbers. */
static void make_command_line(const struct birth *birth, struct command_line *line)
{
	static const char *const always[] = {"-S", "-nodefaults", "-no-user-config", "-no-reboot",
					     NULL};
	const struct qemu_launch *launch = birth->launch;
	const struct qemu_board *board = launch->board;

	add_word(line, PROGRAM);
	for (int i = 0; always[i]; i++)
		add_word(line, always[i]);
	add_option(line, "-M", "%s", board->machine);
	add_option(line, "-accel", "tcg,tb-size=64");
	add_option(line, "-cpu", "max");
	add_option(line, "-smp", "%u", launch->vcpus);
	add_option(line, "-m", "size=%lluK", (unsigned long long)(launch->memory_bytes >> 10));
	add_option(line, "-display", "none");
	add_option(line, "-sandbox",
		   "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	add_option(line, "-chardev", "socket,id=agent,fd=%d", FD_AGENT);
	add_option(line, "-chardev", "socket,id=console,fd=%d", FD_CONSOLE);
	add_option(line, "-chardev", "socket,id=qmp,fd=%d", FD_QMP);
	add_option(line, "-mon", "chardev=qmp,mode=control");
	for (int i = 0; board->devices[i]; i++)
		add_word(line, board->devices[i]);
	for (unsigned i = 0; i < launch->file_count; i++) {
		const struct qemu_file *file = &launch->files[i];
		if (birth->is_in_jail)
			add_option(line, file->option, "/%s", file->name);
		else
			add_option(line, file->option, "/proc/self/fd/%u", FD_FILES + i);
	}
	if (board->command_line)
		add_option(line, "-append", "%s", board->command_line);
}

/* ---- the child ---- */

/* Puts a descriptor at a number, for good. */
static int place(int fd, int number, struct err *e)
{
	return dup2(fd, number) < 0 ? err_sys(e, errno, "pass a descriptor on") : 0;
}

static int pass_descriptors(const struct birth *birth, struct err *e)
{
	const struct qemu_launch *launch = birth->launch;
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC), r = 0;
	int high[3 + QEMU_FILES_MAX], errors = fcntl(birth->errors, F_DUPFD_CLOEXEC, FD_ABOVE);
	unsigned count = 3 + (birth->is_in_jail ? 0 : launch->file_count);

	for (unsigned i = 0; i < count; i++) {
		int fd = i < 3 ? birth->sockets[i] : launch->files[i - 3].fd;
		high[i] = fcntl(fd, F_DUPFD_CLOEXEC, FD_ABOVE);
		if (high[i] < 0)
			return err_sys(e, errno, "move a descriptor");
	}
	if (input < 0 || errors < 0)
		return err_sys(e, errno, "open '/dev/null'");
	for (unsigned i = 0; r == 0 && i < count; i++)
		r = place(high[i], FD_AGENT + (int)i, e);
	if (r == 0)
		r = place(input, 0, e);
	if (r == 0)
		r = place(errors, 1, e);
	return r < 0 ? r : place(errors, 2, e);
}

/* Never comes back. What fails before QEMU runs is said through the pipe. */
static void become_qemu(struct birth *birth)
{
	static char path[] = "PATH=/usr/bin:/bin";
	static char *const environment[] = {path, NULL};
	struct command_line line = {.count = 0};
	struct err error = {0};
	int told = fcntl(birth->told, F_DUPFD_CLOEXEC, FD_ABOVE), r = 0;

	worker_child_signals();
	setsid(); /* the terminal's Ctrl-C is the worker's to hear */
	make_command_line(birth, &line);
	r = pass_descriptors(birth, &error); /* before the root without /dev */
	if (r == 0 && birth->is_in_jail)
		r = jail_enter(birth->uid, birth->gid, birth->program, birth->launch, &error);
	if (r == 0)
		r = jail_lock(FD_QMP, &error);
	if (r == 0) {
		execve(birth->program, line.words, environment);
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

static int make_sockets(struct birth *birth, struct qemu_process *process, struct err *e)
{
	int *const ours[3] = {&process->agent_fd, &process->console_fd, &process->qmp_fd};
	int ends[2];

	for (int i = 0; i < 3; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
			return err_sys(e, errno, "make a socket");
		*ours[i] = ends[0];
		birth->sockets[i] = ends[1];
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	process->errors_fd = ends[0];
	birth->errors = ends[1];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return 0;
}

void qemu_process_init(struct qemu_process *process)
{
	*process = (struct qemu_process){
	    .pid_fd = -1, .agent_fd = -1, .console_fd = -1, .qmp_fd = -1, .errors_fd = -1};
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
			      .sockets = {-1, -1, -1},
			      .errors = -1,
			      .uid = geteuid(),
			      .gid = getegid(),
			      .is_in_jail = true};
	int r = qemu_find(birth.program, sizeof(birth.program), e);

	if (r == 0)
		r = make_sockets(&birth, ret, e);
	if (r == 0)
		r = try_births(&birth, ret, e);
	for (int i = 0; i < 3; i++)
		fd_close(&birth.sockets[i]);
	fd_close(&birth.errors);
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
	fd_close(&process->agent_fd);
	fd_close(&process->console_fd);
	fd_close(&process->qmp_fd);
	fd_close(&process->errors_fd);
	qemu_process_init(process);
}
