/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registry of ports and memory-mapped devices: a short array, walked. A machine has a dozen
 * regions, and an exit costs a thousand times more than the walk.
 */
#include "bus.h"

#include <errno.h>
#include <stddef.h>

int bus_add(struct bus *bus, const struct bus_region *region, struct err *e)
{
	if (bus->count == BUS_REGIONS_MAX)
		return err_set(e, ENOSPC, "more than %d device regions", BUS_REGIONS_MAX);
	for (unsigned i = 0; i < bus->count; i++) {
		const struct bus_region *other = &bus->regions[i];
		if (other->kind == region->kind && region->start < other->start + other->length &&
		    other->start < region->start + region->length)
			return err_set(e, EEXIST, "two devices at 0x%llx",
				       (unsigned long long)region->start);
	}
	bus->regions[bus->count++] = *region;
	return 0;
}

static const struct bus_region *find(const struct bus *bus, enum bus_kind kind, uint64_t address,
				     unsigned width)
{
	for (unsigned i = 0; i < bus->count; i++) {
		const struct bus_region *region = &bus->regions[i];
		if (region->kind == kind && address >= region->start &&
		    address - region->start < region->length &&
		    width <= region->length - (address - region->start))
			return region;
	}
	return NULL;
}

uint64_t bus_read(const struct bus *bus, enum bus_kind kind, uint64_t address, unsigned width)
{
	const struct bus_region *region = find(bus, kind, address, width);

	return region && region->read ? region->read(region->device, address - region->start, width)
				      : UINT64_MAX;
}

void bus_write(const struct bus *bus, enum bus_kind kind, uint64_t address, unsigned width,
	       uint64_t value)
{
	const struct bus_region *region = find(bus, kind, address, width);

	if (region && region->write)
		region->write(region->device, address - region->start, width, value);
}
