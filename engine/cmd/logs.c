/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logs: what the console of a sandbox printed, also after its end. The bytes go out as they are:
 * they may hold any control sequence, so a terminal gets them only with those made visible that
 * could do harm (everything but newline, tab and return).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "fd.h"

enum logs_option { LOGS_FOLLOW };

struct follower {
	struct command_context *context;
	struct sandbox *s;
	uint64_t position;
	int error; /* -errno of a console that cannot be read */
};

static void write_safe(struct out *out, char *data, size_t length)
{
	for (size_t i = 0; out->is_terminal && i < length; i++) {
		unsigned char c = (unsigned char)data[i];

		if ((c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f)
			data[i] = '?';
	}
	out->write(out, false, OUT_PLAIN, data, length);
}

static void print_new(struct follower *f)
{
	char data[16384];

	for (;;) {
		uint64_t lost;
		ssize_t n = sandbox_console_read(f->s, &f->position, data, sizeof(data), &lost);

		if (lost)
			out_role_printf(f->context->out, OUT_DIM,
					"[%llu bytes are no longer kept]\n",
					(unsigned long long)lost);
		if (n <= 0) {
			/* An empty file is a console that nobody has written to yet. */
			f->error = n < 0 && n != -EBADMSG ? (int)n : 0;
			return;
		}
		write_safe(f->context->out, data, (size_t)n);
	}
}

static bool is_read_to_the_end(struct lab *lab, void *arg)
{
	struct follower *f = arg;
	bool is_over = sandbox_is_gone(f->s) || !sandbox_is_alive(f->s);

	(void)lab;
	print_new(f);
	fflush(stdout);
	return is_over;
}

static int run_logs(struct command_context *context, int argc, char **argv)
{
	struct follower f = {.context = context};
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, 1, 0, &line), r;

	if (status)
		return status;
	if (cmd_find_one(context->lab, line.words[0], &f.s, &error) < 0)
		return cmd_fail(context, &error);
	print_new(&f);
	if (f.error < 0) {
		err_sys(&error, f.error, "read the console of '%s'", sandbox_name(f.s));
		return cmd_fail(context, &error);
	}
	if (!cmd_has(&line, LOGS_FOLLOW))
		return 0;
	if (!context->may_wait) {
		err_set(&error, EBUSY, "logs -f would wait, and the screen does not");
		err_hint(&error, 0, "the console is on the screen");
		return cmd_fail(context, &error);
	}
	sandbox_hold(f.s);
	r = lab_wait(context->lab, is_read_to_the_end, &f, -1, &error);
	sandbox_release(f.s);
	return r == -EINTR ? CMD_STATUS_INTERRUPTED : r < 0 ? cmd_fail(context, &error) : 0;
}

static const struct command_option options[] = {
    [LOGS_FOLLOW] = {.name = "--follow", .about = "go on until it ends", .letter = 'f'},
    {.name = NULL},
};

const struct command cmd_logs = {
    .name = "logs",
    .arguments = "NAME [-f]",
    .about = "show what its console printed, also after the end",
    .word = WORD_SANDBOX,
    .options = options,
    .run = run_logs,
};
