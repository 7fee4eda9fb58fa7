// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The child's half of the steps, in the order of steps.c. It runs as process 1 of the new pid
 * namespace with all capabilities *inside* the new user namespace and none outside.
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
#include "hooks.h"
#include "init.h"
#include "kernel.h"
#include "own_program.h"
#include "rlimits.h"
#include "timens.h"
#include "workdir.h"

int child_await(const char *expected, struct err *e)
{
	char word[32];
	ssize_t n;

	do
		n = recv(CHILD_SOCKET, word, sizeof(word), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "hear '%s' from the worker", expected);
	if (n == 0)
		return err_set(e, ECANCELED, "the worker is gone");
	if ((size_t)n == strlen(expected) && memcmp(word, expected, (size_t)n) == 0)
		return 0;
	return err_set(e, EPROTO, "the worker did not say '%s'", expected);
}

void container_own_session(struct calls *calls)
{
	const struct timespec now = {0};
	sigset_t meant_for_worker, none;

	call_setsid(calls);
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

int container_become_root(struct container *c, struct err *e)
{
	if (!c->idmap.must_deny_setgroups && !hook_is_out("groups") &&
	    call_setgroups(c->calls, 0, NULL) < 0)
		return err_sys(e, errno, "give up the host's groups");
	if (call_setresgid(c->calls, 0) < 0 || call_setresuid(c->calls, 0) < 0)
		return err_sys(e, errno, "become root of the new user namespace");
	return 0;
}

int child_start_session(struct container *c, struct err *e)
{
	container_own_session(c->calls);
	umask(022);
	return console_sweep(c, e);
}

/* A new kernel's way to an own clock; on an older one we were born with it, or do without. */
int child_shift_clock(struct container *c, struct err *e)
{
	uint64_t unused;

	if (c->clock_shift_ns)
		return 0;
	int r = timens_make(c->calls, &unused, e);
	if (r != -EINVAL)
		return r;
	err_clear(e);
	container_note(c, "the clock is the host's: this kernel has no time namespaces");
	return 0;
}

int child_set_hostname(struct container *c, struct err *e)
{
	const char *name = c->spec->hostname ? c->spec->hostname : c->spec->name;

	return call_sethostname(c->calls, name, strlen(name)) < 0
		   ? err_sys(e, errno, "set the host name '%s'", name)
		   : 0;
}

/* First of all, while the descriptors of the cgroup are still open. */
int child_enter_cgroup(struct container *c, struct err *e)
{
	c->cgroup.calls = c->calls;
	return cgroup_enter(&c->cgroup, c->spec, e);
}

/* The root of a cgroup namespace is where its maker stands: so it is made once we are in ours. */
int child_split_cgroups(struct container *c, struct err *e)
{
	(void)c;
	return call_unshare(c->calls, CLONE_NEWCGROUP) < 0
		   ? err_sys(e, errno, "make a cgroup namespace")
		   : 0;
}

/* The last step of all: the command's own limits would hinder the building. */
static int run_command(struct container *c, struct err *e)
{
	c->report->is_command_error = true;
	int r = rlimits_set(c, e);
	if (r < 0)
		return r;
	call_note(c->calls, CALL_EXECVE, clock_now_ns(), 0, CALL_WORDS_OF((long)c->argv[0]));
	return command_exec(c->argv, c->env, own_program_is_exposed(c), e);
}

int child_exec(struct container *c, struct err *e)
{
	c->report->is_command_error = true;
	int r = workdir_enter(c, c->spec->workdir, e);
	if (r < 0)
		return r;
	c->report->is_command_error = false;
	return c->spec->init ? init_start(c, run_command, e) : run_command(c, e);
}

void container_child(struct container *c)
{
	c->is_child = true;
	c->calls = &c->report->calls[1];
	c->calls->shift_ns = c->clock_shift_ns;
	steps_do(c, STEP_FIRST_OF_CHILD, STEPS, &c->report->error);
	_exit(125);
}
