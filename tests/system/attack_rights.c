// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Rights that somebody inside may have kept: capabilities, groups, keys, what belongs to processes
 * outside and to the builder of the wall.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"

/* The number behind NAME in /proc/self/status, ~0: none. */
static unsigned long long status_number(const char *name)
{
	char text[8192];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
	const char *found = strstr(text, name);
	return found ? strtoull(found + strlen(name), NULL, 16) : ~0ULL;
}

static const char *attack_effective(void)
{
	return __builtin_popcountll(status_number("CapEff:\t")) > 3 ? "more than three capabilities"
								    : NULL;
}

static const char *attack_regain(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		return "capget fails";
	sets[0].permitted = sets[0].effective |= 1U << CAP_SYS_ADMIN;
	return syscall(SYS_capset, &header, sets) == 0 ? "a capability can be regained" : NULL;
}

static const char *attack_bounding(void)
{
	return prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0
		   ? "the bounding set still holds CAP_SYS_ADMIN"
		   : NULL;
}

static const char *attack_inheritable(void)
{
	return status_number("CapInh:\t") || status_number("CapAmb:\t")
		   ? "capabilities are inheritable"
		   : NULL;
}

static const char *attack_new_privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? NULL : "no_new_privs is not set";
}

static const char *attack_groups(void)
{
	return getgroups(0, NULL) > 0 ? "groups of who started it are carried inside" : NULL;
}

/* A key that the test has put into the session's keyring outside. */
static const char *attack_keyring(void)
{
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user",
			   "isolab-test-secret", 0);

	return key > 0 ? "a key of the host's session is found" : NULL;
}

static const char *attack_sysctl(void)
{
	int fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC);

	return fd >= 0 ? "a setting of the kernel can be written" : NULL;
}

/* CVE-2019-5736: the builder's own program, reached through process 1. */
static const char *attack_overwrite(void)
{
	int fd = open("/proc/1/exe", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		return "the worker's program can be opened for writing";
	return truncate("/proc/1/exe", 0) == 0 ? "the worker's program can be cut" : NULL;
}

static const char *attack_chmod_builder(void)
{
	char path[256] = "";

	if (readlink("/proc/1/exe", path, sizeof(path) - 1) < 0 ||
	    !strstr(path, "isolab-container"))
		return NULL;
	return chmod("/proc/1/exe", 0777) == 0 ? "the worker's program can be chmod'ed" : NULL;
}

/* A process that is to become a program inside is seen while it still is the worker's image. */
static const char *attack_look_at_builder(void)
{
	char path[300], target[256];

	for (int round = 0; round < 200000; round++) {
		DIR *folder = opendir("/proc");
		for (struct dirent *entry; folder && (entry = readdir(folder));) {
			snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
			ssize_t n = entry->d_name[0] > '1' && entry->d_name[0] <= '9'
					? readlink(path, target, sizeof(target) - 1)
					: -1;
			target[n > 0 ? n : 0] = '\0';
			if (strstr(target, "isolab-container"))
				return "the worker's image is seen through /proc/PID/exe";
		}
		if (folder)
			closedir(folder);
		if (access("/tmp/enough", F_OK) == 0)
			break;
	}
	return NULL;
}

/* CVE-2020-15257: sockets without a file, of the host whose network it shares. */
static const char *attack_abstract_socket(void)
{
	const char *name = getenv("ATTACK_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!name || strlen(name) + 1 >= sizeof(address.sun_path))
		return "ATTACK_SOCKET is not set";
	memcpy(address.sun_path + 1, name, strlen(name));
	return connect(fd, (struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) == 0
		   ? "an abstract socket of the host answers"
		   : NULL;
}

static const char *attack_signal(void)
{
	const char *pid = getenv("ATTACK_PID");

	if (!pid)
		return "ATTACK_PID is not set";
	return kill((pid_t)strtol(pid, NULL, 10), 0) == 0 ? "a process outside can be signalled"
							  : NULL;
}

/* CVE-2022-0492: the program that the host's kernel runs when a cgroup becomes empty. It is only
 * opened here. */
static const char *attack_release_agent(void)
{
	if (mkdir("/tmp/cgroup", 0700) < 0 || mount("none", "/tmp/cgroup", "cgroup", 0, "pids") < 0)
		return NULL;
	int fd = open("/tmp/cgroup/release_agent", O_WRONLY | O_CLOEXEC);
	return fd >= 0 ? "the host's release_agent can be opened for writing" : NULL;
}

static const char *attack_device(void)
{
	return mknod("/tmp/disk", S_IFBLK | 0600, makedev(8, 0)) == 0 ? "a disk's node is made"
								      : NULL;
}

const struct attack attacks_on_rights[] = {
    {"effective", attack_effective},
    {"regain", attack_regain},
    {"bounding", attack_bounding},
    {"inheritable", attack_inheritable},
    {"new-privileges", attack_new_privileges},
    {"groups", attack_groups},
    {"keyring", attack_keyring},
    {"sysctl", attack_sysctl},
    {"overwrite", attack_overwrite},
    {"chmod-builder", attack_chmod_builder},
    {"look-at-builder", attack_look_at_builder},
    {"abstract-socket", attack_abstract_socket},
    {"signal", attack_signal},
    {"release-agent", attack_release_agent},
    {"device", attack_device},
    {NULL, NULL},
};
