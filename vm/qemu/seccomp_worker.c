// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The profile of the worker while QEMU runs its guest: as that of a Linux machine on KVM
 * (../seccomp_table.c), but the processors have threads of their own (seccomp_processor.c). This
 * one never runs the guest; it raises interrupts, kicks the threads and waits for their end.
 */
#include "seccomp_table.h"

#include <errno.h>
#include <linux/mman.h>
#include <stddef.h>
#include <sys/ioctl.h>

static const struct seccomp_group groups[] = {
    {.name = "bytes",
     .why = "console, journal, the descriptors of an exec",
     .is_allowed = true,
     .calls = "read write readv writev pread64 pwrite64 lseek close"},
    {.name = "control socket",
     .why = "accept a front, take its requests and descriptors, answer",
     .is_allowed = true,
     .calls = "accept4 recvmsg sendmsg recvfrom sendto shutdown getsockopt"},
    {.name = "QEMU",
     .why = "end its process, and wait for that",
     .is_allowed = true,
     .calls = "kill wait4"},
    {.name = "waiting",
     .why = "the worker's loop",
     .is_allowed = true,
     .calls = "poll ppoll timerfd_settime clock_gettime clock_nanosleep "
	      "nanosleep "
	      "restart_syscall futex"},
    {.name = "own directory",
     .why = "removed by descriptor at the end; names lead nowhere else, the root is empty",
     .is_allowed = true,
     .calls = "unlinkat renameat renameat2 getdents64 fstat newfstatat flock ftruncate fsync"},
    {.name = "leave the terminal",
     .why = "Ctrl-P Ctrl-Q: a foreground run goes on without its terminal",
     .is_allowed = true,
     .calls = "dup3 setsid"},
    {.name = "own memory and signals",
     .why = "the C library's allocator, handlers, the end",
     .is_allowed = true,
     .calls =
	 "brk munmap madvise rt_sigaction rt_sigprocmask rt_sigreturn getpid gettid geteuid getuid "
	 "getrandom exit exit_group"},
    {.name = NULL},
};

static const struct seccomp_rule rules[] = {
    {.call = "ioctl",
     .why = "the user's own terminal of a foreground run: nothing else",
     .argument = 1,
     .test = SECCOMP_IS_ONE_OF,
     .values = {TCGETS, TCSETS, TCSETSW, TIOCGWINSZ},
     .count = 4,
     .is_allowed_if_true = true,
     .error = EPERM},
    {.call = "mmap",
     .why = "memory for data only",
     .argument = 2,
     .test = SECCOMP_HAS_ANY_BIT_OF,
     .values = {PROT_EXEC},
     .count = 1,
     .is_allowed_if_true = false,
     .error = EPERM},
    {.call = "mprotect",
     .why = "nothing becomes executable",
     .argument = 2,
     .test = SECCOMP_HAS_ANY_BIT_OF,
     .values = {PROT_EXEC},
     .count = 1,
     .is_allowed_if_true = false,
     .error = EPERM},
    {.call = "fcntl",
     .why = "flags of a descriptor, not owners, leases or pipes' sizes",
     .argument = 1,
     .test = SECCOMP_IS_ONE_OF,
     .values = {1 /* F_GETFD */, 2 /* F_SETFD */, 3 /* F_GETFL */, 4 /* F_SETFL */,
		1030 /* F_DUPFD_CLOEXEC */},
     .count = 5,
     .is_allowed_if_true = true,
     .error = EPERM},
    {.call = NULL},
};

const struct seccomp_profile seccomp_profile_qemu = {.groups = groups, .rules = rules};
