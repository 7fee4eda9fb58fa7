// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * New namespaces come with the clone; named ones are joined by a process in between, which then
 * clones the child as its own *sister* (CLONE_PARENT): so the parent is the child's parent in
 * either case. A time namespace, too, is made by the one in between, since a process never changes
 * its own clock by unshare(2). The cgroup namespace is made by the child, once it is in its
 * cgroup. See setns(2), clone(2), user_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups.h"
#include "fd.h"
#include "kernel.h"
#include "oci_container.h"

enum { MAP_TEXT_MAX = 16 * 1024 };

/* Our own user namespace cannot be joined, and need not be. */
static bool is_own_user_namespace(int fd)
{
	struct stat own, other;

	return stat("/proc/self/ns/user", &own) == 0 && fstat(fd, &other) == 0 &&
	       own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

static int open_namespace(const char *path, enum oci_namespace_kind kind, int *ret_fd,
			  struct err *e)
{
	const struct oci_namespace_name *wanted = &oci_namespace_names[kind];
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_sys(e, errno, "open the %s namespace '%s'", wanted->name, path);
	int found = ioctl(fd, NS_GET_NSTYPE);
	if (found < 0)
		return err_set(e, EINVAL, "'%s' is no namespace", path);
	if (found != wanted->flag)
		return err_set(e, EINVAL, "'%s' is no namespace of type '%s'", path, wanted->name);
	if (kind != OCI_NS_USER || !is_own_user_namespace(fd))
		*ret_fd = fd_move(&fd);
	return 0;
}

int oci_namespaces_open(struct oci_container *c, struct err *e)
{
	int r = 0;

	for (int kind = 0; r == 0 && kind < OCI_NAMESPACES; kind++)
		if (c->config.joined[kind])
			r = open_namespace(c->config.joined[kind], kind, &c->joined[kind], e);
	return r < 0 ? err_ctx(e, r, "config.json: linux.namespaces") : 0;
}

static int explain_clone(const struct oci_container *c, int error, struct err *e)
{
	int r = err_sys(e, error, "make a process in new namespaces");

	if (error == EPERM && !(c->config.namespaces & CLONE_NEWUSER))
		return err_hint(e, r,
				"an ordinary user needs a namespace of type 'user' first of all: "
				"`isolab-oci spec --rootless` writes a config.json with one");
	if (error == EPERM || error == ENOSPC || error == EUSERS)
		return err_hint(e, r,
				"this machine forbids user namespaces; `isolab doctor` says "
				"by which setting");
	return r;
}

static int clone_child(struct oci_container *c, uint64_t more, int exit_signal)
{
	unsigned flags = c->config.namespaces & ~(unsigned)(CLONE_NEWTIME | CLONE_NEWCGROUP);
	struct clone_args arguments = {.flags = flags | more, .exit_signal = (uint64_t)exit_signal};

	if (c->unified >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)c->unified;
	}
	pid_t pid = kernel_clone3(&arguments);

	if (pid == 0)
		oci_child(c);
	return pid < 0 ? -errno : pid;
}

static int join(const struct oci_container *c, struct err *e)
{
	for (int kind = 0; kind < OCI_NAMESPACES; kind++)
		if (c->joined[kind] >= 0 &&
		    setns(c->joined[kind], oci_namespace_names[kind].flag) < 0)
			return err_sys(e, errno, "join the %s namespace '%s'",
				       oci_namespace_names[kind].name, c->config.joined[kind]);
	return 0;
}

static int shift_clocks(const struct oci_container *c, struct err *e)
{
	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(e, errno, "make a time namespace");
	const char *offsets = c->config.clock_offsets;
	int r = offsets ? fd_write_file(c->proc, "self/timens_offsets", offsets) : 0;
	return r < 0 ? err_sys(e, r, "set the clocks of the time namespace") : 0;
}

/* The process in between: joins, clones its sister, ends. */
static void go_between(struct oci_container *c) __attribute__((noreturn));
static void go_between(struct oci_container *c)
{
	struct err *e = &c->report->error;
	/* First of all: behind another mount namespace cgroups have no path. */
	int r = oci_groups_join(&c->state.groups, e);

	c->is_in_groups = true;
	if (r == 0)
		r = join(c, e);

	if (r == 0 && c->config.namespaces & CLONE_NEWTIME)
		r = shift_clocks(c, e);
	if (r == 0) {
		r = clone_child(c, CLONE_PARENT, 0);
		if (r < 0)
			explain_clone(c, -r, e);
		else
			c->report->pid = r;
	}
	_exit(r < 0);
}

static int spawn_between(struct oci_container *c, struct err *e)
{
	pid_t between = fork();
	siginfo_t unused;

	if (between == 0)
		go_between(c);
	if (between < 0)
		return err_sys(e, errno, "make a process that joins namespaces");
	while (waitid(P_PID, (id_t)between, &unused, WEXITED) < 0 && errno == EINTR)
		;
	if (c->report->pid)
		return c->report->pid;
	*e = c->report->error;
	return e->code ? -e->code : err_set(e, EIO, "the process that joins namespaces has died");
}

int oci_namespaces_spawn(struct oci_container *c, struct err *e)
{
	bool is_joining = c->config.namespaces & CLONE_NEWTIME;

	for (int kind = 0; kind < OCI_NAMESPACES; kind++)
		is_joining |= c->joined[kind] >= 0;
	c->unified = oci_groups_open_unified(&c->state.groups);
	int pid = is_joining ? spawn_between(c, e) : clone_child(c, 0, SIGCHLD);
	if (pid < 0)
		return is_joining ? pid : explain_clone(c, -pid, e);
	c->pid = c->report->pid = pid;
	fd_close(&c->child_socket);
	c->process = kernel_pidfd_open(pid);
	if (c->process < 0)
		return err_sys(e, errno, "hold the child");
	return 0;
}

bool oci_is_real_root(void)
{
	char text[256] = "";
	unsigned long long inside, outside, count;

	if (geteuid() != 0)
		return false;
	fd_read_file(AT_FDCWD, "/proc/self/uid_map", text, sizeof(text));
	return sscanf(text, "%llu %llu %llu", &inside, &outside, &count) != 3 ||
	       (inside == 0 && outside == 0 && count == UINT32_MAX);
}

bool oci_map_find(const struct oci_id_map *map, uint32_t inside, uint32_t *ret)
{
	for (size_t i = 0; i < map->count; i++)
		if (inside >= map->ranges[i].inside &&
		    inside - map->ranges[i].inside < map->ranges[i].count) {
			*ret = map->ranges[i].outside + (inside - map->ranges[i].inside);
			return true;
		}
	return false;
}

static void describe_map(const struct oci_id_map *map, char *text, size_t size)
{
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < map->count && length < size; i++)
		length += (size_t)snprintf(text + length, size - length,
					   "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
					   map->ranges[i].inside, map->ranges[i].outside,
					   map->ranges[i].count);
}

/* newuidmap PID INSIDE OUTSIDE COUNT…: what may map a range that /etc/subuid grants. */
static int map_by_helper(const char *helper, pid_t pid, const struct oci_id_map *map, struct err *e)
{
	char numbers[1 + 3 * 340][12], *arguments[3 + 3 * 340];
	size_t count = 0;
	pid_t child;
	int status = 0;

	snprintf(numbers[0], sizeof(numbers[0]), "%d", (int)pid);
	for (size_t i = 0; i < map->count; i++) {
		const uint32_t values[] = {map->ranges[i].inside, map->ranges[i].outside,
					   map->ranges[i].count};
		for (size_t j = 0; j < 3; j++)
			snprintf(numbers[++count], sizeof(numbers[0]), "%" PRIu32, values[j]);
	}
	arguments[0] = (char *)helper;
	for (size_t i = 0; i <= count; i++)
		arguments[i + 1] = numbers[i];
	arguments[count + 2] = NULL;
	int error = posix_spawnp(&child, helper, NULL, NULL, arguments, environ);
	if (error)
		return err_hint(e, err_sys(e, error, "run '%s'", helper),
				"an ordinary user may map a single id; more need this program "
				"(package uidmap) and a range in /etc/subuid and /etc/subgid");
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return 0;
	return err_hint(e, err_set(e, EPERM, "'%s' refuses the map of config.json", helper),
			"its reason is above; ranges are granted by /etc/subuid and /etc/subgid");
}

static int write_map(struct oci_container *c, const char *file, const char *helper,
		     const struct oci_id_map *map, uint32_t own, struct err *e)
{
	auto_free char *text = malloc(MAP_TEXT_MAX);
	bool is_own_only = map->count == 1 && map->ranges[0].count == 1 &&
			   map->ranges[0].outside == own;
	char path[64];

	if (!text)
		return err_sys(e, ENOMEM, "write the map of ids");
	if (c->is_rootless && !is_own_only)
		return map_by_helper(helper, c->pid, map, e);
	describe_map(map, text, MAP_TEXT_MAX);
	snprintf(path, sizeof(path), "%d/setgroups", (int)c->pid);
	if (c->is_rootless && strcmp(file, "gid_map") == 0)
		fd_write_file(c->proc, path, "deny"); /* the kernel's condition */
	snprintf(path, sizeof(path), "%d/%s", (int)c->pid, file);
	int r = fd_write_file(c->proc, path, text);
	return r < 0 ? err_hint(e, err_sys(e, r, "map the ids of the user namespace (%s)", file),
				"linux.uidMappings and gidMappings may not overlap, and must exist "
				"out here")
		     : 0;
}

int oci_namespaces_map(struct oci_container *c, struct err *e)
{
	if (!(c->config.namespaces & CLONE_NEWUSER))
		return 0;
	int r = write_map(c, "uid_map", "newuidmap", &c->config.uid_map, geteuid(), e);
	return r < 0 ? r : write_map(c, "gid_map", "newgidmap", &c->config.gid_map, getegid(), e);
}
