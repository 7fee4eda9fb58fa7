// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The parent's half of building (oci_container.h). What is made is written down in the state
 * before it is made, so that `delete` finds it even if this process is killed in the middle; the
 * child ends by itself when its socket does. The whole config.json is copied to the state: what is
 * changed in the bundle later means nothing to this container.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroups.h"
#include "fd.h"
#include "kernel.h"
#include "oci_container.h"

void oci_container_init(struct oci_container *c)
{
	*c = (struct oci_container){.socket = -1,
				    .child_socket = -1,
				    .gate = -1,
				    .console = -1,
				    .proc = -1,
				    .root_tree = -1,
				    .label = -1,
				    .unified = -1,
				    .process = -1};
	oci_state_init(&c->state);
	for (int kind = 0; kind < OCI_NAMESPACES; kind++)
		c->joined[kind] = -1;
}

void oci_container_finish(struct oci_container *c)
{
	fd_close(&c->socket);
	fd_close(&c->child_socket);
	fd_close(&c->gate);
	fd_close(&c->console);
	fd_close(&c->proc);
	fd_close(&c->root_tree);
	fd_close(&c->label);
	fd_close(&c->unified);
	fd_close(&c->process);
	for (int kind = 0; kind < OCI_NAMESPACES; kind++)
		fd_close(&c->joined[kind]);
	if (c->report)
		munmap(c->report, sizeof(*c->report));
	free(c->config_text);
	json_decref(c->process_tree);
	free(c->root);
	free(c->cgroup_texts);
	oci_state_finish(&c->state);
	oci_config_finish(&c->config);
}

static int find_root(struct oci_container *c, int bundle, struct err *e)
{
	auto_close int root = openat(bundle, c->config.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[32], found[4096];

	if (root < 0)
		return err_hint(e,
				err_sys(e, errno, "config.json: root.path: open '%s'",
					c->config.root),
				"it is a directory with the container's root file system, relative "
				"to the bundle");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", root);
	ssize_t length = readlink(path, found, sizeof(found) - 1);
	if (length <= 0 || *found != '/')
		return err_sys(e, errno, "find the path of the root '%s'", c->config.root);
	found[length] = '\0';
	if (strcmp(found, "/") == 0)
		return err_set(e, EINVAL,
			       "config.json: root.path: the host's own root cannot be it");
	c->root = strdup(found);
	return c->root ? 0 : err_sys(e, ENOMEM, "remember the root");
}

int oci_container_load(struct oci_container *c, const char *bundle, struct err *e)
{
	char *path = realpath(bundle, NULL);

	if (!path)
		return err_hint(e, err_sys(e, errno, "open the bundle '%s'", bundle),
				"--bundle names a directory with a config.json");
	c->bundle = c->state.bundle = path;
	c->is_rootless = geteuid() != 0;
	auto_close int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return err_sys(e, errno, "open the bundle '%s'", path);
	int r = oci_config_load(&c->config, directory, "config.json", &c->config_text, e);
	return r < 0 ? err_ctx(e, r, "bundle '%s'", path) : find_root(c, directory, e);
}

static int open_proc(struct oci_container *c, struct err *e)
{
	struct statfs found;

	c->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->proc < 0 || fstatfs(c->proc, &found) < 0)
		return err_sys(e, errno, "open '/proc'");
	return found.f_type == PROC_SUPER_MAGIC ? 0 : err_set(e, EINVAL, "'/proc' is no procfs");
}

static int write_state(struct oci_container *c, struct err *e)
{
	char created[32];
	time_t now = time(NULL);
	struct tm parts;

	strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
	c->state.version = strdup(c->config.version);
	c->state.created = strdup(created);
	c->state.annotations = json_incref(c->config.annotations);
	auto_close int fd = openat(c->state.directory, "config.json",
				   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, c->config_text, strlen(c->config_text));
	return r < 0 ? err_sys(e, r, "copy config.json to the state")
		     : oci_state_save(&c->state, e);
}

/* The socket of `start`: its name leads through the descriptor, since it may be no longer than
 * 107 bytes. */
static int open_gate(struct oci_container *c, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/gate",
		 c->state.directory);
	c->gate = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->gate < 0 || bind(c->gate, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(c->gate, 4) < 0)
		return err_sys(e, errno, "make the gate at which the container waits");
	return 0;
}

static int set_oom_score(struct oci_container *c, struct err *e)
{
	char path[32], text[16];

	if (!c->config.process.has_oom_score_adj)
		return 0;
	snprintf(path, sizeof(path), "%d/oom_score_adj", (int)c->pid);
	snprintf(text, sizeof(text), "%d", c->config.process.oom_score_adj);
	int r = fd_write_file(c->proc, path, text);
	return r < 0 ? err_hint(e, err_sys(e, r, "set process.oomScoreAdj to %s", text),
				"only CAP_SYS_RESOURCE may lower it")
		     : 0;
}

static int say_mapped(struct oci_container *c, struct err *e)
{
	int r = oci_namespaces_map(c, e);

	if (r == 0)
		r = oci_root_make_idmapped(c, e);
	if (r == 0)
		r = oci_say_with(c->socket, "mapped", c->root_tree, e);
	return r;
}

static int run_hooks(struct oci_container *c, struct err *e)
{
	uint64_t ticks;
	bool is_alive;

	int r = oci_hear_child(c, "mounted", e);
	if (r < 0)
		return r;
	if (!oci_read_start(c->pid, &ticks, &is_alive))
		return err_set(e, ESRCH, "the container's first process is gone");
	c->state.pid = c->pid;
	c->state.start_ticks = ticks;
	r = oci_hooks_run(&c->config, OCI_CREATE_RUNTIME, &c->state, OCI_CREATING, false, e);
	return r < 0 ? r : oci_say(c->socket, "hooked", e);
}

static int finish_building(struct oci_container *c, struct err *e)
{
	int r = oci_hear_child(c, "built", e);

	return r < 0 ? r : oci_state_save(&c->state, e);
}

static int make_groups(struct oci_container *c, struct err *e)
{
	return oci_groups_make(&c->config, &c->state, e);
}

int oci_container_build(struct oci_container *c, struct err *e)
{
	static int (*const steps[])(struct oci_container *, struct err *) = {
	    write_state, open_proc,   oci_namespaces_open,  oci_words_open,
	    open_gate,   make_groups, oci_namespaces_spawn, set_oom_score,
	    say_mapped,  run_hooks,   finish_building,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = steps[i](c, e);
	/* A step that could not talk to the child: the reason is the child's. */
	if (r < 0 && c->report && c->report->error.code) {
		*e = c->report->error;
		r = -e->code;
	}
	return r;
}

void oci_container_discard(struct oci_container *c)
{
	struct err unused = {0};

	if (c->process >= 0) {
		kernel_pidfd_send_signal(c->process, SIGKILL);
		waitid(P_PIDFD, (id_t)c->process, &(siginfo_t){0}, WEXITED);
	}
	oci_groups_remove(&c->state.groups);
	if (c->state.directory >= 0)
		oci_state_remove(&c->state, &unused);
}
