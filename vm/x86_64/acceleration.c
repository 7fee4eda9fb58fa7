/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which kind of KVM this is, for the label that every figure carries, and why there may be none. It
 * decides nothing: whether guests run is found by running one. CPUID: leaf 1 ECX bit 5 VMX, bit 31
 * "there is a hypervisor"; leaf 0x80000001 ECX bit 2 SVM. In a virtual machine each CPUID is an
 * exit, so no leaf is asked for twice.
 */
#include <cpuid.h>
#include <unistd.h>

#include "vm.h"

enum { HAS_VMX = 1 << 5, HAS_SVM = 1 << 2 };
#define IS_GUEST (1u << 31)

static const char *find_acceleration(void)
{
	uint32_t eax, ebx, ecx, edx, extended_ecx = 0;

	if (access("/sys/module/kvm_pvm", F_OK) == 0)
		return "kvm-pvm";
	__cpuid(1, eax, ebx, ecx, edx);
	if (!(ecx & HAS_VMX))
		__get_cpuid(0x80000001, &eax, &ebx, &extended_ecx, &edx);
	if (!(ecx & HAS_VMX) && !(extended_ecx & HAS_SVM))
		return "kvm-pvm"; /* KVM works without the processor's help */
	return ecx & IS_GUEST ? "kvm-nested" : "kvm";
}

const char *kvm_acceleration(struct vm *vm)
{
	if (!vm->acceleration)
		vm->acceleration = find_acceleration();
	return vm->acceleration;
}

const char *kvm_absence_hint(const struct kvm_absence *absence)
{
	if (absence->is_in_kernel)
		return "the kernel has KVM, but not in sight here: in a container, pass the device "
		       "in (docker run --device /dev/kvm); else: sudo mknod /dev/kvm c 10 232";
	if (absence->has_vmx)
		return "the processor can do it: load the module (sudo modprobe kvm_intel); if it "
		       "refuses, switch on VT-x in the BIOS";
	if (absence->has_svm)
		return "the processor can do it: load the module (sudo modprobe kvm_amd); if it "
		       "refuses, switch on SVM in the BIOS";
	if (absence->is_guest)
		return "this machine is a virtual machine itself: switch on nested virtualisation "
		       "in the one around it, then load the module (sudo modprobe kvm_intel, or "
		       "kvm_amd)";
	return "switch on VT-x (Intel) or SVM (AMD) in the BIOS, then load the module (sudo "
	       "modprobe kvm_intel, or kvm_amd)";
}

void kvm_absence_find(struct kvm_absence *ret)
{
	uint32_t eax, ebx, ecx = 0, edx, extended_ecx = 0;

	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	__get_cpuid(0x80000001, &eax, &ebx, &extended_ecx, &edx);
	*ret = (struct kvm_absence){
	    .is_in_kernel = access("/sys/class/misc/kvm", F_OK) == 0,
	    .has_vmx = ecx & HAS_VMX,
	    .has_svm = extended_ecx & HAS_SVM,
	    .is_guest = ecx & IS_GUEST,
	};
}
