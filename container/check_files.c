// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Doctor's lines about files and who owns them. Each is tried as a sandbox would do it, in a child
 * that takes all of it along when it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "idmap.h"
#include "idmap_mount.h"
#include "wall.h"

enum { SAID_MAX = 256 };

/* Waits for `pid`, which exits with an errno. */
static int await_result(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return ECHILD;
	return WEXITSTATUS(status);
}

static void check_ids(void (*say)(void *arg, const struct worker_check *check), void *arg)
{
	struct idmap map;
	char found[SAID_MAX];
	struct worker_check check = {.name = "container_ids", .status = "ok", .found = found};

	idmap_choose(&map);
	snprintf(found, sizeof(found), "root inside is user %u outside, %u id(s)", map.first_uid,
		 map.count);
	if (map.count == 1)
		check.degrades = "files inside belong to one user only, unless --user or --image "
				 "ask for more";
	say(arg, &check);
}

/* Whether newuidmap writes what /etc/subuid grants. */
static void check_range(void (*say)(void *arg, const struct worker_check *check), void *arg)
{
	struct idmap map;
	struct err error = {0};
	char found[SAID_MAX] = "none are needed";
	struct worker_check check = {.name = "subordinate_ids", .status = "ok", .found = found};

	idmap_choose(&map);
	if (map.count == 1) {
		idmap_add_range(&map);
		snprintf(found, sizeof(found), "users %u to %u, groups %u to %u", map.range_uid,
			 map.range_uid + map.range_count - 1, map.range_gid,
			 map.range_gid + map.range_count - 1);
		pid_t subject = map.range_count ? idmap_start_subject() : -1;
		if (subject > 0) {
			idmap_write(&map, subject, &error);
			idmap_end_subject(subject);
		}
	}
	if (map.count == 1 && !map.range_count) {
		char *fix = strstr(map.lack, ": sudo ");
		check.status = "degraded";
		check.cause = map.lack;
		check.found = "none";
		check.fix = "let root grant them: /etc/subuid, /etc/subgid, and newuidmap "
			    "(package uidmap) with its s bit";
		if (fix) {
			*fix = '\0';
			check.fix = fix + 2;
		}
		check.degrades = "--user other than root is refused; programs inside cannot "
				 "change their user";
	}
	say(arg, &check);
}

/* In a child: an overlay on a tmpfs, both in a user namespace. Returns an errno. */
static int try_overlay(uid_t user, gid_t group)
{
	char users[32], groups[32];
	int fs, tmpfs;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return errno;
	fd_write_file(AT_FDCWD, "/proc/self/setgroups", "deny");
	snprintf(users, sizeof(users), "0 %u 1", user);
	snprintf(groups, sizeof(groups), "0 %u 1", group);
	int r = fd_write_file(AT_FDCWD, "/proc/self/uid_map", users);
	if (r == 0)
		r = fd_write_file(AT_FDCWD, "/proc/self/gid_map", groups);
	if (r < 0)
		return -r;
	fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno;
	tmpfs = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (tmpfs < 0 ||
	    syscall(SYS_move_mount, tmpfs, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    fchdir(tmpfs) < 0 || mkdir("lower", 0755) < 0 || mkdir("upper", 0755) < 0 ||
	    mkdir("work", 0755) < 0 || mkdir("root", 0755) < 0 ||
	    mount("overlay", "root", "overlay", 0,
		  "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
		return errno;
	return mknod("root/file", S_IFREG | 0644, 0) < 0 ? errno : 0;
}

static void check_overlay(void (*say)(void *arg, const struct worker_check *check), void *arg)
{
	uid_t user = geteuid();
	gid_t group = getegid();
	pid_t pid = fork();
	struct worker_check check = {.name = "overlay",
				     .status = "ok",
				     .found = "in user namespaces, on tmpfs"};

	if (pid == 0)
		_exit(try_overlay(user, group));
	int error = await_result(pid);
	if (error) {
		check.status = "degraded";
		check.found = strerror(error);
		check.cause = error == ENODEV
				  ? "the kernel has no overlay file system"
				  : "users may mount overlays from Linux 5.11 on, if no security "
				    "module forbids it";
		check.fix = error == ENODEV ? "sudo modprobe overlay"
					    : "use a newer kernel (Debian 12 has 6.1)";
		check.degrades = "--overlay leaves the root read-only and says so; a volume needs "
				 "a directory that the image has";
	}
	say(arg, &check);
}

/* A mount of the folder our program lies in, with ids mapped. Returns an errno. */
static int try_mapped_mount(void)
{
	char path[4096], users[IDMAP_TEXT_MAX];
	auto_close int namespace = -1;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	struct err error = {0};

	path[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	idmap_describe_mount(IDMAP_FIRST, 0, users);
	if (idmap_open_namespace(users, users, &namespace, &error) < 0)
		return error.code;
	auto_close int tree = (int)syscall(SYS_open_tree, AT_FDCWD, *path ? path : "/",
					   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP,
					.userns_fd = (uint64_t) namespace};
	return tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes,
				   sizeof(attributes)) < 0
		   ? errno
		   : 0;
}

static void check_mapped_mounts(void (*say)(void *arg, const struct worker_check *check), void *arg)
{
	struct worker_check check = {.name = "idmapped_mounts",
				     .status = "ok",
				     .found = "on isolab's own folder"};
	int error = geteuid() == 0 ? try_mapped_mount() : 0;

	if (geteuid() != 0)
		check.found = "none are needed: your files are root's inside";
	if (error) {
		check.status = "degraded";
		check.found = strerror(error);
		check.cause = error == EPERM ? "we are root of a container only"
					     : "this file system, or a kernel before Linux 5.12, "
					       "maps no ids on a mount";
		check.fix = error == EPERM ? "run isolab on the host itself"
					   : "keep images and volumes on ext4, xfs or btrfs";
		check.degrades = "files of images and volumes belong to nobody inside, and root "
				 "inside cannot write to volumes";
	}
	say(arg, &check);
}

void wall_check_files(void (*say)(void *arg, const struct worker_check *check), void *arg)
{
	check_ids(say, arg);
	check_range(say, arg);
	check_mapped_mounts(say, arg);
	check_overlay(say, arg);
}
