/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_INSIDE_SYSCALL_H
#define ISOLAB_INSIDE_SYSCALL_H
/* How a program asks the kernel on x86-64: number in RAX, arguments in RDI RSI RDX R10 R8 R9,
 * result (or -errno) in RAX; the instruction itself spoils RCX and R11 (System V ABI, appendix
 * A.2). */
#include <asm/unistd_64.h>
#include <stdint.h>

static inline long syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* CPUID: what the processor says about itself. */
static inline void cpu_identify(uint32_t leaf, uint32_t registers[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]),
			   "=d"(registers[3])
			 : "a"(leaf), "c"(0));
}

#endif
