/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_X86_H
#define ISOLAB_TINY_X86_H
/* x86: the instructions that C has no words for; all of them may be executed at ring 3. */
#include <stdint.h>

static inline uint64_t x86_read_tsc(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

struct x86_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct x86_cpuid x86_read_cpuid(uint32_t leaf, uint32_t part)
{
	struct x86_cpuid r;
	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(part));
	return r;
}

static inline void x86_fxsave(void *area)
{
	__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static inline void x86_fxrstor(const void *area)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

static inline void x86_xsave(void *area, uint64_t parts)
{
	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(area), "a"((uint32_t)parts), "d"((uint32_t)(parts >> 32))
			 : "memory");
}

static inline void x86_xrstor(const void *area, uint64_t parts)
{
	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(area), "a"((uint32_t)parts), "d"((uint32_t)(parts >> 32))
			 : "memory");
}

static inline uint64_t x86_xgetbv(void)
{
	uint32_t low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

#endif
