// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What somebody inside may try: each word of the command line is an attack (attack.h). Prints
 * "NAME: held" or "NAME: BROKEN …"; the suite container_security.py puts it into an image of
 * its own and runs it there. Static, because the image has no libraries.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

/* Each returns NULL when the wall held, else what was possible. */

static const char *attack_descriptors(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return "a descriptor beyond 2 is open";
	return NULL;
}

static const char *attack_namespaces(void)
{
	if (unshare(CLONE_NEWUSER) == 0)
		return "unshare makes a user namespace";
	if (syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) >= 0)
		return "clone makes a user namespace";
	return mount("none", "/tmp", "tmpfs", 0, NULL) == 0 ? "mount mounts" : NULL;
}

static const char *attack_root(void)
{
	if (chroot("/tmp") == 0)
		return "chroot works";
	if (open("/", O_TMPFILE | O_RDWR, 0600) >= 0 || mkdir("/escape", 0700) == 0)
		return "the image can be written";
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) == 0 ? "the root is remounted"
								       : NULL;
}

static const char *attack_kernel(void)
{
	static const char *const files[] = {"/proc/kcore",      "/proc/sysrq-trigger", "/proc/kmsg",
					    "/proc/timer_list", "/proc/keys",          "/dev/mem"};
	char byte;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && read(fd, &byte, 1) > 0)
			return files[i];
	}
	if (open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0 ||
	    open("/proc/sys/kernel/hostname", O_WRONLY) >= 0)
		return "a sysctl can be written";
	return open("/sys/kernel/mm/ksm/run", O_WRONLY) >= 0 ? "/sys can be written" : NULL;
}

static const char *attack_calls(void)
{
	if (syscall(SYS_keyctl, 0, -3, 0) >= 0)
		return "keyctl answers";
	if (syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno != EPERM)
		return "bpf is not refused";
	if (socket(AF_PACKET, SOCK_RAW, 0) >= 0)
		return "a packet socket can be had";
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0)
		return "the death signal can be cancelled";
	return ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 ? "ptrace works" : NULL;
}

/* Nothing in the image, not even a file of root with the s bit, gives a power back. */
static const char *attack_powers(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		return "capget fails";
	if (__builtin_popcount(sets[0].permitted) + __builtin_popcount(sets[1].permitted) > 3)
		return "more than three capabilities";
	sets[0].permitted = sets[0].effective |= 1U << CAP_SYS_ADMIN;
	if (syscall(SYS_capset, &header, sets) == 0)
		return "a capability can be regained";
	/* Exec may give root back what the bounding set holds, but nothing with no_new_privs. */
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? NULL : "no_new_privs is not set";
}

static const char *attack_nodes(void)
{
	if (mknod("/tmp/disk", S_IFBLK | 0666, makedev(254, 0)) == 0)
		return "a disk's node can be made";
	if (mknod("/dev/mem", S_IFCHR | 0666, makedev(1, 1)) == 0)
		return "a node of memory can be made";
	DIR *devices = opendir("/dev");
	struct dirent *entry;
	struct stat found;
	while (devices && (entry = readdir(devices)))
		if (fstatat(dirfd(devices), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISBLK(found.st_mode))
			return "a disk is in /dev";
	return NULL;
}

static const struct attack attacks[] = {
    {"descriptors", attack_descriptors},
    {"root", attack_root},
    {"kernel", attack_kernel},
    {"namespaces", attack_namespaces},
    {"calls", attack_calls},
    {"powers", attack_powers},
    {"nodes", attack_nodes},
    {NULL, NULL},
};

static const struct attack *const tables[] = {attacks, attacks_on_calls, attacks_on_rights};

static const struct attack *find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct attack *attack = tables[i]; attack->name; attack++)
			if (strcmp(attack->name, name) == 0)
				return attack;
	return NULL;
}

int main(int argc, char **argv)
{
	bool is_broken = false;

	for (int i = 1; i < argc; i++) {
		const struct attack *attack = find(argv[i]);
		const char *broken = attack ? attack->attack() : "there is no such attack";

		printf("%s: %s%s\n", argv[i], broken ? "BROKEN " : "held", broken ? broken : "");
		is_broken |= broken != NULL;
	}
	return is_broken;
}
