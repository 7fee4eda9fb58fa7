// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What this machine can do for the wall, told as cause, fix and what degrades (`isolab
 * doctor`). Nothing is concluded from a kernel version or a setting alone: user namespaces are
 * made and used in a child, since some machines let one be made and refuse every use of it
 * later (AppArmor on Ubuntu 23.10 and newer). The settings are read only to name the cause.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "fd.h"
#include "kernel.h"
#include "landlock.h"
#include "timens.h"
#include "wall.h"

/* Where the lines go: wall->check's two arguments. */
struct listener {
	void (*say)(void *arg, const struct worker_check *check);
	void *arg;
};

/* How far a child came in using a user namespace. */
enum try_result { TRY_OK, TRY_CREATE, TRY_MAP, TRY_USE, TRY_LOST };

/* `outside` is read before the namespace is made: inside, nobody has a number yet. */
static int write_own_map(uid_t outside)
{
	char text[32];

	fd_write_file(AT_FDCWD, "/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", outside);
	return fd_write_file(AT_FDCWD, "/proc/self/uid_map", text);
}

static enum try_result try_in_child(unsigned flags)
{
	uid_t outside = geteuid();
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			_exit(TRY_CREATE);
		if (write_own_map(outside) < 0)
			_exit(TRY_MAP);
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    unshare((int)flags) < 0)
			_exit(TRY_USE);
		_exit(TRY_OK);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return TRY_LOST;
	return (enum try_result)WEXITSTATUS(status);
}

/* A setting of /proc/sys as a number, -1: there is none. */
static long read_setting(const char *path)
{
	char text[32];

	return fd_read_file(AT_FDCWD, path, text, sizeof(text)) > 0 ? strtol(text, NULL, 10) : -1;
}

static void explain_refusal(enum try_result result, struct worker_check *check)
{
	check->cause =
	    "the kernel refuses to make one (a container around us, or its seccomp filter, "
	    "may be the reason)";
	check->fix = "run isolab outside of that container, or start the container with "
		     "--security-opt seccomp=unconfined";
	if (read_setting("/proc/sys/user/max_user_namespaces") == 0) {
		check->cause = "user.max_user_namespaces is 0";
		check->fix = "sudo sysctl user.max_user_namespaces=10000";
	} else if (read_setting("/proc/sys/kernel/unprivileged_userns_clone") == 0) {
		check->cause = "kernel.unprivileged_userns_clone is 0";
		check->fix = "sudo sysctl kernel.unprivileged_userns_clone=1";
	} else if (read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1) {
		check->cause =
		    "AppArmor lets programs without a profile make a user namespace but not "
		    "use it";
		check->fix = "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0";
	} else if (result == TRY_USE) {
		check->cause = "one can be made, but not used: a security module forbids it";
		check->fix = "look for the refusal with: sudo dmesg | tail";
	}
}

static void check_user_namespaces(const struct listener *to)
{
	enum try_result result = try_in_child(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS |
					      CLONE_NEWIPC | CLONE_NEWCGROUP);
	struct worker_check check = {.name = "user_namespaces", .status = "ok", .found = "usable"};

	if (result != TRY_OK) {
		check.status = "missing";
		check.found = result == TRY_CREATE ? "cannot be made" : "cannot be used";
		check.degrades = geteuid() == 0
				     ? "containers only with --no-ns user: their root is the host's"
				     : "no containers for this user";
		explain_refusal(result, &check);
	}
	to->say(to->arg, &check);
}

static void check_seccomp(const struct listener *to)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	struct worker_check check = {.name = "seccomp",
				     .status = "ok",
				     .found = "filter, what it refuses is counted"};
	uint32_t notify = SECCOMP_RET_USER_NOTIF;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0) {
		check.status = "missing";
		check.found = strerror(errno);
		check.cause = "the kernel was built without CONFIG_SECCOMP_FILTER";
		check.fix = "use a distribution's kernel";
		check.degrades = "containers only with --no-seccomp";
	} else if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &notify) < 0) {
		check.found = "filter";
		check.degrades = "refused system calls are not counted (Linux 5.0)";
	}
	to->say(to->arg, &check);
}

static void check_landlock(const struct listener *to)
{
	int version = landlock_version();
	char found[32];
	struct worker_check check = {.name = "landlock", .status = "ok", .found = found};

	snprintf(found, sizeof(found), "version %d", version);
	if (version < LANDLOCK_VERSION_MIN) {
		check.status = "degraded";
		check.cause = version ? "its rules came with Linux 5.19"
				      : "the kernel was built without it, or it is not among the "
					"active security modules (the boot option lsm=)";
		check.fix = "use a distribution's kernel of 6.1 or newer";
		check.degrades = "containers have no second lock on files, mounts and processes";
	} else if (version < LANDLOCK_VERSION_SCOPES) {
		check.degrades = "with --network host the host's abstract sockets are in reach "
				 "(Linux 6.12)";
	}
	to->say(to->arg, &check);
}

/* Calls that the wall is built from, and the kernel that brought the youngest of them. */
static void check_kernel(const struct listener *to)
{
	struct utsname name;
	struct worker_check check = {.name = "kernel_calls", .status = "ok", .found = name.release};

	uname(&name);
	if (syscall(SYS_mount_setattr, -1, NULL, 0, NULL, 0) < 0 && errno == ENOSYS) {
		check.status = "missing";
		check.cause = "mount_setattr(2) came with Linux 5.12";
		check.fix = "use a newer kernel (Debian 12 has 6.1)";
		check.degrades = "no containers";
	}
	to->say(to->arg, &check);
}

static void check_time_namespace(const struct listener *to)
{
	struct worker_check check = {.name = "time_namespace",
				     .status = "ok",
				     .found = "own clock"};
	bool is_there = access("/proc/self/timens_offsets", F_OK) == 0;

	if (!is_there || (!timens_is_entered_on_exec() && geteuid() != 0)) {
		check.status = "degraded";
		check.found = "none";
		check.cause = is_there ? "before Linux 6.3 only root can give a container one"
				       : "the kernel was built without CONFIG_TIME_NS";
		check.fix = "use a newer kernel, or run isolab as root";
		check.degrades = "clock_monotonic is the host's in containers";
	}
	to->say(to->arg, &check);
}

/* All limits are tried in a group of our own, which nobody enters. */
static void check_limits(const struct listener *to)
{
	static char processor[] = "0";
	const struct sandbox_spec all = {.memory_bytes = 64 << 20,
					 .memory_swap_bytes = 64 << 20,
					 .cpu_millis = 500,
					 .cpuset = processor,
					 .pids_max = 64};
	struct cgroup cgroup;
	char note[CGROUP_NOTE_MAX] = "";
	struct worker_check check = {.name = "limits",
				     .status = "ok",
				     .found = "memory, swap, cpus, cpuset, pids"};

	cgroup_init(&cgroup);
	snprintf(cgroup.name, sizeof(cgroup.name), "isolab.%u.check.%d", geteuid(), (int)getpid());
	cgroup_make(&cgroup, &all, note, sizeof(note), NULL);
	cgroup_finish(&cgroup);
	if (*note) {
		check.status = "degraded";
		check.found = note;
		check.cause = geteuid() == 0
				  ? "control groups of this machine are not there, or read-only"
				  : "control groups belong to root here, or not all are delegated";
		check.fix = cgroup_way_to_get();
		check.degrades = "these limits are not enforced, and say so";
	}
	to->say(to->arg, &check);
}

void wall_check(void (*say)(void *arg, const struct worker_check *check), void *arg)
{
	const struct listener to = {say, arg};

	check_kernel(&to);
	check_user_namespaces(&to);
	wall_check_files(say, arg);
	check_seccomp(&to);
	check_landlock(&to);
	check_time_namespace(&to);
	check_limits(&to);
	wall_check_lab(say, arg);
}
