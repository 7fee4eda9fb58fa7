/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run: make, start, attach, wait, remove. All of it is done by the wall's worker itself, in the
 * foreground: this only becomes it. From a shell the dispatcher has done so already and nobody
 * comes by here, unless the kind is wrong or there is a prompt of ours.
 */
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "fd.h"
#include "programs.h"
#include "str.h"

extern char **environ;

static int refuse_kind(struct command_context *context, const char *kind)
{
	const struct backend *table = context->backends;
	const char *kinds[16], *nearest;
	struct err error = {0};
	size_t count = 0;

	while (count < 16 && table[count].kind) {
		kinds[count] = table[count].kind;
		count++;
	}
	nearest = str_nearest(kind, kinds, count);
	err_set(&error, EINVAL, "run: no kind '%.40s'", kind);
	if (nearest)
		err_hint(&error, 0, "did you mean '%s'?", nearest);
	else
		err_hint(&error, 0, "the kinds are process, container and vm");
	return cmd_fail(context, &error);
}

/* At a prompt: as a child, to which the terminal is left until it ends. */
static int run_child(struct command_context *context, const char *path, char **argv)
{
	struct err error = {0};
	int r, status;
	pid_t pid;

	r = posix_spawn(&pid, path, NULL, NULL, argv, environ);
	if (r) {
		err_sys(&error, r, "run '%s'", path);
		return cmd_fail(context, &error);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CMD_STATUS_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the worker is called with: its own name before the command's words. NULL: no memory. */
static char **worker_words(char *path, int argc, char **argv)
{
	char **words = calloc((size_t)argc + 2, sizeof(*words));

	if (!words)
		return NULL;
	words[0] = path;
	memcpy(words + 1, argv, (size_t)argc * sizeof(*words));
	return words;
}

static int run_run(struct command_context *context, int argc, char **argv)
{
	const struct backend *backend;
	char directory[PATH_MAX], path[PATH_MAX];
	struct err error = {0};
	auto_free char **words = NULL;
	int kind;

	if (argc < 2) {
		err_set(&error, EINVAL, "run: what kind of sandbox?");
		err_hint(&error, 0, "isolab run process|container|vm [OPTIONS] [-- COMMAND]");
		return cmd_fail(context, &error);
	}
	/* Options may stand before the kind. */
	kind = 1 + spec_count_options(argc - 1, argv + 1);
	backend = kind < argc ? backend_find(context->backends, argv[kind]) : NULL;
	if (!backend)
		return refuse_kind(context, kind < argc ? argv[kind] : "");
	if (programs_find(NULL, directory, sizeof(directory), &error) < 0)
		return cmd_fail(context, &error);
	snprintf(path, sizeof(path), "%.4000s/%s", directory, backend->worker);
	words = worker_words(path, argc, argv);
	if (!words)
		return CMD_STATUS_FAILED;
	if (context->is_prompt)
		return run_child(context, path, words);
	execv(path, words);
	err_sys(&error, errno, "run '%s'", path);
	err_hint(&error, 0, "build it with ./dev build, or install isolab again");
	return cmd_fail(context, &error);
}

const struct command cmd_run = {
    .name = "run",
    .arguments = "KIND [OPTIONS] [-- COMMAND…]",
    .about = "run a command in a new sandbox, wait for it, remove the sandbox",
    .details = "Exits with the command's own status. Without a command a small line interpreter "
	       "runs, the same\n"
	       "on every kind. -it gives it a terminal; Ctrl-P Ctrl-Q lets go of it.",
    .flags = COMMAND_TERMINAL | COMMAND_SPEC | COMMAND_NO_LAB,
    .word = WORD_KIND,
    .run = run_run,
};
