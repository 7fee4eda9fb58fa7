// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Hooks: programs that the bundle names, run in the order of their list with the container's state
 * on standard input and the environment that the config gives them, nothing else. A hook that does
 * not end in its time is killed. Where they run, in the runtime's namespaces or the container's,
 * is where this is called. See the specification, config.md, "POSIX-platform Hooks".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "kernel.h"
#include "notices.h"
#include "oci_container.h"

static const char *const kind_names[OCI_HOOK_KINDS] = {
    [OCI_PRESTART] = "prestart",
    [OCI_CREATE_RUNTIME] = "createRuntime",
    [OCI_CREATE_CONTAINER] = "createContainer",
    [OCI_START_CONTAINER] = "startContainer",
    [OCI_POSTSTART] = "poststart",
    [OCI_POSTSTOP] = "poststop",
};

static int write_state(const struct oci_state *state, enum oci_status status, struct err *e)
{
	auto_free char *text = oci_state_describe(state, status, JSON_COMPACT);
	auto_close int fd = memfd_create("state", MFD_CLOEXEC);
	int r = !text ? -ENOMEM : fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, r < 0 ? r : errno, "write the state for a hook");
	return fd_move(&fd);
}

/* In the child: becomes the hook. */
static void become(const struct oci_hook *hook, int input) __attribute__((noreturn));
static void become(const struct oci_hook *hook, int input)
{
	char *plain[] = {(char *)hook->path, NULL};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (dup2(input, STDIN_FILENO) >= 0 &&
	    kernel_close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		execve(hook->path, hook->args.count ? hook->args.items : plain, hook->env.items);
	_exit(127);
}

static int judge(const struct oci_hook *hook, const siginfo_t *end, struct err *e)
{
	if (end->si_code != CLD_EXITED)
		return err_set(e, EIO, "'%s' was killed by signal %d", hook->path, end->si_status);
	if (end->si_status == 127)
		return err_hint(e,
				err_set(e, ENOEXEC, "'%s' cannot be run, or ended with 127",
					hook->path),
				"is the path right, and has it the x permission?");
	return end->si_status
		   ? err_set(e, EIO, "'%s' ended with status %d", hook->path, end->si_status)
		   : 0;
}

static int run(const struct oci_hook *hook, const struct oci_state *state, enum oci_status status,
	       struct err *e)
{
	auto_close int input = write_state(state, status, e);
	siginfo_t end = {0};

	if (input < 0)
		return input;
	pid_t pid = fork();
	if (pid == 0)
		become(hook, input);
	if (pid < 0)
		return err_sys(e, errno, "start '%s'", hook->path);
	auto_close int process = kernel_pidfd_open(pid);
	struct pollfd wait = {.fd = process, .events = POLLIN};
	int timeout_ms = hook->timeout_s && hook->timeout_s < INT32_MAX / 1000
			     ? (int)hook->timeout_s * 1000
			     : -1;
	int r = poll(&wait, 1, timeout_ms);
	bool is_late = r == 0;
	if (is_late)
		kill(-pid, SIGKILL);
	if (is_late)
		kill(pid, SIGKILL);
	while (waitid(P_PID, (id_t)pid, &end, WEXITED) < 0 && errno == EINTR)
		;
	return is_late
		   ? err_set(e, ETIMEDOUT, "'%s' did not end in %u s", hook->path, hook->timeout_s)
		   : judge(hook, &end, e);
}

int oci_hooks_run(const struct oci_config *config, enum oci_hook_kind kind,
		  const struct oci_state *state, enum oci_status status, bool is_patient,
		  struct err *e)
{
	const struct oci_hooks *hooks = &config->hooks[kind];

	for (size_t i = 0; i < hooks->count; i++) {
		struct err failed = {0};
		int r = run(&hooks->items[i], state, status, &failed);
		if (r == 0)
			continue;
		err_ctx(&failed, r, "hook %s[%zu]", kind_names[kind], i);
		if (!is_patient) {
			*e = failed;
			return r;
		}
		oci_warn("%s", failed.what);
	}
	return 0;
}
