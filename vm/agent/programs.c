/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The programs that the agent has started: each has three descriptors, a window of output that may
 * be on its way, and a queue of input. A program whose output nobody takes is not read any more,
 * and so stops on its full pipe: no flood gets further than its own window.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "fd.h"
#include "guest.h"

/* The child's own ends, and the pipe that tells whether exec succeeded. */
struct birth {
	int fds[3];
	int told[2];
	bool is_tty;
};

static struct program *find(struct guest *guest, unsigned number)
{
	return number < AGENT_PROGRAMS_MAX && guest->programs[number].is_used
		   ? &guest->programs[number]
		   : NULL;
}

static void close_all(int *fds, int count)
{
	for (int i = 0; i < count; i++)
		fd_close(&fds[i]);
}

/* ---- birth ---- */

static int make_terminal(struct program *program, struct birth *birth, const struct winsize *size)
{
	int number, unlock = 0;
	char path[32] = "/dev/pts/";

	program->fds[1] = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (program->fds[1] < 0 || ioctl(program->fds[1], TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(program->fds[1], TIOCGPTN, &number) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	birth->fds[0] = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	birth->fds[1] = fcntl(birth->fds[0], F_DUPFD_CLOEXEC, 0);
	birth->fds[2] = fcntl(birth->fds[0], F_DUPFD_CLOEXEC, 0);
	program->fds[0] = fcntl(program->fds[1], F_DUPFD_CLOEXEC, 0);
	if (birth->fds[2] < 0 || program->fds[0] < 0)
		return -errno;
	return ioctl(program->fds[1], TIOCSWINSZ, size) < 0 ? -errno : 0;
}

static int make_pipes(struct program *program, struct birth *birth, bool has_input)
{
	for (int i = 0; i < 3; i++) {
		int ends[2];
		if (i == 0 && !has_input) {
			birth->fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
			continue;
		}
		if (pipe2(ends, O_CLOEXEC) < 0)
			return -errno;
		birth->fds[i] = ends[i == 0 ? 0 : 1];
		program->fds[i] = ends[i == 0 ? 1 : 0];
		fcntl(program->fds[i], F_SETFL, O_NONBLOCK);
	}
	return birth->fds[0] < 0 ? -errno : 0;
}

/* The child: its own session and descriptors, then the program. Returns errno. */
static int become_program(struct guest *guest, const struct birth *birth)
{
	const struct agent_words *words = &guest->words;
	sigset_t none;

	setsid();
	for (int i = 0; i < 3; i++)
		if (dup2(birth->fds[i], i) < 0)
			return errno;
	if (birth->is_tty && ioctl(0, TIOCSCTTY, 0) < 0)
		return errno;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (*words->workdir && chdir(words->workdir) < 0)
		return errno;
	if (words->start.flags & AGENT_START_PROGRAM) {
		syscall(SYS_execveat, guest->program_fd, "", words->argv, words->env,
			AT_EMPTY_PATH);
		return errno;
	}
	environ = (char **)words->env;
	execvp(words->argv[0], words->argv);
	return errno;
}

/* Forks; learns through a pipe that exec closes whether it succeeded. 0 or -errno. */
static int give_birth(struct guest *guest, struct program *program, struct birth *birth)
{
	int code = 0;

	if (pipe2(birth->told, O_CLOEXEC) < 0)
		return -errno;
	program->pid = fork();
	if (program->pid < 0)
		return -errno;
	if (program->pid == 0) {
		code = become_program(guest, birth);
		ssize_t unused = write(birth->told[1], &code, sizeof(code));
		(void)unused;
		_exit(125);
	}
	fd_close(&birth->told[1]);
	ssize_t n = read(birth->told[0], &code, sizeof(code));
	return n == (ssize_t)sizeof(code) ? -code : 0;
}

static int start(struct guest *guest, struct program *program)
{
	const struct agent_start *words = &guest->words.start;
	struct winsize size = {.ws_row = words->rows, .ws_col = words->columns};
	struct birth birth = {.fds = {-1, -1, -1},
			      .told = {-1, -1},
			      .is_tty = words->flags & AGENT_START_TTY};
	int r = birth.is_tty ? make_terminal(program, &birth, &size)
			     : make_pipes(program, &birth, words->flags & AGENT_START_INPUT);

	if (r == 0)
		r = give_birth(guest, program, &birth);
	close_all(birth.fds, 3);
	close_all(birth.told, 2);
	return r;
}

void program_start(struct guest *guest, unsigned number, uint8_t *body, size_t length)
{
	struct program *program = &guest->programs[number];
	int r = -EPROTO;

	if (program->is_used || agent_decode_start(body, length, &guest->words, NULL) < 0) {
		guest_send(guest, AGENT_FAILED, number, EPROTO, NULL, 0);
		return;
	}
	*program = (struct program){.is_used = true, .fds = {-1, -1, -1}};
	program->is_tty = guest->words.start.flags & AGENT_START_TTY;
	if (*guest->words.hostname)
		sethostname(guest->words.hostname, strlen(guest->words.hostname));
	r = start(guest, program);
	fd_close(&guest->program_fd);
	if (r == 0) {
		guest_send(guest, AGENT_STARTED, number, 0, NULL, 0);
		return;
	}
	close_all(program->fds, 3);
	program->is_used = false;
	guest_send(guest, AGENT_FAILED, number, (uint32_t)-r, guest->words.argv[0],
		   strlen(guest->words.argv[0]));
}

/* ---- life ---- */

static void write_input(struct guest *guest, struct program *program)
{
	ssize_t n = program->fds[0] < 0
			? (ssize_t)program->input_bytes /* nobody reads any more */
			: write(program->fds[0], program->input, program->input_bytes);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		fd_close(&program->fds[0]);
		n = (ssize_t)program->input_bytes;
	}
	if (n > 0) {
		program->input_bytes -= (size_t)n;
		memmove(program->input, program->input + n, program->input_bytes);
		guest_send(guest, AGENT_CREDIT, (unsigned)(program - guest->programs), (uint32_t)n,
			   NULL, 0);
	}
	if (program->wants_input_end && program->input_bytes == 0)
		fd_close(&program->fds[0]);
}

void program_input(struct guest *guest, unsigned number, const uint8_t *bytes, size_t length)
{
	static const uint8_t end_of_file = 4; /* Ctrl-D: what a terminal has for it */
	struct program *program = find(guest, number);

	if (!program)
		return;
	if (length == 0 && program->is_tty) {
		bytes = &end_of_file;
		length = 1;
	} else if (length == 0) {
		program->wants_input_end = true;
	}
	if (length > GUEST_INPUT_BYTES - program->input_bytes)
		length = GUEST_INPUT_BYTES - program->input_bytes;
	memcpy(program->input + program->input_bytes, bytes, length);
	program->input_bytes += length;
	write_input(guest, program);
}

void program_signal(struct guest *guest, unsigned number, int signal_number)
{
	const struct program *program = find(guest, number);

	if (program && !program->has_ended && signal_number > 0 && signal_number <= 64)
		kill(program->pid, signal_number);
}

void program_resize(struct guest *guest, unsigned number, uint32_t size)
{
	const struct program *program = find(guest, number);
	struct winsize window = {.ws_row = (unsigned short)(size >> 16),
				 .ws_col = (unsigned short)size};

	if (program && program->is_tty && program->fds[1] >= 0)
		ioctl(program->fds[1], TIOCSWINSZ, &window);
}

void program_credit(struct guest *guest, unsigned number, unsigned stream, uint32_t bytes)
{
	struct program *program = find(guest, number);

	if (!program || stream < 1 || stream > 2)
		return;
	program->on_way[stream] -= bytes < program->on_way[stream] ? bytes
								   : program->on_way[stream];
}

static bool may_read(const struct program *program, int stream)
{
	return program->fds[stream] >= 0 && program->on_way[stream] < AGENT_WINDOW;
}

nfds_t programs_poll(struct guest *guest, struct pollfd *fds)
{
	nfds_t count = 0;

	for (int i = 0; i < AGENT_PROGRAMS_MAX; i++) {
		const struct program *program = &guest->programs[i];
		bool has_input = program->fds[0] >= 0 && program->input_bytes;
		fds[count++] = (struct pollfd){.fd = has_input ? program->fds[0] : -1,
					       .events = POLLOUT};
		for (int k = 1; k < 3; k++)
			fds[count++] = (struct pollfd){.fd = may_read(program, k) ? program->fds[k]
										  : -1,
						       .events = POLLIN};
	}
	return count;
}

/* Half of what the line's queue holds stays free for messages without a body. */
static void read_output(struct guest *guest, struct program *program, int stream)
{
	uint8_t bytes[4096];

	if (guest->unsent_bytes > GUEST_UNSENT_BYTES / 2)
		return;
	ssize_t n = read(program->fds[stream], bytes, sizeof(bytes));
	if (n > 0) {
		program->on_way[stream] += (uint32_t)n;
		guest_send(guest, AGENT_OUTPUT, (unsigned)(program - guest->programs),
			   (uint32_t)stream, bytes, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		fd_close(&program->fds[stream]); /* EIO: the terminal's last user is gone */
	}
}

void programs_serve(struct guest *guest, const struct pollfd *fds)
{
	for (int i = 0; i < AGENT_PROGRAMS_MAX; i++, fds += 3) {
		struct program *program = &guest->programs[i];
		if (!program->is_used)
			continue;
		if (fds[0].revents)
			write_input(guest, program);
		for (int k = 1; k < 3; k++)
			if (fds[k].revents && program->fds[k] == fds[k].fd)
				read_output(guest, program, k);
	}
}

/* ---- death ---- */

void program_ended(struct guest *guest, pid_t pid, int status)
{
	for (int i = 0; i < AGENT_PROGRAMS_MAX; i++) {
		struct program *program = &guest->programs[i];
		if (!program->is_used || program->has_ended || program->pid != pid)
			continue;
		program->has_ended = true;
		program->status = status;
		fd_close(&program->fds[0]);
	}
}

/* What it wrote comes before its end; what a child of its still holds open is not waited for. */
static bool is_drained(struct guest *guest, struct program *program)
{
	for (int k = 1; k < 3; k++) {
		int ready = 0;
		if (program->fds[k] < 0)
			continue;
		if (ioctl(program->fds[k], FIONREAD, &ready) == 0 && ready > 0)
			return false;
	}
	return guest->unsent_bytes < GUEST_UNSENT_BYTES / 2;
}

void programs_report(struct guest *guest)
{
	for (unsigned i = 0; i < AGENT_PROGRAMS_MAX; i++) {
		struct program *program = &guest->programs[i];
		if (!program->is_used || !program->has_ended || !is_drained(guest, program))
			continue;
		close_all(program->fds, 3);
		program->is_used = false;
		guest_send(guest, AGENT_EXITED, i, (uint32_t)program->status, NULL, 0);
	}
}
