// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the holder keeps for the rest of its life. Two capabilities, over its own user namespace and
 * those of the sandboxes below it: CAP_NET_ADMIN lays cables, CAP_SYS_ADMIN enters a sandbox's
 * network namespace (setns(2) asks for it there and here). And the few system calls of its loop; it
 * makes no process, executes nothing, and enters no namespace but networks. The filter is read from
 * the top, as long as the list is short nobody waits. See capabilities(7), seccomp(2).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "private.h"

#ifdef __x86_64__
enum { OUR_ARCH = (int)AUDIT_ARCH_X86_64 };
#else
enum { OUR_ARCH = (int)AUDIT_ARCH_AARCH64 };
#endif

static const unsigned short allowed[] = {
    /* wait, and talk to workers, the kernel and those who ask for names */
    SYS_ppoll, SYS_recvmsg, SYS_sendmsg, SYS_recvfrom, SYS_sendto, SYS_close,
    /* a socket in a sandbox's network, one that leads outside */
    SYS_socket, SYS_bind, SYS_connect, SYS_getsockname,
    /* a tap */
    SYS_openat, SYS_ioctl,
    /* the C library's, and the end */
    SYS_getrandom, SYS_clock_gettime, SYS_brk, SYS_mmap, SYS_munmap, SYS_getpid, SYS_rt_sigreturn,
    SYS_restart_syscall, SYS_exit_group};

enum { ALLOWED = sizeof(allowed) / sizeof(allowed[0]), CODE_MAX = ALLOWED * 2 + 12 };

/* The filter as it is written. */
struct code {
	struct sock_filter at[CODE_MAX];
	unsigned short length;
};

static void add(struct code *code, unsigned short operation, unsigned value, unsigned char if_true,
		unsigned char if_false)
{
	code->at[code->length++] = (struct sock_filter){operation, if_true, if_false, value};
}

static void add_load(struct code *code, size_t offset)
{
	add(code, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void add_return(struct code *code, unsigned what)
{
	add(code, BPF_RET | BPF_K, what, 0, 0);
}

/* "If it is this, then that is the answer." */
static void add_answer(struct code *code, unsigned value, unsigned what)
{
	add(code, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	add_return(code, what);
}

static int load_filter(struct err *e)
{
	const unsigned refused = SECCOMP_RET_ERRNO | EPERM;
	struct code code = {.length = 0};

	add_load(&code, offsetof(struct seccomp_data, arch));
	add(&code, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)OUR_ARCH, 1, 0);
	add_return(&code, refused);
	add_load(&code, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ALLOWED; i++)
		add_answer(&code, allowed[i], SECCOMP_RET_ALLOW);
	add(&code, BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 1, 0);
	add_return(&code, refused);
	/* The lower half of the second argument; both processors are little-endian. */
	add_load(&code, offsetof(struct seccomp_data, args[1]));
	add_answer(&code, CLONE_NEWNET, SECCOMP_RET_ALLOW);
	add_return(&code, refused);

	struct sock_fprog program = {.len = code.length, .filter = code.at};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return err_sys(e, errno, "load the holder's filter of system calls");
	return 0;
}

int holder_lock_down(struct err *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const unsigned kept = 1U << CAP_NET_ADMIN | 1U << CAP_SYS_ADMIN;
	struct __user_cap_data_struct sets[2] = {{.effective = kept, .permitted = kept}};

	if (syscall(SYS_capset, &header, sets) < 0)
		return err_sys(e, errno, "keep no more than two capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "give up new privileges");
	return load_filter(e);
}
