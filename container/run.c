// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The worker's half of the steps, in the order of steps.c; the child's half is child.c. What
 * surprises: the child is made with all its namespaces in one clone3, but it can do little
 * before the worker has written its id maps, and the worker is the only one who may write a map
 * of more than one id. While the worker writes, the child already runs. See clone(2),
 * cgroups(7), user_namespaces(7).
 */
#include "container.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "console_ends.h"
#include "fd.h"
#include "kernel.h"
#include "timens.h"

enum { DYING_MS = 20 }; /* what a process that was killed may take to be gone */

static const struct {
	unsigned brick, flag;
} namespace_flags[] = {
    {SPEC_NS_USER, CLONE_NEWUSER},     {SPEC_NS_PID, CLONE_NEWPID},   {SPEC_NS_MOUNT, CLONE_NEWNS},
    {SPEC_NS_NETWORK, CLONE_NEWNET},   {SPEC_NS_UTS, CLONE_NEWUTS},   {SPEC_NS_IPC, CLONE_NEWIPC},
    {SPEC_NS_CGROUP, CLONE_NEWCGROUP}, {SPEC_NS_TIME, CLONE_NEWTIME},
};

void container_init(struct container *c, const struct sandbox_spec *spec, const char *image)
{
	*c = (struct container){
	    .spec = spec,
	    .image = image,
	    .is_bare = strcmp(spec->kind, "process") == 0,
	    .socket = -1,
	    .child_socket = -1,
	    .pidfd = -1,
	    .listener = -1,
	    .counts_refusals = true,
	    .user = spec->user,
	    .has_terminal = spec->tty,
	    .keeps_home = command_getenv(spec->env, "HOME"),
	    .console = {-1, -1, -1},
	};
	cgroup_init(&c->cgroup);
	files_init(&c->files);
	lab_init(&c->lab);
	c->capabilities = capabilities_choose(spec);
	for (size_t i = 0; i < sizeof(namespace_flags) / sizeof(namespace_flags[0]); i++)
		if (container_has(c, namespace_flags[i].brick))
			c->namespaces |= namespace_flags[i].flag;
	if (spec->network == SPEC_NETWORK_HOST)
		c->namespaces &= ~(unsigned)CLONE_NEWNET;
}

char **container_environment(const struct container *c, char *const extra[])
{
	const struct sandbox_spec *spec = c->spec;
	const char *own[8] = {0}, *usual_path = "/bin:/usr/bin:/sbin:/usr/sbin";
	const char *host_path = c->is_bare ? getenv("PATH") : NULL;
	char path[PATH_MAX + 64], hostname[SPEC_NAME_MAX * 4];
	size_t count = 0;

	/* Where the host's root is seen, isolab's own programs are still those of the image. */
	snprintf(path, sizeof(path), "PATH=%s%s%s", c->namespaces & CLONE_NEWNS ? "" : c->image,
		 c->namespaces & CLONE_NEWNS ? "" : "/bin:", host_path ? host_path : usual_path);
	snprintf(hostname, sizeof(hostname), "HOSTNAME=%s",
		 spec->hostname ? spec->hostname : spec->name);
	if (*c->mark)
		own[count++] = c->mark;
	own[count++] = path;
	if (!c->is_bare) {
		own[count++] = "HOME=/root";
		own[count++] = hostname;
		own[count++] = spec->tty ? "TERM=xterm-256color" : NULL;
	}
	const char *const *const lists[] = {c->is_bare ? (const char *const *)environ : NULL, own,
					    (const char *const *)spec->env,
					    (const char *const *)extra};
	return command_make_environment(lists, sizeof(lists) / sizeof(lists[0]));
}

/* A limit is a number in an account: first the account, then whoever it counts. */
int container_make_cgroup(struct container *c, struct err *e)
{
	c->cgroup.calls = c->calls;
	int r = cgroup_make(&c->cgroup, c->spec, c->report->limit_note,
			    sizeof(c->report->limit_note), e);
	c->cgroup.calls = NULL;
	return r;
}

void container_note(const struct container *c, const char *format, ...)
{
	char *note = c->report->brick_note;
	size_t size = sizeof(c->report->brick_note), length = strlen(note);
	va_list arguments;

	if (c->is_entered) /* whoever asked for an exec has heard it at the start */
		return;
	if (length)
		length += (size_t)snprintf(note + length, size - length, "; ");
	va_start(arguments, format);
	if (length < size)
		vsnprintf(note + length, size - length, format, arguments);
	va_end(arguments);
}

int container_shift_clock(struct container *c, struct err *e)
{
	(void)e;
	if (!timens_is_entered_on_exec() &&
	    timens_make(c->calls, &c->clock_shift_ns, NULL) < 0) /* doctor says so */
		c->namespaces &= ~(unsigned)CLONE_NEWTIME;
	return 0;
}

int container_make_channel(struct container *c, struct err *e)
{
	int ends[2];

	c->report = mmap(NULL, sizeof(*c->report), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->report == MAP_FAILED) {
		c->report = NULL;
		return err_sys(e, errno, "map the page shared with the child");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, errno, "make the socket to the child");
	c->socket = ends[0];
	c->child_socket = ends[1];
	c->calls = &c->report->calls[0];
	return 0;
}

static int explain_clone(const struct container *c, int error, struct err *e)
{
	int r = err_sys(e, error, "make a process in new namespaces");

	if (!(c->namespaces & CLONE_NEWUSER) && geteuid() != 0)
		return err_hint(e, r,
				"only root can do without a user namespace: it is what lets an "
				"ordinary user make the others");
	if (error == EPERM || error == ENOSPC || error == EUSERS)
		return err_hint(e, r,
				"this machine forbids user namespaces; `isolab doctor` says "
				"by which setting, and how to allow them");
	return r;
}

int container_clone(struct container *c, struct err *e)
{
	unsigned flags = c->namespaces & ~(unsigned)CLONE_NEWTIME;

	/* The root of a cgroup namespace is where its maker stands: with limits the child makes
	 * it, once inside. */
	if (cgroup_is_made(&c->cgroup))
		flags &= ~(unsigned)CLONE_NEWCGROUP;
	struct clone_args arguments = {.flags = flags | CLONE_PIDFD,
				       .pidfd = (uintptr_t)&c->pidfd,
				       .exit_signal = SIGCHLD};
	if (cgroup_clone_fd(&c->cgroup) >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)cgroup_clone_fd(&c->cgroup);
	}
	if (lab_is_wanted(c)) {
		int r = lab_clone(c, &arguments, e);
		fd_close(&c->child_socket);
		return r;
	}
	pid_t pid = call_clone3(c->calls, &arguments);
	if (pid < 0)
		return explain_clone(c, errno, e);
	if (pid == 0)
		container_child(c);
	c->pid = pid;
	fd_close(&c->child_socket);
	return 0;
}

int container_say(struct container *c, const char *word, struct err *e)
{
	if (send(c->socket, word, strlen(word), MSG_NOSIGNAL) >= 0)
		return 0;
	return err_sys(e, errno, "tell the child '%s'", word);
}

int container_map_ids(struct container *c, struct err *e)
{
	c->idmap.calls = c->calls;
	int r = idmap_write(&c->idmap, c->pid, e);

	if (r == 0 && *c->idmap.lack)
		container_note(c, "only one user is mapped: %s", c->idmap.lack);
	return r;
}

/* The step of the worker's that failed with `r` may only have met a child that is gone: then what
 * ended that is the error, be it in the page or a signal. */
static int tell_of_child(const struct container *c, int r, struct err *e)
{
	struct pollfd ended = {.fd = c->pidfd, .events = POLLIN};
	siginfo_t how = {0};

	if (c->pidfd >= 0 && poll(&ended, 1, DYING_MS) > 0)
		waitid(P_PIDFD, (id_t)c->pidfd, &how, WEXITED | WNOHANG | WNOWAIT);
	if (how.si_code == CLD_KILLED || how.si_code == CLD_DUMPED) {
		r = err_set(e, EIO, "step '%s': the process inside was killed by signal %d",
			    steps[c->report->reached].name, how.si_status);
		return err_hint(e, r,
				"by somebody, or by the kernel for want of memory: see "
				"`dmesg`");
	}
	if (c->report->error.code) {
		*e = c->report->error;
		r = -e->code;
	}
	return r;
}

/* End-of-file without an error in the page: the socket closed itself on exec, the command runs. */
int container_hear_exec(struct container *c, struct err *e)
{
	int r = console_receive(c, e);

	if (r < 0)
		return r;
	if (c->report->error.code || !c->report->start_ns[STEP_EXEC])
		return err_set(e, EIO, "the process inside ended without a word");
	c->report->end_ns[STEP_EXEC] = clock_now_ns();
	call_note_exec(&c->report->calls[1], c->report->end_ns[STEP_EXEC]);
	return 0;
}

void container_finish(struct container *c)
{
	if (c->pidfd >= 0) {
		kernel_pidfd_send_signal(c->pidfd, SIGKILL);
		waitid(P_PIDFD, (id_t)c->pidfd, &(siginfo_t){0}, WEXITED);
	}
	cgroup_finish(&c->cgroup);
	files_finish(&c->files);
	lab_finish(&c->lab);
	command_free_environment(c->env);
}

int container_run(struct container *c, struct err *e)
{
	int r = steps_do(c, 0, STEP_FIRST_OF_CHILD, e);

	return r < 0 ? tell_of_child(c, r, e) : 0;
}
