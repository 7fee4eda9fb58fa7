/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A processor as Linux expects it at its 64-bit entry: the features that this host's KVM can give
 * (KVM_GET_SUPPORTED_CPUID), long mode with every address mapped to itself, the local APIC wired
 * as a PC's. The other processors wait in their reset state for the kernel's INIT and STARTUP
 * messages, which KVM's own local APICs pass on. Documentation/virt/kvm/api.rst; Intel SDM vol. 3,
 * chapters 9 and 11.
 */
#include <asm/processor-flags.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fd.h"
#include "linux.h"
#include "pvh.h"

/* Pages of the address space that KVM itself wants on some processors: nothing else is there. */
#define TSS_ADDRESS          0xfffbd000u
#define IDENTITY_MAP_ADDRESS 0xfffbc000u
/* Leaf 1, ecx: KVM's own leaves follow, with the clock that Linux then uses. */
#define FEATURE_HYPERVISOR (1u << 31)

enum {
	LEAVES_MAX = 256,
	FEATURE_TSC_DEADLINE = 1 << 24, /* leaf 1, ecx: KVM has it whatever the host is */
	APIC_LVT0 = 0x350,
	APIC_LVT1 = 0x360,
	APIC_EXTERNAL = 0x700,
	APIC_NMI = 0x400,
	EFER_LONG_MODE = 1 << 8 | 1 << 10,
	MSR_MISC_ENABLE = 0x1a0,
	MSR_MTRR_DEFAULT = 0x2ff,
	MTRR_WRITE_BACK = 1 << 11 | 6,
};

int linux_cpu_create_chips(struct vm *vm, struct err *e)
{
	uint64_t identity = IDENTITY_MAP_ADDRESS;
	struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};

	if (ioctl(vm->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDRESS) < 0 ||
	    ioctl(vm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0)
		return err_sys(e, errno, "reserve KVM's own pages in the machine");
	if (ioctl(vm->vm_fd, KVM_CREATE_IRQCHIP, 0) < 0 ||
	    ioctl(vm->vm_fd, KVM_CREATE_PIT2, &pit) < 0)
		return err_sys(e, errno, "create the machine's interrupt controllers and timer");
	return 0;
}

static int set_features(struct vm *vm, const struct processor *processor, struct err *e)
{
	auto_free struct kvm_cpuid2 *cpuid =
	    calloc(1, sizeof(*cpuid) + LEAVES_MAX * sizeof(cpuid->entries[0]));

	if (!cpuid)
		return err_sys(e, ENOMEM, "set the processor's features");
	cpuid->nent = LEAVES_MAX;
	if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		return err_sys(e, errno, "ask for the processor's features");
	for (unsigned i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *leaf = &cpuid->entries[i];
		if (leaf->function == 1) {
			leaf->ecx |= FEATURE_TSC_DEADLINE | FEATURE_HYPERVISOR;
			leaf->ebx = (leaf->ebx & 0xffff) | processor->index << 24 |
				    processor->machine->processor_count << 16;
		}
		if (leaf->function == 0xb || leaf->function == 0x1f)
			leaf->edx = processor->index;
	}
	if (ioctl(processor->fd, KVM_SET_CPUID2, cpuid) < 0)
		return err_sys(e, errno, "set the processor's features");
	return 0;
}

static int set_special(const struct processor *processor, bool is_pvh, struct err *e)
{
	struct kvm_segment code = {.limit = 0xffffffff,
				   .selector = LINUX_CODE_SELECTOR,
				   .type = 11,
				   .present = 1,
				   .s = 1,
				   .l = 1,
				   .g = 1};
	const struct kvm_segment data = {.limit = 0xffffffff,
					 .selector = LINUX_DATA_SELECTOR,
					 .type = 3,
					 .present = 1,
					 .s = 1,
					 .db = 1,
					 .g = 1};
	struct kvm_sregs special;

	if (ioctl(processor->fd, KVM_GET_SREGS, &special) < 0)
		return err_sys(e, errno, "read the processor's control registers");
	code.l = !is_pvh;
	code.db = is_pvh;
	special.cs = code;
	special.ds = special.es = special.fs = special.gs = special.ss = data;
	special.gdt.base = LINUX_GDT;
	special.gdt.limit = 4 * 8 - 1;
	special.cr0 = X86_CR0_PE | X86_CR0_ET;
	if (!is_pvh) {
		special.cr0 |= X86_CR0_NE | X86_CR0_PG;
		special.cr3 = LINUX_PAGE_TABLES;
		special.cr4 = X86_CR4_PAE;
		special.efer = EFER_LONG_MODE;
	}
	if (ioctl(processor->fd, KVM_SET_SREGS, &special) < 0)
		return err_sys(e, errno, "set the processor's control registers");
	return 0;
}

static int set_general(const struct processor *processor, const struct linux_image *image,
		       struct err *e)
{
	struct kvm_regs general = {.rip = image->entry,
				   .rflags = X86_EFLAGS_FIXED,
				   .rsi = LINUX_BOOT_PARAMS,
				   .rbx = PVH_START_INFO};
	struct kvm_fpu fpu = {.fcw = 0x37f, .mxcsr = 0x1f80};
	/* a struct kvm_msrs with its entries, whose array has no length in the header */
	struct {
		__u32 count, padding;
		struct kvm_msr_entry entries[2];
	} msrs = {.count = 2,
		  .entries = {{.index = MSR_MISC_ENABLE, .data = 1},
			      {.index = MSR_MTRR_DEFAULT, .data = MTRR_WRITE_BACK}}};

	if (ioctl(processor->fd, KVM_SET_REGS, &general) < 0 ||
	    ioctl(processor->fd, KVM_SET_FPU, &fpu) < 0 ||
	    ioctl(processor->fd, KVM_SET_MSRS, &msrs) < 0)
		return err_sys(e, errno, "set the processor's registers");
	return 0;
}

/* What the PC's two old interrupt lines are wired to. */
static int set_local_apic(const struct processor *processor, struct err *e)
{
	struct kvm_lapic_state apic;
	const uint32_t lvt0 = APIC_EXTERNAL, lvt1 = APIC_NMI;

	if (ioctl(processor->fd, KVM_GET_LAPIC, &apic) < 0)
		return err_sys(e, errno, "read the local APIC");
	memcpy(apic.regs + APIC_LVT0, &lvt0, sizeof(lvt0));
	memcpy(apic.regs + APIC_LVT1, &lvt1, sizeof(lvt1));
	if (ioctl(processor->fd, KVM_SET_LAPIC, &apic) < 0)
		return err_sys(e, errno, "set the local APIC");
	return 0;
}

int linux_cpu_reset(struct vm *vm, const struct processor *processor,
		    const struct linux_image *image, struct err *e)
{
	int r = set_features(vm, processor, e);

	if (r == 0)
		r = set_local_apic(processor, e);
	if (r < 0 || processor->index > 0)
		return r;
	r = set_special(processor, image->is_pvh, e);
	return r < 0 ? r : set_general(processor, image, e);
}
