/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory: brk and mmap. A task gets frames at once, not at its first touch: the frames are zero
 * already and mapping one is a few native instructions, a page fault would be many at ring 0. The
 * monitor's RAM itself is only touched when the task touches it. So there is no overcommitment:
 * what does not fit is refused here.
 */
#include <asm/errno.h>
#include <asm/mman.h>

#include "calls.h"

static uint64_t page_up(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* New pages for [from, to): all or none. */
static int map(struct space *space, uint64_t from, uint64_t to, unsigned rights)
{
	if ((to - from) / PAGE_BYTES > space->frames->free)
		return -ENOMEM;
	for (uint64_t address = from; address < to; address += PAGE_BYTES) {
		int r = space_map_new(space, address, rights);
		if (r < 0) {
			space_unmap(space, from, address);
			return r;
		}
	}
	return 0;
}

int64_t call_brk(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	uint64_t wanted = frame->rdi, old = page_up(task->heap_end);
	if (wanted < task->heap_start || wanted > GATE)
		return (int64_t)
		    task->heap_end; /* as Linux: the old end says that it did not work */
	if (page_up(wanted) > old &&
	    map(&space, old, page_up(wanted), SPACE_READ | SPACE_WRITE) < 0)
		return (int64_t)task->heap_end;
	space_unmap(&space, page_up(wanted), old);
	task->heap_end = wanted;
	return (int64_t)wanted;
}

/* A range that mmap's relatives may work on: below the gate or in the area of mmap. */
static bool is_range(uint64_t address, uint64_t length)
{
	if (address % PAGE_BYTES || !length || address < USER_BASE || address >= USER_END ||
	    length > USER_END - address)
		return false;
	return address >= MAP_BASE || (address < GATE && length <= GATE - address);
}

int64_t call_mmap(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	uint64_t address = frame->rdi, length = page_up(frame->rsi), flags = frame->r10;
	unsigned rights = frame->rdx & (SPACE_READ | SPACE_WRITE | SPACE_EXECUTE);
	if (!frame->rsi || length < frame->rsi)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS))
		return -ENODEV; /* files cannot be mapped here */
	if (length / PAGE_BYTES > space.frames->free)
		return -ENOMEM;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!is_range(address, length))
			return address % PAGE_BYTES ? -EINVAL : -ENOMEM;
		if (flags & MAP_FIXED)
			space_unmap(&space, address, address + length);
	} else {
		address = space_find_hole(&space, MAP_BASE, USER_END, length / PAGE_BYTES);
		if (!address)
			return -ENOMEM;
	}
	int r = map(&space, address, address + length, rights);
	return r < 0 ? r : (int64_t)address;
}

int64_t call_munmap(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	uint64_t length = page_up(frame->rsi);
	if (!is_range(frame->rdi, length))
		return -EINVAL;
	space_unmap(&space, frame->rdi, frame->rdi + length);
	return 0;
}

int64_t call_mprotect(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	uint64_t address = frame->rdi, length = page_up(frame->rsi);
	unsigned rights = frame->rdx & (SPACE_READ | SPACE_WRITE | SPACE_EXECUTE);
	if (address % PAGE_BYTES)
		return -EINVAL;
	if (!length)
		return 0;
	if (!is_range(address, length))
		return -ENOMEM;
	for (uint64_t end = address + length; address < end; address += PAGE_BYTES) {
		int r = space_protect(&space, address, rights);
		if (r < 0)
			return r;
	}
	return 0;
}
