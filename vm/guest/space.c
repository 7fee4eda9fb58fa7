/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * space: four levels of tables with 512 entries each; nine bits of the address choose an entry of
 * each level, the last twelve are the place in the page (Intel SDM vol. 3, 4.5). Rights are in the
 * last level only; the upper ones allow everything to ring 3.
 *
 * A page without rights (PROT_NONE) stays in its table without the present bit: the processor does
 * not look at the rest of such an entry, and we see by its frame that it is taken.
 */
#include "space.h"

#include <asm/errno.h>
#include <stddef.h>

#include "memlayout.h"
#include "string.h"

enum { ENTRIES = 512, TOP_SHIFT = 39, PAGE_SHIFT = 12, LEVEL_BITS = 9, TABLE_BYTES = 0x200000 };

static const uint64_t table_flags = PAGE_PRESENT | PAGE_WRITE | PAGE_USER | PAGE_ACCESSED |
				    PAGE_DIRTY;

static uint64_t *entry_of(const struct space *space, uint64_t table, uint64_t address, int shift)
{
	uint64_t *entries = frames_address(space->frames, table & PAGE_FRAME);
	return &entries[address >> shift & (ENTRIES - 1)];
}

/* The entry of a page, or NULL if a table on the way is missing. */
static uint64_t *find_entry(const struct space *space, uint64_t address)
{
	uint64_t table = space->pml4;
	if (address >= USER_END)
		return NULL;
	for (int shift = TOP_SHIFT; shift > PAGE_SHIFT; shift -= LEVEL_BITS) {
		table = *entry_of(space, table, address, shift);
		if (!table)
			return NULL;
	}
	return entry_of(space, table, address, PAGE_SHIFT);
}

/* The same, and makes the missing tables. NULL: no memory. */
static uint64_t *make_entry(struct space *space, uint64_t address)
{
	uint64_t table = space->pml4;
	for (int shift = TOP_SHIFT; shift > PAGE_SHIFT; shift -= LEVEL_BITS) {
		uint64_t *entry = entry_of(space, table, address, shift);
		if (!*entry) {
			uint64_t frame = frames_take(space->frames, space->owner);
			if (!frame)
				return NULL;
			frames_touch(space->frames, frame);
			*entry = frame | table_flags;
		}
		table = *entry;
	}
	return entry_of(space, table, address, PAGE_SHIFT);
}

static uint64_t flags_of(unsigned rights)
{
	uint64_t flags = PAGE_USER | PAGE_ACCESSED;
	if (rights)
		flags |= PAGE_PRESENT;
	if (rights & SPACE_WRITE)
		flags |= PAGE_WRITE | PAGE_DIRTY;
	if (!(rights & SPACE_EXECUTE))
		flags |= PAGE_NX;
	return flags;
}

int space_create(struct space *space, uint64_t gate_gpa)
{
	enum { WINDOW = 511 };
	space->pml4 = frames_take(space->frames, space->owner);
	if (!space->pml4)
		return -ENOMEM;
	uint64_t *entries = frames_address(space->frames, space->pml4);
	entries[WINDOW] = VM_GPA_PDPT | (table_flags & ~(uint64_t)PAGE_USER);
	return space_map(space, GATE, gate_gpa, SPACE_READ | SPACE_EXECUTE);
}

int space_map(struct space *space, uint64_t address, uint64_t gpa, unsigned rights)
{
	uint64_t *entry = address < USER_END ? make_entry(space, address) : NULL;
	if (!entry)
		return -ENOMEM;
	if (*entry)
		return -EEXIST;
	*entry = gpa | flags_of(rights);
	return 0;
}

int space_map_new(struct space *space, uint64_t address, unsigned rights)
{
	uint64_t frame = frames_take(space->frames, space->owner);
	if (!frame)
		return -ENOMEM;
	int r = space_map(space, address, frame, rights);
	if (r < 0)
		frames_give(space->frames, space->owner, frame);
	return r;
}

/* The next page to look at: a missing table is a hole of 2 MiB at least. */
static uint64_t next_page(uint64_t address, const uint64_t *entry)
{
	return entry ? address + PAGE_BYTES : (address | (TABLE_BYTES - 1)) + 1;
}

void space_unmap(struct space *space, uint64_t from, uint64_t to)
{
	uint64_t *entry;
	for (; from < to; from = next_page(from, entry)) {
		entry = find_entry(space, from);
		if (!entry || !*entry)
			continue;
		frames_give(space->frames, space->owner, *entry & PAGE_FRAME);
		*entry = 0;
	}
}

int space_protect(struct space *space, uint64_t address, unsigned rights)
{
	uint64_t *entry = find_entry(space, address);
	if (!entry || !*entry)
		return -ENOMEM;
	uint64_t gpa = *entry & PAGE_FRAME;
	if ((rights & SPACE_WRITE) && !frames_is_owned(space->frames, space->owner, gpa))
		return -EACCES;
	*entry = gpa | flags_of(rights);
	return 0;
}

uint64_t space_look_up(const struct space *space, uint64_t address, bool is_write)
{
	const uint64_t *entry = find_entry(space, address);
	if (!entry || !(*entry & PAGE_PRESENT) || (is_write && !(*entry & PAGE_WRITE)))
		return 0;
	return (*entry & PAGE_FRAME) + address % PAGE_BYTES;
}

uint64_t space_find_hole(const struct space *space, uint64_t from, uint64_t end, uint64_t pages)
{
	uint64_t start = from, address = from;
	while (address < end) {
		if (address - start >= pages * PAGE_BYTES)
			return start;
		const uint64_t *entry = find_entry(space, address);
		if (entry && *entry)
			start = address + PAGE_BYTES;
		address = next_page(address, entry);
	}
	return end - start >= pages * PAGE_BYTES && start < end ? start : 0;
}

/* Calls for each piece of the range that lies in one page. */
static int copy(const struct space *space, uint64_t address, char *data, uint64_t length,
		bool is_write)
{
	while (length) {
		uint64_t gpa = space_look_up(space, address, is_write);
		uint64_t size = PAGE_BYTES - address % PAGE_BYTES;
		if (!gpa)
			return -EFAULT;
		if (size > length)
			size = length;
		if (is_write)
			memcpy(frames_address(space->frames, gpa), data, size);
		else
			memcpy(data, frames_address(space->frames, gpa), size);
		address += size, data += size, length -= size;
	}
	return 0;
}

int space_write(const struct space *space, uint64_t address, const void *data, uint64_t length)
{
	return copy(space, address, (char *)data, length, true); /* NOLINT: read only, then */
}

int space_read(const struct space *space, uint64_t address, void *data, uint64_t length)
{
	return copy(space, address, data, length, false);
}

int64_t space_read_text(const struct space *space, uint64_t address, char *text, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++) {
		uint64_t gpa = space_look_up(space, address + i, false);
		if (!gpa)
			return -EFAULT;
		text[i] = *(const char *)frames_address(space->frames, gpa);
		if (!text[i])
			return (int64_t)i;
	}
	return -ENAMETOOLONG;
}
