/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The virtual CPU's state before the first instruction (abi.h, "Entry state"), as const tables.
 * Order matters: CPUID first, since KVM refuses EFER bits that CPUID does not announce. The CPUID
 * is a fixed baseline that every x86-64 host has, instead of the host's own set: asking for that
 * (KVM_GET_SUPPORTED_CPUID) takes longer than all the rest of the start. Intel SDM vol. 3, 2.5
 * and 4.5.
 */
#include <asm/processor-flags.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vm.h"

enum { EFER_SCE = 1 << 0, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11 };

/* Where a processor begins after a reset: SDM vol. 3, 9.1.4. */
enum { RESET_RIP = 0xfff0 };
#define RESET_BASE 0xffff0000u

/* Leaf 1: FPU TSC MSR PAE CX8 PGE CMOV CLFLUSH MMX FXSR SSE SSE2; hypervisor. */
#define LEAF1_EDX                                                                           \
	(1u << 0 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 8 | 1u << 13 | 1u << 15 | 1u << 19 | \
	 1u << 23 | 1u << 24 | 1u << 25 | 1u << 26)
#define LEAF1_ECX (1u << 31)
/* Leaf 0x80000001: SYSCALL, NX, LM; LAHF. */
#define LEAF_EXTENDED_EDX (1u << 11 | 1u << 20 | 1u << 29)
#define LEAF_EXTENDED_ECX (1u << 0)

/* A vendor must be named, since KVM derives from it how SYSCALL behaves; the host's own fits. */
static void vendor(struct kvm_cpuid_entry2 *leaf)
{
	uint32_t most;
	__asm__("cpuid"
		: "=a"(most), "=b"(leaf->ebx), "=c"(leaf->ecx), "=d"(leaf->edx)
		: "a"(0), "c"(0));
}

/* The last leaf is left out where KVM runs without the processor's help: ring 3 reads the host's
 * CPUID there whatever is set, ring 0 asks for nothing, and this leaf makes the call five times as
 * long (105 µs instead of 20). */
static int set_cpuid(struct vm *vm, struct err *e)
{
	/* a struct kvm_cpuid2 with its entries, whose array has no length in the header */
	struct {
		__u32 nent, padding;
		struct kvm_cpuid_entry2 leaves[6];
	} cpuid = {
	    .nent = strcmp(kvm_acceleration(vm), "kvm-pvm") == 0 ? 5 : 6,
	    .leaves =
		{
		    {.function = 0, .eax = 1},
		    /* "isolabisolab" */
		    {.function = 0x40000000,
		     .eax = 0x40000000,
		     .ebx = 0x6c6f7369,
		     .ecx = 0x73696261,
		     .edx = 0x62616c6f},
		    {.function = 0x80000000, .eax = 0x80000008},
		    {.function = 0x80000001, .ecx = LEAF_EXTENDED_ECX, .edx = LEAF_EXTENDED_EDX},
		    {.function = 0x80000008, .eax = 48 << 8 | 40}, /* address bits */
		    {.function = 1, .eax = 0x600, .ebx = 0x800, .ecx = LEAF1_ECX, .edx = LEAF1_EDX},
		},
	};
	vendor(&cpuid.leaves[0]);
	if (ioctl(vm->vcpu.fd, KVM_SET_CPUID2, &cpuid) < 0)
		return err_sys(e, errno, "set the virtual CPU's features (KVM_SET_CPUID2)");
	return 0;
}

/* Flat 64-bit segments of ring 0. Selectors are those of the GDT that the kernel will load. */
static const struct kvm_segment code = {
    .limit = 0xffffffff,
    .selector = 0x08,
    .type = 11,
    .present = 1,
    .s = 1,
    .l = 1,
    .g = 1,
};
static const struct kvm_segment data = {
    .limit = 0xffffffff,
    .selector = 0x10,
    .type = 3,
    .present = 1,
    .s = 1,
    .db = 1,
    .g = 1,
};
/* The processor insists on a busy task register; the kernel loads its own before it needs one. */
static const struct kvm_segment task = {.limit = 0x67, .type = 11, .present = 1};
static const struct kvm_segment none = {.unusable = 1, .type = 2};

int cpu_reset(struct vm *vm, uint64_t entry, struct err *e)
{
	struct kvm_sregs special = {
	    .cs = code,
	    .ds = data,
	    .es = data,
	    .fs = data,
	    .gs = data,
	    .ss = data,
	    .tr = task,
	    .ldt = none,
	    .cr0 = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_PG,
	    .cr3 = VM_GPA_PML4,
	    .cr4 = X86_CR4_PAE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT,
	    .efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
	    .apic_base = 0xfee00900, /* as after reset; there is no APIC behind it */
	    /* not set here: gdt and idt (limit 0), cr2, cr8, interrupt_bitmap */
	};
	struct kvm_regs general = {
	    .rip = entry,
	    .rflags = X86_EFLAGS_FIXED,
	    .rdi = VM_GPA_DEVICETREE,
	};
	int r = set_cpuid(vm, e);
	if (r < 0)
		return r;
	if (ioctl(vm->vcpu.fd, KVM_SET_SREGS, &special) < 0)
		return err_sys(e, errno, "set the virtual CPU's control registers");
	if (ioctl(vm->vcpu.fd, KVM_SET_REGS, &general) < 0)
		return err_sys(e, errno, "set the virtual CPU's registers");
	return 0;
}

uint64_t cpu_tsc_hz(const struct vm *vm)
{
	int khz = ioctl(vm->vcpu.fd, KVM_GET_TSC_KHZ, 0);
	return khz > 0 ? (uint64_t)khz * 1000 : 0;
}

char *cpu_describe(int processor_fd, char *buffer, size_t size)
{
	struct kvm_regs general;
	struct kvm_sregs special;
	if (ioctl(processor_fd, KVM_GET_REGS, &general) < 0 ||
	    ioctl(processor_fd, KVM_GET_SREGS, &special) < 0)
		snprintf(buffer, size, "at an unknown place");
	else if (general.rip == RESET_RIP && special.cs.base == RESET_BASE)
		/* shut down, an AMD processor keeps no state: KVM has reset it (svm.c) */
		snprintf(buffer, size, "at a place that this processor does not keep");
	else
		snprintf(buffer, size, "at rip 0x%llx, ring %u, rsp 0x%llx, cr2 0x%llx",
			 general.rip, special.ss.dpl, general.rsp, special.cr2);
	return buffer;
}
