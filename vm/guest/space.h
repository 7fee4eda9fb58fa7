/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_SPACE_H
#define ISOLAB_TINY_SPACE_H
/*
 * space: an address space, that is a tree of page tables. Built at ring 3: a table is memory like
 * any other until CR3 points at it. A change to the tables of a waiting task needs no flush: its
 * CR3 is loaded again before it runs.
 */
#include <stdbool.h>
#include <stdint.h>

#include "frames.h"

struct space {
	struct frames *frames;
	uint64_t pml4;
	uint8_t owner; /* of its tables and pages */
};

enum { SPACE_READ = 1, SPACE_WRITE = 2, SPACE_EXECUTE = 4 }; /* as PROT_* */

/* Makes an empty one: the window for ring 0, the gate (the gpa of its page). -ENOMEM. */
int space_create(struct space *space, uint64_t gate_gpa);
/* Maps the page at `address`. -ENOMEM; -EEXIST: there is one already. */
int space_map(struct space *space, uint64_t address, uint64_t gpa, unsigned rights);
/* The same with a new frame of zeros. */
int space_map_new(struct space *space, uint64_t address, unsigned rights);
/* Takes away the pages from `from` to `to` (whole pages) and frees the frames that the space
 * owns. */
void space_unmap(struct space *space, uint64_t from, uint64_t to);
/* Changes the rights of a mapped page; none at all hides it from the task. -ENOMEM: there is none;
 * -EACCES: it is to become writable, but is not the task's own. */
int space_protect(struct space *space, uint64_t address, unsigned rights);
/* The gpa behind an address that the task itself may read, or write if `is_write`; 0: it may
 * not. */
uint64_t space_look_up(const struct space *space, uint64_t address, bool is_write);
/* The first address from `from` on where `pages` pages are not mapped, below `end`; 0: none. */
uint64_t space_find_hole(const struct space *space, uint64_t from, uint64_t end, uint64_t pages);
/* Copies between us and the task, as far as its pages allow: 0, or -EFAULT. */
int space_write(const struct space *space, uint64_t address, const void *data, uint64_t length);
int space_read(const struct space *space, uint64_t address, void *data, uint64_t length);
/* Reads a text of at most size-1 bytes with its zero: its length, -EFAULT, -ENAMETOOLONG. */
int64_t space_read_text(const struct space *space, uint64_t address, char *text, uint64_t size);

#endif
