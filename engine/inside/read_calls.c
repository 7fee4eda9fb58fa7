/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts about what a program may ask its kernel to do. Each call is made with arguments that no
 * kernel can act on: a descriptor that is not open, a pointer to nowhere, a number that means
 * nothing. EPERM: not for you. ENOSYS: there is no such call (or a filter says so). Anything else,
 * EFAULT or EINVAL mostly: the call reached the code that would have done it.
 */
#include "read_facts.h"

#include <asm/errno.h>

static const unsigned long nowhere =
    1; /* a pointer that is never mapped; unlike NULL it never means "default" */

/* Calls that change or look at more than the caller's own affairs. */
static const struct {
	short number;
	unsigned long arguments[5];
} risky_calls[] = {
    {__NR_mount, {1, 1, 1, 0, 0}},
    {__NR_umount2, {1, 0}},
    {__NR_pivot_root, {1, 1}},
    {__NR_swapon, {1, 0}},
    {__NR_swapoff, {1}},
    {__NR_reboot, {0, 0, 0, 0}}, /* both magic numbers wrong */
    {__NR_sethostname, {1, -1UL}},
    {__NR_setdomainname, {1, -1UL}},
    {__NR_init_module, {1, 0, 1}},
    {__NR_delete_module, {1, 04000}},
    {__NR_kexec_load, {0, -1UL, 1, -1UL}},
    {__NR_settimeofday, {1, 0}},
    {__NR_clock_settime, {-1UL, 1}},
    {__NR_adjtimex, {1}},
    {__NR_iopl, {99}},
    {__NR_ioperm, {-1UL, 1, 1}},
    {__NR_bpf, {-1UL, 1, 0}},
    {__NR_perf_event_open, {1, 0, -1UL, -1UL, -1UL}},
    {__NR_userfaultfd, {-1UL}},
    {__NR_keyctl, {-1UL}},
    {__NR_add_key, {1, 1, 0, 0, 0}},
    {__NR_request_key, {1, 1, 0, 0}},
    {__NR_setns, {-1UL, 0}},
    {__NR_unshare, {1}},
    {__NR_ptrace, {-1UL, -1UL, 0, 0}},
    {__NR_process_vm_readv, {-1UL, 1, 1, 1, 1}},
    {__NR_open_by_handle_at, {-1UL, 1, 0}},
    {__NR_acct, {1}},
    {__NR_quotactl, {-1UL, 1, 0, 0}},
    {__NR_io_uring_setup, {0, 1}},
    {__NR_fanotify_init, {-1UL, -1UL}},
    {__NR_kcmp, {-1UL, -1UL, -1UL, 0, 0}},
};

void fact_syscalls_allowed(struct fact_reader *reader)
{
	static const char *const modes[] = {"no filter", "strict", "filtered"};
	enum { CALLS = sizeof(risky_calls) / sizeof(risky_calls[0]) };
	uint64_t mode = 0, filters = 0, open = 0;

	for (unsigned call = 0; call < CALLS; call++) {
		const unsigned long *a = risky_calls[call].arguments;
		long r = syscall6(risky_calls[call].number, (long)a[0], (long)a[1], (long)a[2],
				  (long)a[3], (long)a[4], 0);
		open += r != -ENOSYS && r != -EPERM;
	}
	if (!status_number(reader, "Seccomp", 10, &mode) || mode > 2)
		mode = 0;
	status_number(reader, "Seccomp_filters", 10, &filters);
	fact_begin(reader, "syscalls_allowed");
	writer_text(&reader->out, modes[mode]);
	writer_text(&reader->out, ", ");
	writer_number(&reader->out, open);
	writer_text(&reader->out, " of ");
	writer_number(&reader->out, CALLS);
	writer_text(&reader->out, " risky calls answer");
	fact_identity(reader);
	writer_text(&reader->out, " seccomp:");
	writer_number(&reader->out, mode);
	writer_text(&reader->out, ":");
	writer_number(&reader->out, filters);
	fact_end(reader);
}

void fact_host_dmesg(struct fact_reader *reader)
{
	long size = call3(__NR_syslog, 10 /* SIZE_BUFFER */, 0, 0);

	if (size < 0) {
		fact_absent(reader, "host_dmesg", size);
		return;
	}
	fact_begin(reader, "host_dmesg");
	writer_text(&reader->out, "readable, ");
	writer_number(&reader->out, (uint64_t)size / 1024);
	writer_text(&reader->out, " KiB");
	fact_identity(reader);
	fact_end(reader);
}

void fact_sysctl_write(struct fact_reader *reader)
{
	/* Opening for writing asks for the permission; nothing is written. */
	long fd = call4(__NR_openat, FD_HERE, "/proc/sys/vm/swappiness",
			02000001 /* O_WRONLY | O_CLOEXEC */, 0);

	if (fd < 0) {
		fact_absent(reader, "sysctl_write", fd);
		return;
	}
	call1(__NR_close, fd);
	fact_begin(reader, "sysctl_write");
	writer_text(&reader->out, "may write /proc/sys/vm");
	fact_identity(reader);
	fact_end(reader);
}

void fact_module_load(struct fact_reader *reader)
{
	/* The right to load is checked before the descriptor, which is none: EBADF = would have
	 * been tried. */
	long r = call3(__NR_finit_module, -1, nowhere, 0);

	if (r != -EBADF && r != -EFAULT) {
		fact_absent(reader, "module_load", r);
		return;
	}
	fact_begin(reader, "module_load");
	writer_text(&reader->out, "may load modules");
	fact_identity(reader);
	fact_end(reader);
}

void fact_hypervisor_seen(struct fact_reader *reader)
{
	/* On some hosts CPUID is answered by the processor itself, whatever the VMM told KVM: then
	 * a VM sees what its host sees. */
	uint32_t registers[4];
	char signature[13];

	cpu_identify(1, registers);
	fact_begin(reader, "hypervisor_seen");
	if (!(registers[2] >> 31)) {
		writer_text(&reader->out, "no\tcpuid:none");
		fact_end(reader);
		return;
	}
	cpu_identify(0x40000000, registers);
	memcpy(signature, &registers[1], 12);
	for (int at = 0; at < 12; at++)
		if (signature[at] < ' ' || signature[at] > '~')
			signature[at] = '.';
	signature[12] = 0;
	writer_text(&reader->out, "yes, '");
	writer_text(&reader->out, signature);
	writer_text(&reader->out, "'\tcpuid:");
	writer_text(&reader->out, signature);
	writer_hex(&reader->out, registers[0], 8);
	fact_end(reader);
}
