/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_MEMORY_H
#define ISOLAB_VM_MEMORY_H
/*
 * memory: the guest's RAM, and the only way to reach it.
 *
 * The guest is hostile: every address and length it names is checked here against the slot. What
 * a decision depends on is copied out first (memory_read), so that it can't change between the
 * check and the use; memory_at() is for bulk bytes that are only passed on, and for what the
 * monitor itself writes.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct memory {
	uint8_t *host; /* where the RAM lies in the monitor; NULL = none */
	uint64_t size; /* one slot, from gpa 0 */
	int fd;        /* shared RAM: the sealed memfd that it is; -1: it is this process's own */
};

/* Reserves `size` bytes (a multiple of 4096) of zeroed RAM; untouched pages cost nothing. 0 or
 * -errno. */
int memory_init(struct memory *memory, uint64_t size, struct err *e);
/* The same for a machine that will touch most of it: in pages of 2 MiB where the host has them, so
 * that neither it nor KVM has to find each of 4 KiB. */
int memory_init_huge(struct memory *memory, uint64_t size, struct err *e);
/* The same as a memfd, which may be handed to who serves a device's queues in our place. Its size
 * is sealed, so nobody can cut it from under us. */
int memory_init_shared(struct memory *memory, uint64_t size, struct err *e);
/* Unmaps it. Fine on a zeroed struct. */
void memory_finish(struct memory *memory);

/* The host address of [gpa, gpa + length), or NULL when that is not all RAM. */
void *memory_at(const struct memory *memory, uint64_t gpa, uint64_t length);
/* Copies out of, or into, the guest. 0 or -EFAULT. */
int memory_read(const struct memory *memory, uint64_t gpa, void *to, size_t length);
int memory_write(const struct memory *memory, uint64_t gpa, const void *from, size_t length);

/*
 * Lays `length` bytes of the file from `offset` over the RAM at `gpa` (gpa and offset on page
 * boundaries), privately: the guest may write, the file never changes, pages nobody writes are
 * shared with everybody who maps it. Shared RAM gets a copy: a mapping over it would be ours alone.
 * 0 or -errno.
 */
int memory_map_file(struct memory *memory, uint64_t gpa, int fd, uint64_t offset, uint64_t length,
		    struct err *e);

enum { MEMORY_PAGE = 4096, MEMORY_HUGE_PAGE = 2 << 20 };
/* Up to the next page boundary. */
static inline uint64_t memory_page_up(uint64_t value)
{
	return (value + MEMORY_PAGE - 1) & ~(uint64_t)(MEMORY_PAGE - 1);
}

#endif
