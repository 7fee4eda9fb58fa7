/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shell: see shell.h. One loop waits for a line and for the lab at once, so that what is leased and
 * sampled lives on while nobody types; a command then runs to its end before the next line is
 * looked at. Ctrl-C ends the command, at the prompt it throws the line away.
 */
#include "shell.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "host.h"
#include "line.h"
#include "prompt.h"
#include "str.h"
#include "ui_text.h"

extern char **environ;

enum { LINE_MAX_BYTES = 64 * 1024 };

struct shell {
	struct host host; /* first: commands find us through their out */
	struct lab *lab;
	bool is_tty, has_readline, is_over;
	int status;
	int signals_fd;              /* SIGINT, SIGTERM, SIGHUP: the lab has blocked them */
	char buffer[LINE_MAX_BYTES]; /* of what was read without readline */
	size_t length;
};

static void on_quit(struct host *host)
{
	((struct shell *)host)->is_over = true;
}

/* `run`, `attach`, `exec -it` have the terminal for themselves: a program of their own, waited
 * for. */
static int run_with_terminal(struct shell *shell, const struct line *line)
{
	const struct backend *backend = line->count > 1
					    ? backend_find(lab_backends(shell->lab), line->words[1])
					    : NULL;
	bool is_run = strcmp(line->words[0], "run") == 0 && backend;
	char program[4096];
	char **argv = calloc((size_t)line->count + 2, sizeof(*argv));
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int status = 0, r;
	pid_t pid;

	if (!argv)
		return 125;
	lab_program_path(shell->lab, is_run ? backend->worker : "isolab-cli", program,
			 sizeof(program));
	argv[0] = program;
	memcpy(argv + 1, line->words, (size_t)line->count * sizeof(*argv));
	posix_spawn_file_actions_init(&actions);
	/* Lines that are fed by a pipe are ours, not the program's. */
	if (!shell->is_tty)
		posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	fflush(stdout);
	r = posix_spawn(&pid, program, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(argv);
	if (r)
		return 126;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Takes what came in of signals. True if there was a Ctrl-C. */
static bool take_signals(struct shell *shell)
{
	struct signalfd_siginfo info;
	bool is_interrupted = false;

	while (read(shell->signals_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGINT) {
			is_interrupted = true;
			continue;
		}
		/* TERM, HUP: leave in order. */
		shell->is_over = true;
		shell->status = 128 + (int)info.ssi_signo;
	}
	return is_interrupted;
}

static void submit(struct shell *shell, const char *raw)
{
	auto_line line = {0};
	struct err e = {0};

	if (line_parse(raw, &line, &e) == 0)
		return;
	lab_dispatch(shell->lab, NULL);
	if (line.count < 0) {
		out_error(&shell->host.out, &e);
		shell->status = 2;
	} else if (line_needs_own_program(&line)) {
		shell->status = run_with_terminal(shell, &line);
	} else {
		shell->status = lab_submit(shell->lab, &tui_command_table, line.text, true,
					   &shell->host.out);
	}
	/* The Ctrl-C that ended the command is not the prompt's, too. */
	if (take_signals(shell))
		printf("\n");
	fflush(stdout);
}

/* ---- where lines come from ---- */

static void on_line(void *arg, char *line)
{
	struct shell *shell = arg;

	if (!line) {
		shell->is_over = true;
		printf("\n");
		return;
	}
	submit(shell, line);
	if (!shell->is_over)
		prompt_show();
}

static void on_complete(void *arg, const char *line, size_t cursor, size_t *ret_start,
			void (*add)(void *add_arg, const char *candidate), void *add_arg)
{
	struct shell *shell = arg;

	lab_dispatch(shell->lab, NULL);
	command_complete(&tui_command_table, shell->lab, line, cursor, ret_start, add, add_arg);
}

static void show_prompt(const struct shell *shell)
{
	if (shell->has_readline || !shell->is_tty)
		return;
	fputs("isolab> ", stdout);
	fflush(stdout);
}

/* Runs the whole lines of the buffer; at the end of the file also one without its newline. */
static void submit_lines(struct shell *shell, bool is_end)
{
	char *newline;

	while (!shell->is_over && shell->length &&
	       ((newline = memchr(shell->buffer, '\n', shell->length)) ||
		(is_end && shell->length < sizeof(shell->buffer)))) {
		size_t taken = newline ? (size_t)(newline - shell->buffer) + 1 : shell->length;

		shell->buffer[newline ? taken - 1 : taken] = '\0';
		submit(shell, shell->buffer);
		memmove(shell->buffer, shell->buffer + taken, shell->length - taken);
		shell->length -= taken;
		if (!is_end && !shell->is_over)
			show_prompt(shell);
	}
}

static void read_lines(struct shell *shell)
{
	size_t room = sizeof(shell->buffer) - 1 - shell->length;
	ssize_t n = room ? read(STDIN_FILENO, shell->buffer + shell->length, room) : 0;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		shell->length += (size_t)n;
	submit_lines(shell, n <= 0);
	if (n > 0)
		return;
	if (!room) {
		struct err e = {0};

		err_set(&e, E2BIG, "a line is longer than %d bytes", LINE_MAX_BYTES);
		out_error(&shell->host.out, &e);
		shell->status = 2;
	}
	shell->is_over = true;
	if (shell->is_tty)
		printf("\n");
}

static void on_interrupt(struct shell *shell)
{
	if (!take_signals(shell) || shell->is_over)
		return;
	printf("^C\n");
	if (shell->has_readline) {
		prompt_cancel();
		return;
	}
	shell->length = 0;
	show_prompt(shell);
}

static void loop(struct shell *shell)
{
	show_prompt(shell);
	while (!shell->is_over) {
		struct pollfd fds[3] = {
		    {STDIN_FILENO, POLLIN, 0},
		    {shell->signals_fd, POLLIN, 0},
		    {lab_fd(shell->lab), POLLIN, 0},
		};

		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents)
			on_interrupt(shell);
		if (fds[2].revents)
			lab_dispatch(shell->lab, NULL);
		if (fds[0].revents && shell->has_readline)
			prompt_read_terminal();
		else if (fds[0].revents)
			read_lines(shell);
	}
}

static void greet(const struct shell *shell)
{
	if (!shell->is_tty)
		return;
	printf("%s\n", tr("isolab: type 'help' for the commands, 'create all demo' or "
			  "'lesson start 01' to begin; 'quit' or end-of-file leaves."));
	if (ui_text_note())
		printf("%s\n", tr(ui_text_note()));
}

static int open_signals(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, errno, "make a descriptor for signals") : fd;
}

static int run(struct shell *shell, struct err *e)
{
	const struct prompt_hooks hooks = {on_line, on_complete, NULL, shell};
	const struct lab_options options = {.lease = true, .sample = true, .interruptible = true};
	int r = lab_create(&options, &shell->lab, e);

	if (r < 0)
		return r;
	r = shell->signals_fd = open_signals(e);
	if (r < 0)
		return r;
	greet(shell);
	r = shell->has_readline ? prompt_open(&hooks, false, e) : 0;
	if (r >= 0)
		loop(shell);
	prompt_close();
	return r;
}

int shell_main(const struct shell_start *start, struct err *e)
{
	struct shell *shell = calloc(1, sizeof(*shell));
	int r, status;

	if (!shell)
		return err_sys(e, ENOMEM, "start the shell");
	out_init_stdio(&shell->host.out);
	shell->host.quit = on_quit;
	shell->signals_fd = -1;
	shell->is_tty = isatty(STDIN_FILENO);
	shell->has_readline = shell->is_tty && isatty(STDOUT_FILENO) && !start->is_plain;
	r = run(shell, e);
	fflush(stdout);
	fd_close(&shell->signals_fd);
	lab_destroy(shell->lab);
	status = shell->is_tty && shell->status < 128 ? 0 : shell->status;
	free(shell);
	return r < 0 ? r : status;
}
