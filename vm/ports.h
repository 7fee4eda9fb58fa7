/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_PORTS_H
#define ISOLAB_VM_PORTS_H
/*
 * ports: who answers at which address of the machine. One const table per machine lists its
 * devices; an access that no entry covers, or of another width than the device speaks, is the
 * guest's mistake and ends it.
 */
#include <stdint.h>

#include "err.h"

struct vm;

/* What a device did with an access. */
enum port_result {
	PORT_DONE,  /* run on */
	PORT_ENDED, /* the VM has ended; the device has told the worker */
	PORT_YIELD, /* run on, but first look at the descriptors: output is full, a program ended */
};

struct port {
	uint16_t number;
	const char *device; /* its node in the device tree */
	/* The guest wrote `value` (32 bits). */
	enum port_result (*on_write)(struct vm *vm, uint32_t value);
};

/* Finds the device of an access in a table ending with device == NULL. NULL and an error in the
 * guest's terms when there is none: reads, other widths, string accesses (count > 1), unknown
 * ports. */
const struct port *port_find(const struct port *table, uint16_t number, unsigned width,
			     unsigned count, int is_write, struct err *e);

#endif
