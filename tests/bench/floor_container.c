/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * floor_container ROOT PROGRAM [ARGUMENTS]: the least that a container can cost, to measure ours
 * against.
 *
 * One clone3(2) into seven namespaces, maps written, then inside: ROOT bound and made the root by
 * pivot_root(2), /proc, /sys, /dev with its six nodes, pts and shm, and execve(2). No descriptor
 * sweep, no capabilities dropped, no seccomp, no events, no limits, no console: a real one must do
 * more, and this is what "more" is compared with. Any failure is exit status 125.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 125 };

static const char *const device_nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};

static void must(int result, const char *what)
{
	if (result < 0)
		err(FAILED, "%s", what);
}

static void write_map(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	must(fd, file);
	must((int)dprintf(fd, "%s", text), file);
	close(fd);
}

/* The parent's half: who is who inside. An ordinary user may map itself only, with setgroups(2)
 * denied first. */
static void write_maps(pid_t child)
{
	char file[64], map[64];
	snprintf(file, sizeof(file), "/proc/%d/setgroups", child);
	write_map(file, "deny");
	snprintf(file, sizeof(file), "/proc/%d/uid_map", child);
	snprintf(map, sizeof(map), "0 %u 1", geteuid());
	write_map(file, map);
	snprintf(file, sizeof(file), "/proc/%d/gid_map", child);
	snprintf(map, sizeof(map), "0 %u 1", getegid());
	write_map(file, map);
}

/* A user namespace may not make device nodes: the host's are bound onto empty files. */
static void mount_devices(void)
{
	char source[64], target[64];
	must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755"), "mount /dev");
	for (size_t i = 0; i < sizeof(device_nodes) / sizeof(*device_nodes); i++) {
		snprintf(source, sizeof(source), "/dev/%s", device_nodes[i]);
		snprintf(target, sizeof(target), "dev/%s", device_nodes[i]);
		int fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		must(fd, target);
		close(fd);
		must(mount(source, target, NULL, MS_BIND, NULL), target);
	}
	must(mkdir("dev/pts", 0755), "mkdir /dev/pts");
	must(mkdir("dev/shm", 0755), "mkdir /dev/shm");
	must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		   "newinstance,ptmxmode=0666"),
	     "mount /dev/pts");
	must(mount("tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"),
	     "mount /dev/shm");
}

static void build_inside(const char *root)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make / private");
	must(mount(root, root, NULL, MS_BIND, NULL), "bind the root");
	must(chdir(root), root);
	must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount /proc");
	must(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL),
	     "mount /sys");
	mount_devices();
	must((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "unmount the old root");
	must(chdir("/"), "chdir /");
}

int main(int argc, char **argv)
{
	int go[2], status;
	if (argc < 3)
		errx(2, "usage: floor_container ROOT PROGRAM [ARGUMENTS]");
	must(pipe2(go, O_CLOEXEC), "pipe2");
	struct clone_args arguments = {
	    .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS |
		     CLONE_NEWIPC | CLONE_NEWCGROUP,
	    .exit_signal = SIGCHLD,
	};
	pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	must(child, "clone3");
	if (child == 0) {
		char byte;
		close(go[1]);
		must((int)read(go[0], &byte, 1), "wait for the maps");
		build_inside(argv[1]);
		execv(argv[2], argv + 2);
		err(FAILED, "exec '%s'", argv[2]);
	}
	write_maps(child);
	must((int)write(go[1], "", 1), "let the child go");
	must(waitpid(child, &status, 0), "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}
