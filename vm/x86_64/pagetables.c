/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The page tables the guest starts with (abi.h, "Page tables"): all RAM at VM_WINDOW, the first 2
 * MiB in small pages so that the kernel's text can be read-only and everything else not
 * executable. Written here at native speed; the kernel keeps them as its half of every address
 * space. Intel SDM vol. 3, 4.5.
 */
#include <elf.h>
#include <errno.h>

#include "vm.h"

enum {
	PRESENT = 1 << 0,
	WRITABLE = 1 << 1,
	USER = 1 << 2,
	ACCESSED = 1 << 5, /* set already: the processor need not write to the table */
	DIRTY = 1 << 6,
	LARGE = 1 << 7,
	ENTRIES = 512,
	SMALL_PAGE_SHIFT = 12,
	LARGE_PAGE_SHIFT = 21,
};
#define NO_EXECUTE (1ull << 63)

/* The leaf for one small page: RAM is data unless a segment of the kernel says otherwise. */
static uint64_t small_page(const struct layout *layout, uint64_t gpa)
{
	uint64_t entry = gpa | PRESENT | USER | ACCESSED | DIRTY;
	for (unsigned i = 0; i < layout->segment_count; i++) {
		const struct segment *segment = &layout->segments[i];
		if (gpa < segment->start || gpa >= segment->end)
			continue;
		entry |= segment->flags & PF_W ? WRITABLE : 0;
		return entry | (segment->flags & PF_X ? 0 : NO_EXECUTE);
	}
	return entry | WRITABLE | NO_EXECUTE;
}

int pagetables_build(struct vm *vm, struct err *e)
{
	uint64_t *pml4 = memory_at(&vm->memory, VM_GPA_PML4, MEMORY_PAGE);
	uint64_t *pdpt = memory_at(&vm->memory, VM_GPA_PDPT, MEMORY_PAGE);
	uint64_t *pd = memory_at(&vm->memory, VM_GPA_PD, 2 * MEMORY_PAGE);
	uint64_t *pt = memory_at(&vm->memory, VM_GPA_PT, MEMORY_PAGE);
	if (!pml4 || !pdpt || !pd || !pt)
		return err_set(e, ENOMEM, "the boot page tables do not fit the guest's memory");
	const uint64_t table = PRESENT | WRITABLE | USER | ACCESSED;
	pml4[ENTRIES - 1] = VM_GPA_PDPT | table; /* programs get a PML4 without the user bit here */
	pdpt[ENTRIES - 2] = VM_GPA_PD | table;
	pdpt[ENTRIES - 1] = (VM_GPA_PD + MEMORY_PAGE) | table;
	pd[0] = VM_GPA_PT | table;
	for (uint64_t i = 1; i << LARGE_PAGE_SHIFT < vm->memory.size; i++)
		pd[i] = i << LARGE_PAGE_SHIFT | table | DIRTY | LARGE | NO_EXECUTE;
	for (uint64_t i = 1; i < ENTRIES; i++) /* page 0 stays unmapped */
		pt[i] = small_page(&vm->layout, i << SMALL_PAGE_SHIFT);
	return 0;
}
