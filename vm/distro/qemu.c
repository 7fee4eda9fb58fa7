/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU as a child. Before it becomes QEMU the child gives up what it will not need: root's becomes
 * nobody, without network, and nobody's privileges can come back. QEMU then filters its own system
 * calls (-sandbox: no exec, no change of ids), before the guest's first instruction. It keeps the
 * host's file names in sight, since it loads libraries and firmware by name, and writes what the
 * guest changes on its disk to a file without a name in /var/tmp.
 *
 * What surprises: its parent's death must end it, and any change of ids takes that back: so it is
 * asked for last. See qemu-system-x86_64(1), prctl(2) PR_SET_PDEATHSIG.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "distro.h"
#include "fd.h"
#include "str.h"

#define QEMU "qemu-system-x86_64"

enum { WORDS_MAX = 64, FIRST_FD = 3, DISK_FD = FIRST_FD + DISTRO_WIRES, AGENT_FD, NOBODY = 65534 };

/* Same in every machine: a PC of the q35 generation with a disk, a serial line, an agent's port. */
static const char *const constant_words[] = {
    QEMU,
    "-name",
    "isolab",
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-no-reboot",
    "-S", /* until we say so */
    "-sandbox",
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    "-chardev",
    "socket,id=monitor,fd=3",
    "-mon",
    "chardev=monitor,mode=control",
    "-chardev",
    "socket,id=console,fd=4",
    "-serial",
    "chardev:console",
    "-chardev",
    "socket,id=firmware,fd=5",
    "-device",
    "isa-debugcon,iobase=0x402,chardev=firmware",
    "-chardev",
    "socket,id=agent,fd=6",
    "-device",
    "virtio-serial-pci",
    "-device",
    "virtserialport,chardev=agent,name=isolab.agent",
    "-device",
    "virtio-rng-pci",
    "-add-fd",
    "fd=8,set=1",
    "-drive",
    "file=/dev/fdset/1,format=raw,if=none,id=disk,snapshot=on",
    "-device",
    "virtio-blk-pci,drive=disk",
};

_Static_assert(DISTRO_MONITOR == 0 && DISTRO_AGENT == 3 && DISK_FD == 8, "as the words have it");

/* The words whose values differ from machine to machine. */
struct texts {
	char processors[16], memory[32];
};

static void write_words(const struct distro_pc *machine, struct texts *texts,
			char *words[WORDS_MAX])
{
	size_t count = sizeof(constant_words) / sizeof(constant_words[0]);
	const char *const more[] = {"-machine",
				    machine->has_kvm ? "q35,accel=kvm" : "q35,accel=tcg",
				    "-cpu",
				    machine->has_kvm ? "host" : "max",
				    "-smp",
				    texts->processors,
				    "-m",
				    texts->memory,
				    machine->agent_fd < 0 ? NULL : "-fw_cfg",
				    "name=opt/isolab/agent,file=/proc/self/fd/9",
				    NULL};

	snprintf(texts->processors, sizeof(texts->processors), "%u", machine->processors);
	snprintf(texts->memory, sizeof(texts->memory), "%lluM",
		 (unsigned long long)(machine->memory_bytes >> 20));
	memcpy(words, constant_words, sizeof(constant_words));
	for (size_t i = 0; more[i]; i++)
		words[count++] = (char *)more[i];
	words[count] = NULL;
}

/* Puts all at their numbers: first above them all, since one may lie where another belongs. */
static int place_descriptors(const struct distro_pc *machine, const int wires[DISTRO_WIRES])
{
	int fds[DISTRO_WIRES + 2];

	for (int i = 0; i < DISTRO_WIRES; i++)
		fds[i] = fcntl(wires[i], F_DUPFD_CLOEXEC, 64);
	fds[DISTRO_WIRES] = fcntl(machine->disk_fd, F_DUPFD_CLOEXEC, 64);
	fds[DISTRO_WIRES + 1] = machine->agent_fd < 0
				    ? -1
				    : fcntl(machine->agent_fd, F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < DISTRO_WIRES + 2; i++)
		if (fds[i] >= 0 && dup2(fds[i], FIRST_FD + i) < 0)
			return -errno;
	if (dup2(FIRST_FD + DISTRO_WORDS, STDOUT_FILENO) < 0 ||
	    dup2(FIRST_FD + DISTRO_WORDS, STDERR_FILENO) < 0)
		return -errno;
	close(STDIN_FILENO);
	if (open("/dev/null", O_RDONLY) != STDIN_FILENO) // NOLINT: it is to be inherited
		return -EBADF;
	/* the pipe that tells of a failure is up there, too: not closed before exec */
	return syscall(SYS_close_range, AGENT_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

/* root's QEMU is nobody, of the group that may open /dev/kvm where it is to. What an ordinary
 * user's may, he may. */
static int drop_rights(const struct distro_pc *machine)
{
	struct stat kvm;
	gid_t groups[1];
	bool needs_group = machine->has_kvm && stat("/dev/kvm", &kvm) == 0;
	const struct rlimit no_core = {0, 0};

	if (needs_group)
		groups[0] = kvm.st_gid;
	if (geteuid() == 0) {
		if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
			return -errno;
		if (setgroups(needs_group ? 1 : 0, groups) < 0 ||
		    setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
			return -errno;
	}
	setrlimit(RLIMIT_CORE, &no_core); /* no picture of guest memory on a disk */
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* In the child. Returns -errno. */
static int become_qemu(const struct distro_pc *machine, const int wires[DISTRO_WIRES], pid_t parent,
		       char *const words[])
{
	sigset_t none;

	setsid(); /* a Ctrl-C at the terminal is for the worker, which passes it on */
	int r = place_descriptors(machine, wires);
	if (r == 0)
		r = drop_rights(machine);
	if (r < 0)
		return r;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	if (getppid() != parent)
		return -ESRCH;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	unsetenv("TMPDIR"); /* where we may write, nobody may not: /var/tmp is for all */
	execvp(QEMU, words);
	return -errno;
}

static int explain(int code, struct err *e)
{
	int r = err_sys(e, code, "run '" QEMU "'");

	return err_hint(e, r,
			code == ENOENT ? "sudo apt-get install qemu-system-x86"
				       : "does it run by itself, as this user?");
}

int distro_start_qemu(const struct distro_pc *machine, const int wires[DISTRO_WIRES],
		      pid_t *ret_pid, int *ret_pid_fd, struct err *e)
{
	struct texts texts;
	char *words[WORDS_MAX];
	int told[2] = {-1, -1}, code = 0;
	pid_t parent = getpid();

	write_words(machine, &texts, words);
	if (pipe2(told, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	/* above what QEMU gets, and closed by exec: that it ends says that QEMU runs */
	auto_close int heard = told[0], tell = fcntl(told[1], F_DUPFD_CLOEXEC, 128);
	fd_close(&told[1]);
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(e, errno, "make a process for QEMU");
	if (pid == 0) {
		code = -become_qemu(machine, wires, parent, words);
		ssize_t unused = write(tell, &code, sizeof(code));
		(void)unused;
		_exit(125);
	}
	fd_close(&tell);
	*ret_pid = pid;
	*ret_pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd_read_full(heard, &code, sizeof(code)) == (ssize_t)sizeof(code))
		return explain(code, e);
	return *ret_pid_fd < 0 ? err_sys(e, errno, "watch QEMU's process") : 0;
}
