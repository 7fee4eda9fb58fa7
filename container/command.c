// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The program takes the place of the process. A name without '/' is looked for in PATH as a shell
 * does: what is found but cannot be run is remembered, and told if nothing better comes
 * (command_why.c). See execve(2), environ(7).
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command_why.h"
#include "own_program.h"
#include "str.h"

enum { PATH_LENGTH_MAX = 4096 };

static const char default_path[] = "/bin:/usr/bin:/sbin:/usr/sbin";

const char *command_getenv(char *const env[], const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; env && env[i]; i++)
		if (strncmp(env[i], name, length) == 0 && env[i][length] == '=')
			return env[i] + length + 1;
	return NULL;
}

/* Comes back with the errno: EPERM for the worker's own program. */
static int run(const char *path, char *const argv[], char *const env[], bool is_exposed)
{
	if (is_exposed && own_program_is(path))
		return EPERM;
	execve(path, argv, env);
	return errno;
}

/* Calls execve for NAME in each directory of PATH. Returns the errno that says most. */
static int exec_in_path(char *const argv[], char *const env[], bool is_exposed, char *ret_path,
			size_t size)
{
	const char *directories = command_getenv(env, "PATH");
	int error = ENOENT;

	for (const char *rest = directories ? directories : default_path; rest;) {
		const char *end = strchrnul(rest, ':');
		int length = (int)(end - rest);
		char path[PATH_LENGTH_MAX];
		int n = snprintf(path, sizeof(path), "%.*s/%s", length ? length : 1,
				 length ? rest : ".", argv[0]);
		rest = *end ? end + 1 : NULL;
		if (n < 0 || (size_t)n >= sizeof(path))
			continue;
		int failed = run(path, argv, env, is_exposed);
		if (failed == ENOENT && access(path, F_OK) < 0)
			continue;
		if (failed == ENOTDIR)
			continue;
		/* Found, but not runnable: remember the first, go on as a shell does. */
		if (error == ENOENT && !*ret_path) {
			error = failed;
			str_copy(ret_path, size, path);
		}
	}
	return error;
}

static int explain_found(const char *path, int error, struct err *e)
{
	if ((error == EPERM || error == EACCES) && own_program_is(path))
		return err_hint(e,
				err_set(e, EACCES, "cannot run '%s': it is isolab's own program",
					path),
				"or one that nobody may read: nothing of the host runs inside");
	return command_why_not(path, error, e);
}

int command_exec(char *const argv[], char *const env[], bool is_exposed, struct err *e)
{
	const char *directories = command_getenv(env, "PATH");
	char path[PATH_LENGTH_MAX] = "";

	if (!strchr(argv[0], '/')) {
		int error = exec_in_path(argv, env, is_exposed, path, sizeof(path));
		return *path ? explain_found(path, error, e)
			     : command_why_missing(argv[0],
						   directories ? directories : default_path, e);
	}
	int error = run(argv[0], argv, env, is_exposed);
	if (error == ENOENT && access(argv[0], F_OK) < 0)
		return err_hint(e, err_set(e, ENOENT, "'%.160s' not found", argv[0]),
				"the path is looked up inside, not on the host");
	return explain_found(argv[0], error, e);
}

static bool is_named_like(const char *assignment, const char *other)
{
	size_t length = (size_t)(strchrnul(other, '=') - other);

	return strncmp(assignment, other, length) == 0 && assignment[length] == '=';
}

/* Adds a copy of "K=V", in place of an older one of that name. False: no memory. */
static bool put_variable(char **env, size_t *count, const char *assignment)
{
	char *copy = strdup(assignment);

	if (!copy)
		return false;
	for (size_t i = 0; i < *count; i++)
		if (is_named_like(env[i], copy)) {
			free(env[i]);
			env[i] = copy;
			return true;
		}
	env[(*count)++] = copy;
	return true;
}

static size_t count_words(const char *const words[])
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

char **command_make_environment(const char *const *const lists[], size_t list_count)
{
	size_t count = 0;
	bool ok = true;

	for (size_t list = 0; list < list_count; list++)
		count += count_words(lists[list]);
	char **env = calloc(count + 1, sizeof(*env));
	count = 0;
	for (size_t list = 0; env && list < list_count; list++)
		for (size_t i = 0; ok && lists[list] && lists[list][i]; i++)
			ok = put_variable(env, &count, lists[list][i]);
	if (ok)
		return env;
	command_free_environment(env);
	return NULL;
}

void command_free_environment(char **env)
{
	for (size_t i = 0; env && env[i]; i++)
		free(env[i]);
	free(env);
}
