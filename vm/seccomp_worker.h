/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_SECCOMP_WORKER_H
#define ISOLAB_VM_SECCOMP_WORKER_H
/*
 * seccomp_worker: what the worker of every machine may still ask of the kernel once its guest runs
 * (container/seccomp_table.h explains the form): pass bytes between the descriptors it has, remove
 * its own directory. It opens nothing, connects nowhere, starts nothing, and maps nothing
 * executable. A machine's table lists these, and what that machine needs beside them; which ioctls
 * these are is a rule of its own.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "seccomp_table.h"

/* clang-format off: tables */
#define SECCOMP_WORKER_GROUPS                                                                      \
	{.name = "bytes",                                                                          \
	 .why = "console, journal, the descriptors of an exec",                                    \
	 .is_allowed = true,                                                                       \
	 .calls = "read write readv writev pread64 pwrite64 lseek close"},                         \
	    {.name = "control socket",                                                             \
	     .why = "accept a front, take its requests and descriptors, answer",                   \
	     .is_allowed = true,                                                                   \
	     .calls = "accept4 recvmsg sendmsg recvfrom sendto shutdown getsockopt"},              \
	    {.name = "waiting",                                                                    \
	     .why = "the worker's loop",                                                           \
	     .is_allowed = true,                                                                   \
	     .calls = "poll ppoll timerfd_settime clock_gettime clock_nanosleep nanosleep "        \
		      "restart_syscall futex"},                                                    \
	    {.name = "own directory",                                                              \
	     .why =                                                                                \
		 "removed by descriptor at the end; names lead nowhere else, the root is empty",   \
	     .is_allowed = true,                                                                   \
	     .calls =                                                                              \
		 "unlinkat renameat renameat2 getdents64 fstat newfstatat flock ftruncate fsync"}, \
	    {.name = "leave the terminal",                                                         \
	     .why = "Ctrl-P Ctrl-Q: a foreground run goes on without its terminal",                \
	     .is_allowed = true,                                                                   \
	     .calls = "dup3 setsid"},                                                              \
	{                                                                                          \
		.name = "own memory and signals",                                                  \
		.why = "the C library's allocator, handlers, the end", .is_allowed = true,         \
		.calls =                                                                           \
		    "brk munmap madvise rt_sigaction rt_sigprocmask rt_sigreturn getpid gettid "   \
		    "geteuid getuid getrandom exit exit_group"                                     \
	}

/* ioctls of the user's own terminal, of a foreground run. */
#define SECCOMP_TERMINAL_IOCTLS      TCGETS, TCSETS, TCSETSW, TIOCGWINSZ
#define SECCOMP_TERMINAL_IOCTL_COUNT 4

#define SECCOMP_WORKER_RULES                                                                       \
	{.call = "mmap",                                                                           \
	 .why = "memory for data only",                                                            \
	 .argument = 2,                                                                            \
	 .test = SECCOMP_HAS_ANY_BIT_OF,                                                           \
	 .values = {PROT_EXEC},                                                                    \
	 .count = 1,                                                                               \
	 .is_allowed_if_true = false,                                                              \
	 .error = EPERM},                                                                          \
	    {.call = "mprotect",                                                                   \
	     .why = "nothing becomes executable",                                                  \
	     .argument = 2,                                                                        \
	     .test = SECCOMP_HAS_ANY_BIT_OF,                                                       \
	     .values = {PROT_EXEC},                                                                \
	     .count = 1,                                                                           \
	     .is_allowed_if_true = false,                                                          \
	     .error = EPERM},                                                                      \
	{                                                                                          \
		.call = "fcntl",                                                                   \
		.why = "flags of a descriptor, not owners, leases or pipes' sizes", .argument = 1, \
		.test = SECCOMP_IS_ONE_OF,                                                         \
		.values = {1 /* F_GETFD */, 2 /* F_SETFD */, 3 /* F_GETFL */, 4 /* F_SETFL */,     \
			   1030 /* F_DUPFD_CLOEXEC */},                                            \
		.count = 5, .is_allowed_if_true = true, .error = EPERM                             \
	}
/* clang-format on */

#endif
