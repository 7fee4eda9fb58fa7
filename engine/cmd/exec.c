/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exec: one more program inside a running sandbox. Our own stdin, stdout and stderr are passed to
 * it (SCM_RIGHTS), so its bytes do not come by here; with -t it gets a new pseudo-terminal instead,
 * whose other end we relay. What was started over our connection ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd.h"
#include "fd.h"
#include "raw.h"
#include "wire.h"

enum { RELAY_BYTES = 8192, STATUS_NOT_INVOKED = 126, STATUS_NOT_FOUND = 127 };

enum exec_option { EXEC_INTERACTIVE, EXEC_TTY, EXEC_ENV, EXEC_WORKDIR };

struct execution {
	struct command_context *context;
	struct sandbox *s;
	bool is_interactive, is_tty;
	const char *workdir;
	char **argv, *env[WIRE_ARGV_MAX + 1];
	int socket, master, slave, null;
	struct cmd_signals signals;
	struct raw_keys keys;
	bool has_stdin, is_started, is_over;
	int status;
	struct err error;
	struct wire_message message;
};

/* ---- its terminal ---- */

static void pass_size(const struct execution *x)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	ioctl(x->master, TIOCSWINSZ, &size);
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
	return 0;
}

/* ---- asking ---- */

static int send_request(struct execution *x, struct err *e)
{
	struct wire_message *message = &x->message;
	int r = wire_exec_encode(message, x->workdir, x->argv, x->env,
				 x->is_tty ? WIRE_EXEC_TTY : 0, e);

	if (r < 0)
		return r;
	for (int fd = 0; fd < 3; fd++)
		message->fds[fd] = x->is_tty ? x->slave : fd;
	if (!x->is_tty && !x->is_interactive)
		message->fds[0] = x->null;
	message->fd_count = 3;
	r = wire_send(x->socket, message, false);
	fd_close(
	    /* the program's end is the program's alone: its end will be our end-of-file */
	    &x->slave);
	return r < 0 ? err_sys(e, -r, "talk to '%s'", sandbox_name(x->s)) : 0;
}

/* The status for a command that could not be run is the shell's. */
static int refused_status(const struct wire_message *message)
{
	if (!message->header.b)
		return CMD_STATUS_FAILED;
	return message->header.a == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_INVOKED;
}

static void take_answer(struct execution *x)
{
	struct wire_message *message = &x->message;
	int r = wire_receive(x->socket, message, &x->error);

	if (r == -EAGAIN)
		return;
	if (r > 0)
		wire_close_fds(message);
	if (r == 0)
		err_set(&x->error, ECONNRESET, "'%s' has ended", sandbox_name(x->s));
	x->status = CMD_STATUS_FAILED;
	x->is_over = r <= 0 || message->header.type != WIRE_OK;
	if (r > 0 && message->header.type == WIRE_OK)
		x->is_started = true;
	else if (r > 0 && message->header.type == WIRE_EXEC_EXIT)
		x->status = (int)(message->header.a & 255);
	else if (r > 0 && message->header.type == WIRE_ERROR) {
		x->status = refused_status(message);
		wire_error_decode(message, &x->error);
	}
}

static void send_signal(struct execution *x, int number)
{
	x->message.header = (struct wire_header){.magic = WIRE_MAGIC,
						 .type = WIRE_EXEC_SIGNAL,
						 .a = (uint32_t)number};
	x->message.fd_count = 0;
	wire_send(x->socket, &x->message, true);
}

/* ---- relaying ---- */

static void read_keys(struct execution *x)
{
	char typed[1024], keys[sizeof(typed) + 1];
	bool is_detached;
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
	size_t count;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		x->has_stdin = false;
		fd_write_all(x->master, "\004", 1); /* VEOF: end-of-file, typed */
		return;
	}
	count = raw_filter(&x->keys, typed, (size_t)n, keys, &is_detached);
	fd_write_all(x->master, keys, count);
	if (is_detached) {
		x->is_over = true; /* the connection closes, and what it started gets SIGHUP */
		x->status = 0;
	}
}

/* False at the end of the program's terminal. */
static bool write_output(struct execution *x)
{
	char data[RELAY_BYTES];
	ssize_t n = read(x->master, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && fd_write_all(STDOUT_FILENO, data, (size_t)n) == 0;
}

static void take_signal(struct execution *x)
{
	struct signalfd_siginfo info;

	if (read(x->signals.fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGWINCH)

		send_signal(x, (int)info.ssi_signo); /* Ctrl-C is meant for the program */
	else if (x->master >= 0)
		pass_size(x);
}

static void relay(struct execution *x)
{
	bool has_output = x->master >= 0;

	while (!x->is_over) {
		struct pollfd fds[4] = {
		    {.fd = x->socket, .events = POLLIN},
		    {.fd = x->signals.fd, .events = POLLIN},
		    {.fd = has_output ? x->master : -1, .events = POLLIN},
		    {.fd = x->has_stdin && x->is_started ? STDIN_FILENO : -1, .events = POLLIN},
		};

		poll(fds, 4, -1);
		if (fds[2].revents)
			has_output = write_output(x);
		if (fds[1].revents)
			take_signal(x);
		if (fds[3].revents)
			read_keys(x);
		if (fds[0].revents)
			take_answer(x);
	}
	/* What it had said before it ended is still in its terminal. */
	if (has_output)
		fd_set_nonblocking(x->master, true);
	while (has_output) {
		char data[RELAY_BYTES];
		ssize_t n = read(x->master, data, sizeof(data));

		has_output = n > 0 && fd_write_all(STDOUT_FILENO, data, (size_t)n) == 0;
	}
}

static int execute(struct execution *x)
{
	auto_raw terminal = {0};
	struct err error = {0};
	int r = x->socket = sandbox_open_socket(x->s, &error);

	if (r >= 0)
		r = x->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (r >= 0 && x->is_tty)
		r = open_terminal(x, &error);
	if (r >= 0)
		r = send_request(x, &error);
	if (r < 0)
		return cmd_fail(x->context, &error);
	cmd_signals_open(&x->signals);
	x->has_stdin = x->is_tty && x->is_interactive;
	if (x->has_stdin)
		raw_enter(&terminal, STDIN_FILENO);
	relay(x);
	raw_leave(&terminal);
	cmd_signals_close(&x->signals);
	if (x->error.code)
		out_error(x->context->out, &x->error);
	return x->status;
}

/* ---- words ---- */

/* Repeated --env: the parser keeps only one. */
static void collect_env(struct execution *x, int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (count == WIRE_ARGV_MAX)
			return;
		if (strncmp(argv[i], "--env=", 6) == 0)
			x->env[count++] = argv[i] + 6;
		else if ((strcmp(argv[i], "--env") == 0 || strcmp(argv[i], "-e") == 0) &&
			 i + 1 < argc)
			x->env[count++] = argv[++i];
	}
}

/* "exec NAME -it -- CMD" and "exec -it NAME CMD -x" are both meant as they look: do options
 * still come behind NAME? */
static bool has_options_behind_name(int argc, char **argv)
{
	int at = 1;

	while (at < argc && argv[at][0] == '-')
		at += strcmp(argv[at], "--env") == 0 || strcmp(argv[at], "-e") == 0 ||
			      strcmp(argv[at], "--workdir") == 0 || strcmp(argv[at], "-w") == 0
			  ? 2
			  : 1;
	for (at++; at < argc && argv[at][0] == '-'; at++)
		if (strcmp(argv[at], "--") == 0)
			return true;
	return false;
}

static int prepare(struct execution *x, struct command_context *context, int argc, char **argv,
		   char **original)
{
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, 1,
			       has_options_behind_name(argc, argv) ? 0 : 1, &line);

	if (status)
		return status;
	if (line.rest_count == 0) {
		err_set(&error, EINVAL, "exec: which program?");
		err_hint(&error, 0, "for example: isolab exec %s -- isolab-work uname",
			 line.words[0]);
		return cmd_fail(context, &error);
	}
	if (cmd_find_one(context->lab, line.words[0], &x->s, &error) < 0)
		return cmd_fail(context, &error);
	x->context = context;
	x->argv = line.rest;
	collect_env(x, argc - line.rest_count, original);
	x->workdir = cmd_has(&line, EXEC_WORKDIR) ? line.option[EXEC_WORKDIR] : "";
	x->is_interactive = cmd_has(&line, EXEC_INTERACTIVE);
	x->is_tty = cmd_has(&line, EXEC_TTY);
	x->socket = x->master = x->slave = x->null = -1;
	return 0;
}

static int run_exec(struct command_context *context, int argc, char **argv)
{
	struct execution *x = calloc(1, sizeof(*x));
	/* The words are moved while they are sorted, and a repeated option is found only here. */
	char **original = calloc((size_t)argc + 1, sizeof(*original));
	int status = CMD_STATUS_FAILED;

	if (x && original) {
		memcpy(original, argv, (size_t)argc * sizeof(*argv));
		status = prepare(x, context, argc, argv, original);
	}
	if (x && x->argv) {
		sandbox_hold(x->s);
		status = execute(x);
		sandbox_release(x->s);
		fd_close(&x->socket);
		fd_close(&x->master);
		fd_close(&x->slave);
		fd_close(&x->null);
	}
	free(original);
	free(x);
	return status;
}

static const struct command_option options[] = {
    [EXEC_INTERACTIVE] = {.name = "--interactive", .about = "pass our stdin on", .letter = 'i'},
    [EXEC_TTY] = {.name = "--tty", .about = "give it a terminal", .letter = 't'},
    [EXEC_ENV] = {.name = "--env",
		  .argument = "K=V",
		  .about = "a variable, may be repeated",
		  .letter = 'e'},
    [EXEC_WORKDIR] = {.name = "--workdir",
		      .argument = "DIR",
		      .about = "where it starts",
		      .letter = 'w'},
    {.name = NULL},
};

const struct command cmd_exec = {
    .name = "exec",
    .arguments = "[-it] [--env K=V] [--workdir DIR] NAME -- COMMAND…",
    .about = "run one more program inside a running sandbox",
    .details = "Exits with the program's status. With -it it has a terminal; Ctrl-P Ctrl-Q leaves "
	       "it, which ends it.",
    .flags = COMMAND_TERMINAL,
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_exec,
};
