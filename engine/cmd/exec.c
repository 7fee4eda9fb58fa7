/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exec: one more program inside a running sandbox. Pipes that are our stdin, stdout and stderr are
 * passed to it (SCM_RIGHTS), but never a terminal or a file of ours: see exec_relay.c. What was
 * started over our connection ends with it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "exec.h"
#include "fd.h"

enum { STATUS_NOT_INVOKED = 126, STATUS_NOT_FOUND = 127 };

static const uint64_t START_PATIENCE_NS = 10000000000u, SIGNAL_PATIENCE_NS = 2000000000u;

enum exec_option { EXEC_INTERACTIVE, EXEC_TTY, EXEC_ENV, EXEC_WORKDIR, EXEC_USER };

static int send_request(struct execution *x, struct err *e)
{
	struct wire_message *message = &x->message;
	const struct wire_exec_request request = {.workdir = x->workdir,
						  .user = x->user,
						  .argv = x->argv,
						  .env = x->env,
						  .flags = x->is_tty ? WIRE_EXEC_TTY : 0};
	int r = wire_exec_encode(message, &request, e);

	if (r < 0)
		return r;
	for (int fd = 0; fd < 3; fd++)
		message->fds[fd] = x->given[fd];
	message->fd_count = 3;
	r = wire_send(x->socket, message, false);
	/* The program's ends are the program's alone: its end will be our end-of-file. */
	exec_close_given(x);
	return r < 0 ? err_sys(e, -r, "talk to '%s'", sandbox_name(x->s)) : 0;
}

/* The status for a command that could not be run is the shell's. */
static int refused_status(const struct wire_message *message)
{
	if (!message->header.b)
		return CMD_STATUS_FAILED;
	return message->header.a == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_INVOKED;
}

static void pass_signal(struct execution *x)
{
	x->message.header = (struct wire_header){.magic = WIRE_MAGIC,
						 .type = WIRE_EXEC_SIGNAL,
						 .a = (uint32_t)x->signal_number};
	x->message.fd_count = 0;
	x->signal_number = 0;
	if (wire_send(x->socket, &x->message, true) < 0)
		x->is_over = true;
}

/* Ctrl-C at our terminal is meant for the program, which may not be there yet. */
static void take_signal(struct execution *x, int number)
{
	x->signal_number = number;
	x->status = 128 + number;
	if (!x->answer_by_ns || !x->is_started)
		x->answer_by_ns = clock_now_ns() + SIGNAL_PATIENCE_NS;
	if (x->is_started)
		pass_signal(x);
}

/* The first answer says whether it runs; those that follow are to signals, and tell no news. */
static void take_answer(struct execution *x)
{
	struct wire_message *message = &x->message;
	int r = wire_receive(x->socket, message, &x->error);

	if (r == -EAGAIN)
		return;
	x->answer_by_ns = 0;
	if (r > 0 && message->header.type == WIRE_OK && x->is_tty && message->fd_count > 0)
		exec_take_terminal(x, fd_move(&message->fds[0]));
	if (r > 0)
		wire_close_fds(message);
	if (r > 0 && x->is_started && message->header.type != WIRE_EXEC_EXIT)
		return;
	if (r == 0)
		err_set(&x->error, ECONNRESET, "'%s' has ended", sandbox_name(x->s));
	x->status = CMD_STATUS_FAILED;
	x->is_over = x->is_over || r <= 0 || message->header.type != WIRE_OK;
	if (r > 0 && message->header.type == WIRE_OK) {
		x->is_started = true;
		if (x->signal_number)
			take_signal(x, x->signal_number);
	} else if (r > 0 && message->header.type == WIRE_EXEC_EXIT) {
		x->status = (int)(message->header.a & 255);
	} else if (r > 0 && message->header.type == WIRE_ERROR) {
		x->status = refused_status(message);
		wire_error_decode(message, &x->error);
	}
}

/* A worker answers at once, or it is stopped or stuck. */
static void give_up(struct execution *x)
{
	x->is_over = true;
	if (x->is_started || x->signal_number)
		return; /* x->status is the signal that nobody took */
	x->status = CMD_STATUS_FAILED;
	err_set(&x->error, ETIMEDOUT, "the worker of '%s' does not answer", sandbox_name(x->s));
	err_hint(&x->error, 0, "is it stopped (SIGSTOP)? `isolab kill %s` ends it",
		 sandbox_name(x->s));
}

static int execute(struct execution *x)
{
	auto_raw terminal = {0};
	struct err error = {0};
	int r = x->socket = sandbox_open_socket(x->s, &error);

	if (r >= 0)
		r = exec_open_streams(x, &error);
	if (r >= 0)
		r = send_request(x, &error);
	if (r < 0)
		return cmd_fail(x->context, &error);
	x->answer_by_ns = clock_now_ns() + START_PATIENCE_NS;
	cmd_signals_open(&x->signals);
	if (x->is_tty && x->is_interactive)
		raw_enter(&terminal, STDIN_FILENO);
	/* A program that does not read to the end is no reason for us to end. */
	void (*on_pipe)(int) = signal(SIGPIPE, SIG_IGN);
	exec_relay(x, take_answer, take_signal, give_up);
	signal(SIGPIPE, on_pipe);
	raw_leave(&terminal);
	cmd_signals_close(&x->signals);
	if (x->error.code)
		out_error(x->context->out, &x->error);
	return x->status;
}

/* ---- words ---- */

/* K=V, or K alone: as it is here. */
static int add_variable(struct execution *x, size_t *count, const char *word, struct err *e)
{
	const char *value = strchr(word, '=');
	char *variable = NULL;

	if (!*word || value == word)
		return err_hint(e,
				err_set(e, EINVAL, "exec: --env '%.80s': a variable without a name",
					word),
				"for example --env LANG=C");
	if (*count == WIRE_ARGV_MAX)
		return err_set(e, E2BIG, "exec: more than %d variables", WIRE_ARGV_MAX);
	if (!value && !getenv(word))
		return 0;
	if (value)
		variable = strdup(word);
	else if (asprintf(&variable, "%s=%s", word, getenv(word)) < 0)
		variable = NULL;
	if (!variable)
		return err_sys(e, ENOMEM, "exec: --env '%.80s'", word);
	x->env[(*count)++] = variable;
	return 0;
}

/* Repeated --env: the parser keeps only one. */
static int collect_env(struct execution *x, int argc, char **argv, struct err *e)
{
	size_t count = 0;
	int r = 0;

	for (int i = 1; r == 0 && i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--env=", 6) == 0)
			r = add_variable(x, &count, argv[i] + 6, e);
		else if ((strcmp(argv[i], "--env") == 0 || strcmp(argv[i], "-e") == 0) &&
			 i + 1 < argc)
			r = add_variable(x, &count, argv[++i], e);
	}
	return r;
}

static bool takes_argument(const char *word)
{
	static const char *const words[] = {"--env", "-e", "--workdir", "-w", "--user", "-u"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* "exec NAME -it -- CMD" and "exec -it NAME CMD -x" are both meant as they look: do options
 * still come behind NAME? */
static bool has_options_behind_name(int argc, char **argv)
{
	int at = 1;

	while (at < argc && argv[at][0] == '-')
		at += takes_argument(argv[at]) ? 2 : 1;
	for (at++; at < argc && argv[at][0] == '-'; at++)
		if (strcmp(argv[at], "--") == 0)
			return true;
		else if (takes_argument(argv[at]))
			at++;
	return false;
}

/* A terminal inside does not hear that a pipe out here has ended. */
static int check_terminal(const struct execution *x, struct err *e)
{
	if (!x->is_tty || !x->is_interactive || isatty(STDIN_FILENO))
		return 0;
	return err_hint(e, err_set(e, ENOTTY, "exec -it: our stdin is no terminal"),
			"without -t: isolab exec -i %s -- …", sandbox_name(x->s));
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
	if (collect_env(x, argc - line.rest_count, original, &error) < 0)
		return cmd_fail(context, &error);
	x->workdir = cmd_has(&line, EXEC_WORKDIR) ? line.option[EXEC_WORKDIR] : NULL;
	x->user = cmd_has(&line, EXEC_USER) ? line.option[EXEC_USER] : NULL;
	if (x->user && spec_check_user(x->user, &error) < 0)
		return cmd_fail(context, &error);
	x->is_interactive = cmd_has(&line, EXEC_INTERACTIVE);
	x->is_tty = cmd_has(&line, EXEC_TTY);
	if (check_terminal(x, &error) < 0)
		return cmd_fail(context, &error);
	x->argv = line.rest;
	x->socket = x->master = x->slave = x->null = -1;
	x->given[0] = x->given[1] = x->given[2] = -1;
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
		exec_close_streams(x);
		fd_close(&x->socket);
	}
	for (char **variable = x ? x->env : NULL; variable && *variable; variable++)
		free(*variable);
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
    [EXEC_USER] = {.name = "--user",
		   .argument = "USER",
		   .about = "as whom, USER[:GROUP]; else as the sandbox's command",
		   .letter = 'u'},
    {.name = NULL},
};

const struct command cmd_exec = {
    .name = "exec",
    .arguments = "[-it] [--env K=V] [--workdir DIR] [--user USER] NAME -- COMMAND…",
    .about = "run one more program inside a running sandbox",
    .details = "Exits with the program's status. With -it it has a terminal; Ctrl-P Ctrl-Q leaves "
	       "it, which ends it.",
    .flags = COMMAND_TERMINAL,
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_exec,
};
