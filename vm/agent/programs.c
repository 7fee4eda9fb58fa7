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
#include <termios.h>
#include <unistd.h>

#include "fd.h"
#include "guest.h"

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

/* Forks; learns through a pipe that exec closes whether it succeeded. 0 or -errno, with why. */
static int give_birth(struct guest *guest, struct program *program, struct birth *birth,
		      struct birth_word *ret)
{
	struct birth_word word;

	if (pipe2(birth->told, O_CLOEXEC) < 0)
		return err_sys(&ret->error, errno, "make a pipe");
	program->pid = fork();
	if (program->pid < 0)
		return err_sys(&ret->error, errno, "make a process");
	if (program->pid == 0)
		child_become(guest, birth, program == guest->programs);
	fd_close(&birth->told[1]);
	while (fd_read_full(birth->told[0], &word, sizeof(word)) == (ssize_t)sizeof(word)) {
		*ret = word;
		if (!word.is_note)
			return word.code < 0 ? word.code : -EPROTO;
	}
	return 0;
}

static int start(struct guest *guest, struct program *program, struct birth_word *ret)
{
	const struct agent_start *words = &guest->words.start;
	struct winsize size = {.ws_row = words->rows, .ws_col = words->columns};
	struct birth birth = {.fds = {-1, -1, -1},
			      .told = {-1, -1},
			      .is_tty = words->flags & AGENT_START_TTY};
	int r = birth.is_tty ? make_terminal(program, &birth, &size)
			     : make_pipes(program, &birth, words->flags & AGENT_START_INPUT);

	if (r < 0)
		err_sys(&ret->error, r, "make the program's %s",
			birth.is_tty ? "terminal" : "pipes");
	if (r == 0 && program == guest->programs)
		r = root_finish(guest, &ret->error);
	if (r == 0 && program == guest->programs)
		inner_watch(guest);
	if (r == 0)
		r = give_birth(guest, program, &birth, ret);
	close_all(birth.fds, 3);
	close_all(birth.told, 2);
	return r;
}

/* What failed and a hint, each with its NUL. */
static void tell_failure(struct guest *guest, unsigned number, int code,
			 const struct birth_word *word)
{
	char body[ERR_WHAT_MAX + ERR_HINT_MAX + 2];
	int n = snprintf(body, sizeof(body), "%s%c%s", word->error.what, 0, word->error.hint);
	uint32_t value = (uint32_t)-code | (word->is_command ? AGENT_FAILED_COMMAND : 0);

	guest_send(guest, AGENT_FAILED, number, value, body, (size_t)n + 1);
}

void program_start(struct guest *guest, unsigned number, uint8_t *body, size_t length)
{
	struct program *program = &guest->programs[number];
	struct birth_word word = {0};
	int r = -EPROTO;

	if (program->is_used || agent_decode_start(body, length, &guest->words, NULL) < 0) {
		err_set(&word.error, EPROTO, "the agent did not understand a start");
		tell_failure(guest, number, r, &word);
		return;
	}
	*program = (struct program){.is_used = true, .fds = {-1, -1, -1}};
	program->is_tty = guest->words.start.flags & AGENT_START_TTY;
	if (*guest->words.hostname)
		sethostname(guest->words.hostname, strlen(guest->words.hostname));
	r = start(guest, program, &word);
	fd_close(&guest->program_fd);
	if (r == 0) {
		guest_send(guest, AGENT_STARTED, number, 0, word.error.what,
			   word.is_note ? strlen(word.error.what) + 1 : 0);
		return;
	}
	close_all(program->fds, 3);
	program->is_used = false;
	tell_failure(guest, number, r, &word);
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
