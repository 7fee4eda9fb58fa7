// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Single system calls that the filter refuses. Without it most of them answer, if only with "that
 * makes no sense": then the kernel's code behind them was reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

/* True if the call's code was reached: it neither is refused nor does it not exist. */
static int is_reached(long result)
{
	return result >= 0 || (errno != EPERM && errno != ENOSYS);
}

static const char *attack_keyctl(void)
{
	return is_reached(syscall(SYS_keyctl, 0, -3, 0)) ? "keyctl answers" : NULL;
}

static const char *attack_bpf(void)
{
	/* An unknown command: EINVAL, once it is looked at. */
	return is_reached(syscall(SYS_bpf, -1, NULL, 0)) ? "bpf answers" : NULL;
}

static const char *attack_io_uring(void)
{
	return is_reached(syscall(SYS_io_uring_setup, 0, NULL)) ? "io_uring_setup answers" : NULL;
}

static const char *attack_userfaultfd(void)
{
	return is_reached(syscall(SYS_userfaultfd, -1)) ? "userfaultfd answers" : NULL;
}

static const char *attack_packet(void)
{
	/* In its own network namespace root may have these; the filter says: no such family. */
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	return fd >= 0 || errno != EAFNOSUPPORT ? "the code of packet sockets is reached" : NULL;
}

static const char *attack_alg(void)
{
	int fd = socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0);

	return fd >= 0 ? "the kernel's cryptography can be had as a socket" : NULL;
}

static const char *attack_death_signal(void)
{
	return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0 ? "the death signal can be cancelled"
							: NULL;
}

static const char *attack_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 ? "ptrace works" : NULL;
}

static const char *attack_random(void)
{
	return personality(ADDR_NO_RANDOMIZE) >= 0 ? "addresses can be made guessable" : NULL;
}

static const char *attack_user_namespace(void)
{
	if (unshare(CLONE_NEWUSER) == 0)
		return "unshare makes a user namespace";
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid > 0 ? "clone makes a user namespace" : NULL;
}

static const char *attack_mount(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL) == 0 ? "mount mounts" : NULL;
}

static const char *attack_chroot(void)
{
	return chroot("/tmp") == 0 ? "the root can be changed" : NULL;
}

#ifdef __x86_64__
/* getpid() as a program for 32 bits makes it: another table of calls, of which ours knows none. */
static const char *attack_i386(void)
{
	long result;
	pid_t pid = fork(); /* a kernel without that table ends us with SIGSEGV */
	int status;

	if (pid == 0) {
		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "0"(20L)
				 : "memory", "r8", "r9", "r10", "r11");
		_exit(result > 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) ? "calls of the i386 are open" : NULL;
}

static const char *attack_x32(void)
{
	return is_reached(syscall(0x40000000 | SYS_getpid)) ? "calls of the x32 are open" : NULL;
}
#endif

/* With the upper half of the number set, which the kernel does not look at. */
static const char *attack_type(void)
{
	int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (syscall(SYS_ioctl, terminal, TIOCSTI | 1ULL << 32, "x") == 0)
		return "TIOCSTI with a set upper half types into the terminal";
	return ioctl(terminal, TIOCSTI, "x") == 0 ? "TIOCSTI types into the terminal" : NULL;
}

const struct attack attacks_on_calls[] = {
    {"keyctl", attack_keyctl},
    {"bpf", attack_bpf},
    {"io_uring", attack_io_uring},
    {"userfaultfd", attack_userfaultfd},
    {"packet", attack_packet},
    {"alg", attack_alg},
    {"death-signal", attack_death_signal},
    {"ptrace", attack_ptrace},
    {"random", attack_random},
    {"user-namespace", attack_user_namespace},
    {"mount", attack_mount},
    {"chroot", attack_chroot},
#ifdef __x86_64__
    {"i386", attack_i386},
    {"x32", attack_x32},
#endif
    {"type", attack_type},
    {NULL, NULL},
};
