/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_KERNEL_H
#define ISOLAB_CONTAINER_KERNEL_H
/*
 * kernel: system calls that the oldest C library we build with (glibc 2.35) has no function
 * for, and constants its headers may lack. Each returns what the kernel does: -1 and errno on
 * failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* A process without a stack of its own, as by fork(2). Where a filter around us refuses clone3
 * (its flags lie in memory), the older clone does all but CLONE_INTO_CGROUP. */
static inline pid_t kernel_clone3(struct clone_args *arguments)
{
	pid_t pid = (pid_t)syscall(SYS_clone3, arguments, sizeof(*arguments));

	if (pid >= 0 || errno != ENOSYS || arguments->flags & CLONE_INTO_CGROUP)
		return pid;
	return (pid_t)syscall(SYS_clone, arguments->flags | arguments->exit_signal, 0,
			      arguments->pidfd, 0, 0);
}

/* A process like this one, by the call that every filter lets through. */
static inline pid_t kernel_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static inline int kernel_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int kernel_mount_setattr(const char *path, unsigned flags, uint64_t set,
				       uint64_t clear)
{
	struct mount_attr attributes = {.attr_set = set, .attr_clr = clear};

	return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attributes,
			    sizeof(attributes));
}

/* openat2(2), since Linux 5.6: `resolve` are RESOLVE_… flags. */
static inline int kernel_openat2(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {.flags = (uint64_t)flags, .resolve = resolve};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static inline int kernel_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int kernel_execveat(int dirfd, const char *path, char *const argv[],
				  char *const env[], int flags)
{
	return (int)syscall(SYS_execveat, dirfd, path, argv, env, flags);
}

static inline int kernel_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int kernel_pidfd_send_signal(int pidfd, int signal_number)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0);
}

/* The C library's own would first stop all other threads; there are none. */
static inline int kernel_setgroups(size_t count, const gid_t *groups)
{
	return (int)syscall(SYS_setgroups, count, groups);
}

static inline int kernel_setresgid(gid_t group)
{
	return (int)syscall(SYS_setresgid, group, group, group);
}

static inline int kernel_setresuid(uid_t user)
{
	return (int)syscall(SYS_setresuid, user, user, user);
}

#endif
