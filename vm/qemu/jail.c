/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walls around QEMU: it is far larger than our own monitor, so a guest is more likely to take
 * it over. It is born into namespaces of its own (process.c): a user namespace in which it is
 * nobody, no network, no other process in sight, and a root that holds the host's programs and
 * libraries, read-only, and copies of the files it starts from. When QEMU is executed it loses the
 * capabilities that building this took, since its user is not root. It is process 1 of its pid
 * namespace: whatever it may have started ends with it, and it ends with the worker (PDEATHSIG,
 * which an execve that gains nothing keeps: prctl(2)).
 *
 * What surprises: bind mounts in a user namespace must take along what is mounted below (MS_REC),
 * and be made read-only by a second call; see mount_namespaces(7), mount_setattr(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "qemu.h"
#include "str.h"

/* Any directory would do: it is only where the new root is laid. */
#define PLACE  "/proc"
#define NOBODY 65534

/* The kernel's, for C libraries that do not know it yet: linux/mount.h. */
struct attributes {
	uint64_t set, clear, propagation, user_namespace_fd;
};
enum { ATTRIBUTE_READ_ONLY = 1, ATTRIBUTE_NO_SET_ID = 2, ATTRIBUTE_NO_DEVICES = 4 };
enum { MOUNT_SETATTR = 442, AT_WHOLE_TREE = 0x8000 };

static int write_file(const char *path, const char *text, struct err *e)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(e, errno, "write '%s'", path);
	return 0;
}

static int become_nobody(uid_t uid, gid_t gid, struct err *e)
{
	char line[64];
	int r = write_file("/proc/self/setgroups", "deny", e);

	snprintf(line, sizeof(line), "%d %u 1", NOBODY, uid);
	if (r == 0)
		r = write_file("/proc/self/uid_map", line, e);
	snprintf(line, sizeof(line), "%d %u 1", NOBODY, gid);
	return r < 0 ? r : write_file("/proc/self/gid_map", line, e);
}

/* ---- the root ---- */

/* Makes the directories of a path below PLACE; its last part too if `is_directory`. */
static void make_way(const char *path, bool is_directory)
{
	fd_make_way(path);
	if (is_directory)
		mkdir(path, 0755);
	else
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0444));
}

/* The same tree or file, at the same name, read-only. A link is made again. */
static int show(const char *path, struct err *e)
{
	const struct attributes attributes = {.set = ATTRIBUTE_READ_ONLY | ATTRIBUTE_NO_SET_ID |
						     ATTRIBUTE_NO_DEVICES};
	char place[PATH_MAX + sizeof(PLACE)], target[PATH_MAX];
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "look at '%s'", path);
	snprintf(place, sizeof(place), PLACE "%s", path);
	if (S_ISLNK(status.st_mode)) {
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		return symlink(target, place) < 0 ? err_sys(e, errno, "link '%s'", path) : 0;
	}
	make_way(place, S_ISDIR(status.st_mode));
	if (mount(path, place, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(e, errno, "bind '%s'", path);
	if (syscall(MOUNT_SETATTR, AT_FDCWD, place, AT_WHOLE_TREE, &attributes,
		    sizeof(attributes)) < 0 &&
	    mount(NULL, place, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV,
		  NULL) < 0)
		return err_sys(e, errno, "make '%s' read-only", path);
	return 0;
}

/* Where distributions keep programs and libraries, and where a program that lies elsewhere is. */
static int show_program(const char *program, struct err *e)
{
	static const char *const trees[] = {"/usr",       "/lib",       "/lib64",
					    "/nix/store", "/gnu/store", "/etc/ld.so.cache"};
	char folder[PATH_MAX];
	bool is_shown = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(trees) / sizeof(trees[0]); i++) {
		size_t length = strlen(trees[i]);
		is_shown |= strncmp(program, trees[i], length) == 0 && program[length] == '/';
		r = show(trees[i], e);
	}
	if (r < 0 || is_shown)
		return r;
	str_copy(folder, sizeof(folder), program);
	*strrchr(folder, '/') = '\0';
	return *folder ? show(folder, e) : show(program, e);
}

/* The one device that a machine with KVM has to open by name. A device is written to wherever it
 * lies, so read-only does not matter. */
static int show_kvm(struct err *e)
{
	make_way(PLACE "/dev/kvm", false);
	return mount("/dev/kvm", PLACE "/dev/kvm", NULL, MS_BIND, NULL) < 0
		   ? err_sys(e, errno, "bind '/dev/kvm'")
		   : 0;
}

/* A mount of another namespace cannot be bound, so a file that is open comes as a copy. */
static int copy_file(const struct qemu_file *file, struct err *e)
{
	char path[64];
	struct stat status;
	off_t at = 0;

	snprintf(path, sizeof(path), PLACE "/%s", file->name);
	auto_close int copy = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0400);
	if (copy < 0 || fstat(file->fd, &status) < 0)
		return err_sys(e, errno, "make '%s'", path);
	while (at < status.st_size) {
		ssize_t n = sendfile(copy, file->fd, &at, (size_t)(status.st_size - at));
		if (n <= 0)
			return err_sys(e, n < 0 ? errno : EIO, "copy '%s'", file->name);
	}
	return 0;
}

static int enter_root(struct err *e)
{
	if (chdir(PLACE) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(e, errno, "make it the root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, errno, "drop the old root");
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) <
	    0)
		return err_sys(e, errno, "make the root read-only");
	return 0;
}

int jail_enter(uid_t uid, gid_t gid, const char *program, const struct qemu_launch *launch,
	       struct err *e)
{
	int r = become_nobody(uid, gid, e);

	if (r == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		r = err_sys(e, errno, "keep mounts to ourselves");
	if (r == 0 && mount("none", PLACE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		r = err_sys(e, errno, "mount an empty directory");
	if (r == 0)
		r = show_program(program, e);
	if (r == 0 && launch->has_kvm)
		r = show_kvm(e);
	for (unsigned i = 0; r == 0 && i < launch->file_count; i++)
		r = copy_file(&launch->files[i], e);
	return r < 0 ? r : enter_root(e);
}

/* ---- what holds without namespaces, too ---- */

static const struct limit {
	int resource;
	rlim_t value;
} limits[] = {
    {RLIMIT_CORE, 0},     /* no picture of guest memory on a disk */
    {RLIMIT_NOFILE, 512}, /* a dozen devices with their events */
    {RLIMIT_MEMLOCK, 0},
};

/* With no_new_privs an execve gives nothing back, to root neither: capabilities(7). */
static int drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "give up new privileges");
	return syscall(SYS_capset, &header, none) < 0
		   ? err_sys(e, errno, "give up all capabilities")
		   : 0;
}

int jail_lock(int lifeline, uint64_t file_bytes_max, struct err *e)
{
	struct pollfd worker = {.fd = lifeline};
	struct rlimit file_bytes = {file_bytes_max, file_bytes_max};
	int r = drop_capabilities(e);

	if (r < 0)
		return r;
	if (setrlimit(RLIMIT_FSIZE, &file_bytes) < 0)
		return err_sys(e, errno, "limit the size of files");
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit limit;
		getrlimit(limits[i].resource, &limit);
		if (limit.rlim_max > limits[i].value)
			limit.rlim_max = limits[i].value;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(limits[i].resource, &limit) < 0)
			return err_sys(e, errno, "set resource limit %d", limits[i].resource);
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, errno, "end with the worker");
	if (poll(&worker, 1, 0) > 0 && (worker.revents & POLLHUP))
		return err_set(e, ESRCH, "the worker has gone");
	return 0;
}
