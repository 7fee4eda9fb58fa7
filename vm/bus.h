/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_BUS_H
#define ISOLAB_VM_BUS_H
/*
 * bus: who answers at which address of a machine that boots Linux, ports and memory alike. A region
 * is an interval on one of the two buses with a device behind it. What no region covers answers as
 * an empty bus does: reads are all ones, writes are lost. (The tiny machine has a table of its own,
 * ports.h, in which a stray access is the guest's mistake.)
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

enum bus_kind { BUS_PORT, BUS_MEMORY };

struct bus_region {
	enum bus_kind kind;
	uint64_t start, length;
	void *device; /* handed to both functions, borrowed */
	/* `offset` is relative to start, offset + width never beyond the end; width 1, 2, 4, 8. */
	uint64_t (*read)(void *device, uint64_t offset, unsigned width);
	void (*write)(void *device, uint64_t offset, unsigned width, uint64_t value);
};

enum { BUS_REGIONS_MAX = 24 };

struct bus {
	struct bus_region regions[BUS_REGIONS_MAX];
	unsigned count;
};

/* Adds a region. -ENOSPC; -EEXIST if it overlaps another. */
int bus_add(struct bus *bus, const struct bus_region *region, struct err *e);

/* One access of the guest. An access that reaches over the end of a region is nobody's. */
uint64_t bus_read(const struct bus *bus, enum bus_kind kind, uint64_t address, unsigned width);
void bus_write(const struct bus *bus, enum bus_kind kind, uint64_t address, unsigned width,
	       uint64_t value);

#endif
