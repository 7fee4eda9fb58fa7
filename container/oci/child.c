// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The child's half of building (oci_container.h): one table of steps, up to the gate. Up to "become
 * root" it is still who called the runtime, and may read what they may; then it is root of its
 * namespaces. Behind the gate it becomes the program (process.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "cgroups.h"
#include "fd.h"
#include "kernel.h"
#include "labels.h"
#include "oci_container.h"

/* Signals and session as a fresh program expects them. */
static int own_session(struct oci_container *c, struct err *e)
{
	sigset_t none;

	(void)c;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(0);
	/* Fails only where we lead a session already: a process in between was one's leader. */
	if (setsid() < 0 && errno != EPERM)
		return err_sys(e, errno, "begin a session");
	return 0;
}

/* Where the runtime is in the trees, as long as we are there, too: for mounts of type cgroup. */
static int read_cgroups(struct oci_container *c, struct err *e)
{
	for (size_t i = 0; i < c->config.mount_count; i++) {
		const char *type = c->config.mounts[i].type;
		if (!c->cgroup_texts && type && strncmp(type, "cgroup", 6) == 0 &&
		    !(c->cgroup_texts = cgroup_read_texts(0, &c->mountinfo)))
			return err_sys(e, errno, "find our own cgroup");
	}
	return 0;
}

static int hear_mapped(struct oci_container *c, struct err *e)
{
	int r = oci_hear(c->child_socket, "mapped", &c->root_tree, e);

	/* Whoever shares our pid namespace must not look into our descriptors; not before: an
	 * ordinary user's parent could not write the maps. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return r;
}

static int become_root(struct oci_container *c, struct err *e)
{
	uint32_t unused;

	if (!(c->config.namespaces & CLONE_NEWUSER) && c->joined[OCI_NS_USER] < 0)
		return 0;
	if (!c->is_rootless && kernel_setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(e, errno, "give up the host's groups");
	if (c->config.uid_map.count && !oci_map_find(&c->config.uid_map, 0, &unused))
		return 0; /* nobody is root in there: we stay who we are, with all capabilities */
	if (kernel_setresgid(0) < 0 || kernel_setresuid(0) < 0)
		return err_sys(e, errno, "become root of the user namespace");
	return 0;
}

/* Still as who started us: cgroups belong to the host's root. */
static int join_groups(struct oci_container *c, struct err *e)
{
	int r = c->is_in_groups ? 0 : oci_groups_join(&c->state.groups, e);

	if (r == 0 && c->config.namespaces & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		r = err_sys(e, errno, "make a cgroup namespace");
	return r;
}

/* The caller's keys are not the container's: a session keyring of its own (keyctl(2)). */
static int join_keyring(struct oci_container *c, struct err *e)
{
	char name[OCI_ID_MAX + 8];

	snprintf(name, sizeof(name), "_ses.%s", c->state.id);
	if (c->keeps_keyring || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) >= 0)
		return 0;
	/* No such call in this kernel, or a filter around us: then there are no keys to hide. */
	if (errno == ENOSYS || errno == EPERM || errno == EACCES)
		return 0;
	return err_hint(e, err_sys(e, errno, "make a session keyring"),
			"--no-new-keyring keeps the caller's");
}

static int set_names(struct oci_container *c, struct err *e)
{
	const char *host = c->config.hostname, *domain = c->config.domainname;

	if (*host && sethostname(host, strlen(host)) < 0)
		return err_sys(e, errno, "set the host name '%s'", host);
	if (*domain && setdomainname(domain, strlen(domain)) < 0)
		return err_sys(e, errno, "set the domain name '%s'", domain);
	return 0;
}

static int set_sysctls(struct oci_container *c, struct err *e)
{
	char path[256];

	for (size_t i = 0; i < c->config.sysctl_count; i++) {
		const struct oci_sysctl *sysctl = &c->config.sysctls[i];
		snprintf(path, sizeof(path), "sys/%s", sysctl->path);
		int r = fd_write_file(c->proc, path, sysctl->value);
		if (r < 0)
			return err_sys(e, r, "config.json: linux.sysctl: set %s to '%s'",
				       sysctl->name, sysctl->value);
	}
	return 0;
}

static int say_mounted(struct oci_container *c, struct err *e)
{
	int r = oci_say(c->child_socket, "mounted", e);

	if (r == 0)
		r = oci_hear(c->child_socket, "hooked", NULL, e);
	c->state.pid = c->report->pid;
	return r < 0 ? r
		     : oci_hooks_run(&c->config, OCI_CREATE_CONTAINER, &c->state, OCI_CREATING,
				     false, e);
}

static int say_built(struct oci_container *c, struct err *e)
{
	fd_close(&c->proc);
	fd_close(&c->console);
	fd_close(&c->root_tree);
	fd_close(&c->state.directory);
	fd_close(&c->state.root);
	int r = oci_say(c->child_socket, "built", e);
	return r < 0 ? r : oci_hear(c->child_socket, "stay", NULL, e);
}

/* Waits for `start`; one that dies before it has said "go" does not count. */
static int pass_gate(struct oci_container *c, struct err *e)
{
	for (;;) {
		struct err unused = {0};
		auto_close int page = -1;
		int starter = accept4(c->gate, NULL, NULL, SOCK_CLOEXEC);
		if (starter < 0 && errno != EINTR && errno != ECONNABORTED)
			return err_sys(e, errno, "wait to be started");
		void *report = MAP_FAILED;
		if (starter >= 0 && oci_hear(starter, "go", &page, &unused) == 0)
			report = mmap(NULL, sizeof(*c->report), PROT_READ | PROT_WRITE, MAP_SHARED,
				      page, 0);
		if (report == MAP_FAILED) {
			fd_close(&starter);
			continue;
		}
		c->report = report; /* the starter stays connected until exec closes it */
		fd_close(&c->gate);
		fd_close(&c->child_socket);
		return 0;
	}
}

static const struct {
	int (*run)(struct oci_container *c, struct err *e);
} steps[] = {
    {own_session},        {read_cgroups},     {join_groups}, {hear_mapped},
    {oci_mounts_prepare}, {oci_root_prepare}, {become_root}, {join_keyring},
    {oci_mounts_place},   {oci_devices_make}, {say_mounted}, {oci_cover},
    {oci_console_open},   {set_names},        {set_sysctls}, {oci_labels_open},
    {oci_root_enter},     {oci_root_finish},  {say_built},   {pass_gate},
};

static int start(struct oci_container *c, struct err *e)
{
	const struct oci_becoming becoming = {
	    .process = &c->config.process,
	    .seccomp = &c->config.seccomp,
	    .personality = c->config.personality,
	    .preserved = c->preserved,
	    .is_rootless = c->is_rootless,
	    .report = c->report,
	};
	int r = oci_hooks_run(&c->config, OCI_START_CONTAINER, &c->state, OCI_CREATED, false, e);

	c->report->is_hook = r < 0;
	if (r == 0)
		r = oci_labels_set(c, e);
	return r < 0 ? r : oci_process_become(&becoming, e);
}

void oci_child(struct oci_container *c)
{
	int r = 0;

	fd_close(&c->socket);
	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = steps[i].run(c, &c->report->error);
	if (r == 0)
		start(c, &c->report->error);
	_exit(127);
}
