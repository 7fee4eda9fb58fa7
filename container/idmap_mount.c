// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A user namespace cannot be made without a process in it: a child is made that does nothing, its
 * maps are written, its namespace is opened, and the child is killed: a descriptor keeps a
 * namespace alive. The three lines of a map never overlap, on either side: the kernel would
 * refuse. See user_namespaces(7), mount_setattr(2).
 */
#include "idmap_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "kernel.h"

void idmap_describe_mount(uint32_t first, uint32_t owner, char text[IDMAP_TEXT_MAX])
{
	uint32_t last = IDMAP_COUNT - 1;
	int length;

	if (owner == 0) {
		snprintf(text, IDMAP_TEXT_MAX, "0 %" PRIu32 " %d", first, IDMAP_COUNT);
		return;
	}
	length = snprintf(text, IDMAP_TEXT_MAX, "%" PRIu32 " %" PRIu32 " 1\n", owner, first);
	if (owner > last) {
		snprintf(text + length, IDMAP_TEXT_MAX - (size_t)length,
			 "1 %" PRIu32 " %" PRIu32 "\n", first + 1, last);
		return;
	}
	if (owner > 1)
		length += snprintf(text + length, IDMAP_TEXT_MAX - (size_t)length,
				   "1 %" PRIu32 " %" PRIu32 "\n", first + 1, owner - 1);
	if (owner < last)
		snprintf(text + length, IDMAP_TEXT_MAX - (size_t)length,
			 "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", owner + 1, first + owner + 1,
			 last - owner);
}

pid_t idmap_start_subject(void)
{
	struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	pid_t maker = getpid(), pid = kernel_clone3(&arguments);

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	while (getppid() == maker) /* or it has died before we asked */
		pause();
	_exit(0);
}

void idmap_end_subject(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int write_and_open(pid_t pid, const char *users, const char *groups, int *ret_fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	auto_close int process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return -errno;
	int r = fd_write_file(process, "uid_map", users);
	if (r == 0)
		r = fd_write_file(process, "gid_map", groups);
	if (r < 0)
		return r;
	*ret_fd = openat(process, "ns/user", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

int idmap_open_namespace(const char *users, const char *groups, int *ret_fd, struct err *e)
{
	pid_t pid = idmap_start_subject();

	if (pid < 0)
		return err_sys(e, errno, "make a user namespace for a mount");
	int r = write_and_open(pid, users, groups, ret_fd);
	idmap_end_subject(pid);
	return r < 0 ? err_sys(e, r, "map the ids of a mount") : 0;
}
