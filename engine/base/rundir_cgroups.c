/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cgroups that outlived their sandbox.
 *
 * A worker makes its cgroups below the one that it was started in, in each hierarchy it needs
 * (cgroup v1: one mount per controller; v2: one for all; both at once: "hybrid"). Their name says
 * whose they are: isolab.UID.BASE.NAME, where BASE is the inode number of the base directory: two
 * users' or two tests' sandboxes of one name never meet. We look below our own cgroups
 * (/proc/self/cgroup), nowhere else, and take away only what names this base and no locked sandbox.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "fd.h"
#include "rundir.h"
#include "rundir_private.h"
#include "str.h"

enum { MEMBERS_MAX = 16 * 1024, PREFIX_MAX = 64 };

static int format_prefix(int base_fd, char *buffer, size_t size)
{
	struct stat status;

	if (fstat(base_fd, &status) < 0)
		return -errno;
	snprintf(buffer, size, "isolab.%u.%llx.", (unsigned)geteuid(),
		 (unsigned long long)status.st_ino);
	return 0;
}

int rundir_cgroup_name(const struct rundir *dir, char *buffer, size_t size, struct err *e)
{
	char prefix[PREFIX_MAX];
	int r = format_prefix(dir->base_fd, prefix, sizeof(prefix));

	if (r < 0)
		return err_sys(e, -r, "name the cgroup of '%s'", dir->name);
	snprintf(buffer, size, "%s%s", prefix, dir->name);
	return 0;
}

/* Is `pid` on a line of its own? */
static bool is_member(int cgroup_fd, long pid)
{
	char text[MEMBERS_MAX], *rest = text, *word;

	if (fd_read_file(cgroup_fd, "cgroup.procs", text, sizeof(text)) <= 0)
		return false;
	while ((word = strsep(&rest, "\n")) != NULL)
		if (*word && strtol(word, NULL, 10) == pid)
			return true;
	return false;
}

/* Kills what runs in the cgroup. Through pidfds, and looked up again after these were opened: a
 * number that was given out anew is not a member. */
static void kill_members(int cgroup_fd)
{
	char text[MEMBERS_MAX], *rest = text, *word;

	if (fd_read_file(cgroup_fd, "cgroup.procs", text, sizeof(text)) <= 0)
		return;
	while ((word = strsep(&rest, "\n")) != NULL) {
		long pid = strtol(word, NULL, 10);
		auto_close int fd = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

		if (fd >= 0 && is_member(cgroup_fd, pid))
			syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	}
}

static bool is_in_use(int base_fd, const char *name)
{
	auto_rundir dir = RUNDIR_NONE;

	return rundir_open_entry(base_fd, name, &dir, NULL) == 0 && rundir_is_locked(&dir);
}

/* 1 if it is gone now. A cgroup whose processes are only just dying is left to the next sweep. */
static int remove_cgroup(int parent_fd, const char *name)
{
	auto_close int fd = openat(parent_fd, name,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0)
		return 1;
	if (errno != EBUSY)
		return 0;
	/* A frozen one (paused when its worker died) would keep the signal until it thaws. */
	if (fd_write_file(fd, "cgroup.kill", "1") < 0)
		kill_members(fd);
	if (fd_write_file(fd, "freezer.state", "THAWED") < 0)
		fd_write_file(fd, "cgroup.freeze", "0");
	return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0;
}

static int sweep_below(int base_fd, const char *prefix, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), swept = 0;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	size_t length = strlen(prefix);

	if (!stream) {
		fd_close(&fd);
		return 0;
	}
	while ((entry = readdir(stream)) != NULL) {
		const char *name = entry->d_name + length;

		if (strncmp(entry->d_name, prefix, length) != 0 || !str_is_name(name) ||
		    is_in_use(base_fd, name))
			continue;
		swept += remove_cgroup(fd, entry->d_name);
	}
	closedir(stream);
	return swept;
}

/* cgroup v2 lets no cgroup hold both processes and limited children, so a worker may have had to
 * climb to an ancestor: look below each up to the mount point. */
static int sweep_upwards(int base_fd, const char *prefix, char *path)
{
	int swept = 0;

	for (;;) {
		auto_strbuf control = {0};
		char *slash = strrchr(path, '/');

		str_addf(&control, "%s/cgroup.procs", path);
		if (control.failed || access(control.data, F_OK) < 0)
			return swept;
		swept += sweep_below(base_fd, prefix, path);
		if (!slash || slash == path)
			return swept;
		*slash = '\0';
	}
}

/* The sweep of one hierarchy: a line of /proc/self/cgroup, "ID:CONTROLLERS:PATH". */
static int sweep_hierarchy(int base_fd, const char *prefix, const char *line,
			   const char *membership, const char *mountinfo)
{
	const char *controllers = strchr(line, ':');
	char path[CGROUP_PATH_MAX], controller[64];
	bool is_unified = controllers && controllers[1] == ':';
	size_t length = controllers ? strcspn(controllers + 1, ",:\n") : 0;

	if (!controllers || length >= sizeof(controller))
		return 0;
	memcpy(controller, controllers + 1, length);
	controller[length] = '\0';
	if (!cgroup_find_path(membership, mountinfo, is_unified ? NULL : controller, path,
			      sizeof(path)))
		return 0;
	return is_unified ? sweep_upwards(base_fd, prefix, path)
			  : sweep_below(base_fd, prefix, path);
}

int rundir_sweep_cgroups(int base_fd)
{
	const char *mountinfo;
	auto_free char *membership = cgroup_read_texts(0, &mountinfo);
	char prefix[PREFIX_MAX];
	int swept = 0;

	if (!membership || format_prefix(base_fd, prefix, sizeof(prefix)) < 0)
		return 0;
	for (const char *line = membership; *line;) {
		swept += sweep_hierarchy(base_fd, prefix, line, membership, mountinfo);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return swept;
}
