/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The monitor walls itself in before its guest's first instruction: should the guest ever take
 * the monitor over, it finds itself in an empty directory, without rights, with a few dozen
 * system calls. The bricks are those of a container (container/): this is the wall inside the
 * other wall.
 *
 * The order is forced: a user namespace first (an ordinary user may do the rest only in one of
 * his own), then the empty root, then capabilities (mounting needs them), then no_new_privs
 * (seccomp without privilege needs it), then seccomp. There is no network namespace, because
 * socket() is denied: a namespace of sockets is no use to whom can't make one. No uid is mapped:
 * inside, the monitor is nobody. See namespaces(7), pivot_root(2), capabilities(7), seccomp(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "lockin.h"
#include "surface.h"
#include "worker.h"

/* Opens `path` and puts it in the place of the descriptor `fd`, if it is the same directory. */
static int replace_directory(int fd, int at, const char *path, struct err *e)
{
	struct stat before, after;
	auto_close int fresh = openat(at, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fresh < 0 || fstat(fd, &before) < 0 || fstat(fresh, &after) < 0)
		return err_sys(e, errno, "open '%s' again", path);
	if (before.st_ino != after.st_ino || before.st_dev != after.st_dev)
		return err_set(e, ESTALE, "'%s' is another directory now", path);
	return dup3(fresh, fd, O_CLOEXEC) < 0 ? err_sys(e, errno, "put '%s' in its place", path)
					      : 0;
}

/* The directories of the sandbox stay open, to be removed at the end, and ".." would lead from
 * them to all of their file system. Seen through a mount of their own they have nothing above:
 * they are bound to themselves, opened again there, and the mount goes out of sight with the old
 * root. */
static int confine_directories(const struct rundir *dir, const char *path, struct err *e)
{
	if (mount(path, path, NULL, MS_BIND, NULL) < 0)
		return err_sys(e, errno, "bind '%s' to itself", path);
	int r = replace_directory(dir->base_fd, AT_FDCWD, path, e);
	return r < 0 ? r : replace_directory(dir->fd, dir->base_fd, dir->name, e);
}

/* An empty file system of our own becomes the root; the old one goes out of sight. /proc is only
 * where it is laid: any directory would do. */
static int empty_root(struct err *e)
{
	const char *place = "/proc";
	if (mount("none", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "nr_inodes=1,size=4k,mode=555") < 0)
		return err_sys(e, errno, "mount an empty directory");
	if (chdir(place) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(e, errno, "make it the root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, errno, "drop the old root");
	return 0;
}

static int enter_empty_root(const struct rundir *dir, const char *path, struct err *e)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, errno, "keep mounts to ourselves");
	int r = confine_directories(dir, path, e);
	return r < 0 ? r : empty_root(e);
}

/* Namespaces and empty root. Where the machine does not let us have them, the rest must do, and the
 * learner is told. */
static void leave_host(struct worker *worker)
{
	struct err error = {0};
	char path[PATH_MAX];
	rundir_base_path(path, sizeof(path)); /* before we are nobody: it may hold our uid */
	int r = 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		r = err_sys(&error, errno, "make namespaces");
	if (r == 0)
		r = enter_empty_root(worker_rundir(worker), path, &error);
	if (r < 0)
		worker_note(
		    worker, "walls",
		    "the monitor keeps the host's file names in sight (%s); its system calls are "
		    "filtered all the same",
		    error.what);
}

void lockin_describe(const struct lockin_filter *filter, struct strbuf *lines)
{
	const struct surface surface = {.profile = filter->profile,
					.calls = filter->calls,
					.call_count = filter->call_count,
					.has_filter = true,
					.has_no_new_privs = true};

	surface_encode(&surface, lines);
}

static int drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	if (syscall(SYS_capset, &header, none) < 0)
		return err_sys(e, errno, "give up all capabilities");
	return 0;
}

/* No RLIMIT_NPROC: KVM itself starts a kernel thread in our name at the first KVM_RUN. */
static const struct limit {
	int resource;
	rlim_t value;
} limits[] = {
    {RLIMIT_CORE, 0}, /* no picture of guest memory on a disk */
    {RLIMIT_NOFILE, 256},
    {RLIMIT_MEMLOCK, 0},
};

static int set_limits(struct err *e)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit limit = {limits[i].value, limits[i].value};
		if (setrlimit(limits[i].resource, &limit) < 0)
			return err_sys(e, errno, "set resource limit %d", limits[i].resource);
	}
	return 0;
}

int lockin_filter_calls(const struct lockin_filter *filter, struct err *e)
{
	struct sock_fprog program = {
	    .len = (unsigned short)filter->length,
	    .filter = (struct sock_filter *)filter->instructions,
	};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return err_hint(e, err_sys(e, errno, "filter system calls"),
				"the kernel needs CONFIG_SECCOMP_FILTER");
	return 0;
}

int lockin_leave_host(struct worker *worker, struct err *e)
{
	bool is_root = geteuid() == 0;
	leave_host(worker);
	int r = drop_capabilities(e);
	/* Root's front measures it all the same; an ordinary user's could not read smaps any
	 * more. */
	if (r == 0 && is_root && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = err_sys(e, errno, "forbid to trace the monitor");
	if (r == 0)
		r = set_limits(e);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = err_sys(e, errno, "give up new privileges");
	return r < 0 ? err_ctx(e, r, "wall the monitor in") : 0;
}
