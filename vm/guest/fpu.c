/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fpu: the registers of SSE and what came after it. The kernel itself never uses them
 * (-mgeneral-regs-only), so they stay as they are until another task runs, and are only then
 * exchanged.
 *
 * How much there is depends: the monitor's baseline has SSE, for which FXSAVE is made. But where
 * the guest's ring 3 runs on the bare processor it sees AVX too, whatever was configured, and a
 * program may use it. We ask as a program would, at ring 3.
 */
#include "kernel.h"
#include "string.h"
#include "x86.h"

enum { CPUID_FEATURES = 1, CPUID_XSAVE = 0xd, HAS_OSXSAVE = 1 << 27 };

/* x87, SSE, AVX, AVX-512: what fits a frame. */
static const uint64_t known_parts = 0xe7;

void fpu_init(void)
{
	if (!(x86_read_cpuid(CPUID_FEATURES, 0).ecx & HAS_OSXSAVE))
		return;
	if (x86_read_cpuid(CPUID_XSAVE, 0).ebx <= PAGE_BYTES)
		kernel.fpu_parts = x86_xgetbv();
	else
		kernel.fpu_parts = x86_xgetbv() & known_parts;
}

/* What a program finds at its start, in the layout of FXSAVE and XSAVE: no exceptions of x87 and
 * SSE, all else zero. */
static const struct {
	uint16_t control_word;
	uint16_t unused[11];
	uint32_t mxcsr;
	uint8_t zeros[PAGE_BYTES / 4];
} initial __attribute__((aligned(64))) = {.control_word = 0x37f, .mxcsr = 0x1f80};

static void save(struct task *task)
{
	if (kernel.fpu_parts)
		x86_xsave(task->fpu, kernel.fpu_parts);
	else
		x86_fxsave(task->fpu);
	task->is_fpu_saved = true;
}

void fpu_take(struct task *task)
{
	if (kernel.fpu_owner == task)
		return;
	if (kernel.fpu_owner)
		save(kernel.fpu_owner);
	const void *area = task->is_fpu_saved ? task->fpu : (const void *)&initial;
	if (kernel.fpu_parts)
		x86_xrstor(area, kernel.fpu_parts);
	else
		x86_fxrstor(area);
	kernel.fpu_owner = task;
}
