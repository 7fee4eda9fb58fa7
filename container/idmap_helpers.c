// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * newuidmap(1) and newgidmap(1) are small set-user-ID programs that write a map which the caller
 * alone may not: they check it against /etc/subuid and /etc/subgid first. Both run at the same
 * time. What they have to say when they refuse comes through a pipe and is passed on: nobody
 * knows the reason better. They cannot gain their privilege where set-user-ID means nothing
 * (no_new_privs, a nosuid mount, a container around us).
 */
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"

enum { NUMBER_MAX = 12 };

struct helper {
	const char *program;
	uint32_t own, range;
	pid_t pid; /* 0: could not be started */
};

/* PROGRAM PID 0 OWN 1 1 RANGE COUNT, with the place to say why not as its descriptor 2. */
static int start_helper(struct helper *helper, const struct idmap *map, pid_t target, int said)
{
	char numbers[4][NUMBER_MAX];
	char *argv[] = {
	    (char *)helper->program, numbers[0], (char[]){"0"}, numbers[1], (char[]){"1"},
	    (char[]){"1"},           numbers[2], numbers[3],    NULL};
	char *const env[] = {NULL};
	posix_spawn_file_actions_t actions;

	snprintf(numbers[0], NUMBER_MAX, "%d", (int)target);
	snprintf(numbers[1], NUMBER_MAX, "%u", helper->own);
	snprintf(numbers[2], NUMBER_MAX, "%u", helper->range);
	snprintf(numbers[3], NUMBER_MAX, "%u", map->range_count);
	int r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
	/* Distributions agree on /usr/bin; the caller's PATH is no place to look for a program
	 * that is trusted. */
	if (r == 0)
		r = posix_spawn(&helper->pid, helper->program, &actions, NULL, argv, env);
	if (r != 0)
		helper->pid = 0;
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static bool has_written(const struct helper *helper)
{
	int status;

	if (!helper->pid)
		return false;
	while (waitpid(helper->pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Into `lack`: the first line that a helper said, or why there is none. */
static void tell_lack(int said, int error, char lack[IDMAP_LACK_MAX])
{
	char text[IDMAP_LACK_MAX - 64] = "";
	ssize_t n = read(said, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (error == -ENOENT)
		snprintf(lack, IDMAP_LACK_MAX,
			 "newuidmap and newgidmap are not installed: package uidmap or "
			 "shadow-utils has them");
	else if (error < 0)
		snprintf(lack, IDMAP_LACK_MAX, "newuidmap cannot be run: %s", strerror(-error));
	else
		snprintf(lack, IDMAP_LACK_MAX, "%s (`isolab doctor`)",
			 *text ? text : "newuidmap failed without a word");
}

int idmap_write_by_helpers(const struct idmap *map, pid_t pid, bool *ret_has_users,
			   bool *ret_has_groups, char lack[IDMAP_LACK_MAX])
{
	struct helper users = {"/usr/bin/newuidmap", map->first_uid, map->range_uid, 0};
	struct helper groups = {"/usr/bin/newgidmap", map->first_gid, map->range_gid, 0};
	int ends[2];

	*ret_has_users = *ret_has_groups = false;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	auto_close int hears = ends[0], said = ends[1];
	int r = start_helper(&users, map, pid, said);
	if (r == 0)
		r = start_helper(&groups, map, pid, said);
	*ret_has_users = has_written(&users);
	*ret_has_groups = has_written(&groups);
	if (*ret_has_users && *ret_has_groups)
		return 0;
	tell_lack(hears, r, lack);
	return r < 0 ? r : -EPERM;
}
