// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The child's half of container_run(): from "go" to exec, one table of steps. It runs as
 * process 1 of the new pid namespace with all capabilities *inside* the new user namespace and
 * none outside. The order matters: root of the namespace before the first tmpfs (its files need
 * an owner that exists inside), mounts before pivot, capabilities after everything that needs
 * them, the filter last.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "console_ends.h"
#include "fd.h"
#include "kernel.h"
#include "timens.h"

/* Waits for the worker's next word; end-of-file: it is gone, and so are we. */
static int await_word(struct err *e)
{
	char word[16];
	ssize_t n;

	do
		n = recv(CHILD_SOCKET, word, sizeof(word), 0);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return 0;
	return n < 0 ? err_sys(e, errno, "hear from the worker")
		     : err_set(e, ECANCELED, "the worker is gone");
}

/* A new kernel's way to an own clock; on an older one we were born with it, or do without. */
static int shift_clock(const struct container *c, struct err *e)
{
	uint64_t unused;

	if (!(c->namespaces & CLONE_NEWTIME) || c->clock_shift_ns)
		return 0;
	int r = timens_make(&unused, e);
	if (r != -EINVAL)
		return r;
	err_clear(e);
	container_note(c, "the clock is the host's: this kernel has no time namespaces");
	return 0;
}

void container_own_session(void)
{
	const struct timespec now = {0};
	sigset_t meant_for_worker, none;

	setsid();
	sigemptyset(&meant_for_worker);
	sigaddset(&meant_for_worker, SIGINT);
	sigaddset(&meant_for_worker, SIGQUIT);
	sigaddset(&meant_for_worker, SIGTERM);
	sigaddset(&meant_for_worker, SIGHUP);
	while (sigtimedwait(&meant_for_worker, NULL, &now) > 0)
		;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

int container_become_root(const struct container *c, struct err *e)
{
	if (!(c->namespaces & CLONE_NEWUSER))
		return 0;
	if (!c->idmap.must_deny_setgroups && kernel_setgroups(0, NULL) < 0)
		return err_sys(e, errno, "give up the host's groups");
	if (kernel_setresgid(0) < 0 || kernel_setresuid(0) < 0)
		return err_sys(e, errno, "become root of the new user namespace");
	return 0;
}

/* Own descriptors, own session, signals as a fresh program expects them; then we wait until the
 * worker has said who is who in the new user namespace. */
static int prepare(const struct container *c, struct err *e)
{
	container_own_session();
	umask(0);
	int r = console_take_pipes(c, e);
	if (r == 0)
		r = shift_clock(c, e);
	return r < 0 ? r : await_word(e); /* "maps written" */
}

static int enter_root(const struct container *c, struct err *e)
{
	int r = mounts_pivot(c, e);

	return r < 0 ? r : console_open(c, e);
}

static int join_cgroup(const struct container *c, struct err *e)
{
	if (!cgroup_is_made(&c->cgroup))
		return 0;
	int r = cgroup_needs_attach(&c->cgroup) ? await_word(e) : 0;
	if (r == 0 && (c->namespaces & CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP) < 0)
		r = err_sys(e, errno, "make a cgroup namespace");
	return r;
}

static int drop_capabilities(const struct container *c, struct err *e)
{
	int r = join_cgroup(c, e);

	return r < 0 || c->is_bare ? r : lockdown_capabilities(e);
}

static int exec_command(const struct container *c, struct err *e)
{
	const char *directory = c->spec->workdir;

	if (!directory && !c->is_bare) /* a plain process stays where it was started */
		directory = "/";
	umask(022);
	c->report->is_command_error = true;
	if (directory && chdir(directory) < 0)
		return err_hint(e, err_sys(e, errno, "enter the directory '%s'", directory),
				"--workdir names a directory inside the sandbox");
	return command_exec(c->argv, c->env, e);
}

static const struct {
	enum container_step step;
	int (*run)(const struct container *c, struct err *e);
} child_steps[] = {
    {STEP_MOUNTS, mounts_build},    {STEP_PIVOT, enter_root},       {STEP_NETWORK, network_build},
    {STEP_CAPS, drop_capabilities}, {STEP_SECCOMP, lockdown_calls}, {STEP_EXEC, exec_command},
};

void container_child(struct container *c)
{
	struct container_report *report = c->report;
	int r = prepare(c, &report->error);

	for (size_t i = 0; r == 0 && i < sizeof(child_steps) / sizeof(child_steps[0]); i++) {
		report->start_ns[child_steps[i].step] = clock_now_ns() + c->clock_shift_ns;
		r = child_steps[i].run(c, &report->error);
		report->end_ns[child_steps[i].step] = clock_now_ns() + c->clock_shift_ns;
	}
	_exit(125);
}
