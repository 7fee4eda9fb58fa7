// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * execve(2) answers with one number. This file turns it into a sentence: ENOENT for a file that is
 * there means that its loader or its interpreter is not (program.h); EACCES may be a directory, a
 * missing x bit or a noexec mount; ENOEXEC another machine's program or a text.
 */
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "own_program.h"
#include "program.h"
#include "str.h"

enum { PATH_LENGTH_MAX = 4096, NAMES_MAX = 512 };

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

/* The file is there and execve said ENOENT or ENOEXEC: what does it need? */
static int explain_file(const char *path, int error, struct err *e)
{
	char head[PROGRAM_HEAD_MAX];
	struct program program;
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, head, sizeof(head));

	program_read_head(head, n > 0 ? (size_t)n : 0, &program);
	if (error == ENOENT && program.type == PROGRAM_SCRIPT)
		return err_hint(e,
				err_set(e, ENOEXEC,
					"cannot run '%s': its interpreter '%s' is not there", path,
					program.needs),
				"the first line of the script names it");
	if (error == ENOENT && program.type == PROGRAM_ELF)
		return err_hint(
		    e,
		    err_set(e, ENOEXEC, "cannot run '%s': its loader '%s' is not there", path,
			    program.needs),
		    "it is dynamically linked: put the loader and its libraries into the image, "
		    "or link the program statically");
	int r = err_sys(e, error, "cannot run '%s'", path);
	if (error != ENOEXEC)
		return r;
	if (program.is_foreign)
		return err_hint(e, r, "it was built for another processor");
	return err_hint(e, r,
			program.type == PROGRAM_ELF
			    ? "it is damaged"
			    : "it is neither a program nor a script: a "
			      "script begins with '#!' and its interpreter");
}

static int explain_found(const char *path, int error, struct err *e)
{
	struct stat found;

	if ((error == EPERM || error == EACCES) && own_program_is(path))
		return err_hint(e,
				err_set(e, EACCES, "cannot run '%s': it is isolab's own program",
					path),
				"or one that nobody may read: nothing of the host runs inside");
	if (error != EACCES && error != EISDIR)
		return explain_file(path, error, e);
	if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
		return err_hint(e, err_set(e, EACCES, "cannot run '%s': it is a directory", path),
				"name a program in it");
	err_sys(e, error, "cannot run '%s'", path);
	return err_hint(e, -EACCES,
			"it needs the x permission (chmod +x), also for others, and a "
			"file system without noexec");
}

/* Names in the directories of PATH, to find the one that was meant. */
static size_t list_names(const char *directories, char *names[], size_t max)
{
	char copy[PATH_LENGTH_MAX], *position = NULL;
	size_t count = 0;

	str_copy(copy, sizeof(copy), directories);
	for (char *path = strtok_r(copy, ":", &position); path;
	     path = strtok_r(NULL, ":", &position)) {
		DIR *directory = opendir(path);
		struct dirent *entry;
		while (directory && count < max && (entry = readdir(directory)))
			if (entry->d_name[0] != '.' && (names[count] = strdup(entry->d_name)))
				count++;
		if (directory)
			closedir(directory);
	}
	return count;
}

static int explain_missing(const char *name, char *const env[], struct err *e)
{
	const char *directories = command_getenv(env, "PATH");
	char *names[NAMES_MAX];
	size_t count = list_names(directories ? directories : default_path, names, NAMES_MAX);
	const char *nearest = str_nearest(name, (const char *const *)names, count);

	err_set(e, ENOENT, "command '%s' not found", name);
	if (nearest)
		err_hint(e, -ENOENT, "did you mean '%s'?", nearest);
	else
		err_hint(e, -ENOENT,
			 "looked in %s (%zu programs); `busybox --list` shows what the "
			 "default image has",
			 directories ? directories : default_path, count);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	return -ENOENT;
}

int command_exec(char *const argv[], char *const env[], bool is_exposed, struct err *e)
{
	char path[PATH_LENGTH_MAX] = "";

	if (!strchr(argv[0], '/')) {
		int error = exec_in_path(argv, env, is_exposed, path, sizeof(path));
		return *path ? explain_found(path, error, e) : explain_missing(argv[0], env, e);
	}
	int error = run(argv[0], argv, env, is_exposed);
	if (error == ENOENT && access(argv[0], F_OK) < 0)
		return err_hint(e, err_set(e, ENOENT, "'%s' not found", argv[0]),
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
