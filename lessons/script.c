/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `!sh` checks: a command of the lesson's author, run by sh in a process group of its own, with a
 * pipe for what it says. It ends by itself or is ended after ten seconds; a script that hangs or
 * fails oddly is the lesson's fault.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "str.h"

extern char **environ;

#define SCRIPT_TIMEOUT_NS 10000000000ULL

static int spawn_shell(const char *command, int output, pid_t *ret_pid)
{
	char *argv[] = {"sh", "-c", (char *)command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attributes, 0);
	r = posix_spawnp(ret_pid, "sh", &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Reads what the script says until it closes its output; false when the time is over. */
static bool read_output(int fd, char *reason, size_t size)
{
	uint64_t end = clock_now_ns() + SCRIPT_TIMEOUT_NS;
	char rest[256] = "";
	size_t used = 0;

	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		uint64_t now = clock_now_ns();
		bool is_full = used + 1 >= size;
		ssize_t r;
		if (now >= end || poll(&poll_fd, 1, (int)((end - now) / 1000000) + 1) == 0)
			return false;
		r = read(fd, is_full ? rest : reason + used,
			 is_full ? sizeof(rest) : size - 1 - used);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		used += is_full ? 0 : (size_t)r;
	}
	while (used && (reason[used - 1] == '\n' || reason[used - 1] == ' '))
		used--;
	reason[used] = 0;
	return true;
}

enum check_result check_run_script(const char *command, char *reason, size_t size)
{
	auto_close int reader = -1;
	int ends[2], status = 0, r;
	bool is_in_time;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return str_copy(reason, size, strerror(errno)), CHECK_BROKEN;
	reader = ends[0];
	r = spawn_shell(command, ends[1], &pid);
	close(ends[1]);
	if (r < 0)
		return str_copy(reason, size, strerror(-r)), CHECK_BROKEN;
	is_in_time = read_output(reader, reason, size);
	if (!is_in_time)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!is_in_time) {
		str_copy(reason, size, "its script took longer than 10 s");
		return CHECK_BROKEN;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return CHECK_PASSED;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 2 && reason[0])
		return CHECK_FAILED;
	str_copy(reason, size, "its script ended oddly, or said nothing");
	return CHECK_BROKEN;
}
