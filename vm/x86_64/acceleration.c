/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which kind of KVM this is, for the label that every figure carries. It decides nothing: whether
 * guests run is found by running one. CPUID: leaf 1 ECX bit 5 VMX, bit 31 "there is a
 * hypervisor"; leaf 0x80000001 ECX bit 2 SVM.
 */
#include <cpuid.h>
#include <unistd.h>

#include "vm.h"

enum { HAS_VMX = 1 << 5, HAS_SVM = 1 << 2 };
#define IS_GUEST (1u << 31)

const char *kvm_acceleration(void)
{
	uint32_t eax, ebx, ecx = 0, edx, extended_ecx = 0;
	if (access("/sys/module/kvm_pvm", F_OK) == 0)
		return "kvm-pvm";
	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	__get_cpuid(0x80000001, &eax, &ebx, &extended_ecx, &edx);
	if (!(ecx & HAS_VMX) && !(extended_ecx & HAS_SVM))
		return "kvm-pvm"; /* KVM works without the processor's help */
	return ecx & IS_GUEST ? "kvm-nested" : "kvm";
}
