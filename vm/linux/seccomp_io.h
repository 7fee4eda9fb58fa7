/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_LINUX_SECCOMP_IO_H
#define ISOLAB_VM_LINUX_SECCOMP_IO_H
/*
 * seccomp_io: what the thread that serves virtio devices may ask of the kernel
 * (container/seccomp_table.h explains the form): bytes between the guest's memory and the
 * descriptors that the devices hold (disks, the network's cable, bells). It opens nothing, has no
 * use for KVM or the control socket, and maps no memory. seccomp_io.c is that and no more;
 * seccomp_io_vsock.c what it is with a socket device, to which programs of the host come.
 */
#include "seccomp_table.h"

/* clang-format off: a table */
#define SECCOMP_IO_GROUPS                                                                       \
	{.name = "bytes",                                                                       \
	 .why = "disks, the cable, bells of the guest's processors and of the worker",          \
	 .is_allowed = true,                                                                    \
	 .calls = "read write readv writev pread64 pwrite64 preadv pwritev fdatasync fstat "    \
		  "newfstatat"},                                                                \
	    {.name = "messages",                                                                \
	     .why = "virtiofsd is told where a driver has laid its queues",                     \
	     .is_allowed = true,                                                                \
	     .calls = "sendmsg recvfrom"},                                                      \
	    {.name = "random bytes",                                                            \
	     .why = "what the entropy device is there for",                                     \
	     .is_allowed = true,                                                                \
	     .calls = "getrandom"},                                                             \
	    {.name = "waiting",                                                                 \
	     .why = "for kicks and bytes, and for a device's lock",                             \
	     .is_allowed = true,                                                                \
	     .calls = "poll ppoll futex clock_gettime restart_syscall sched_yield membarrier"}, \
	{                                                                                       \
		.name = "the end", .why = "the C library takes the thread's stack down",        \
		.is_allowed = true,                                                             \
		.calls = "rt_sigprocmask rt_sigreturn munmap madvise getpid gettid "            \
			 "set_robust_list exit "                                                \
			 "exit_group"                                                           \
	}
/* clang-format on */

#endif
