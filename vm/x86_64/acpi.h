/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_ACPI_H
#define ISOLAB_VM_ACPI_H
/*
 * acpi: the tables by which a PC describes itself to an operating system (ACPI specification 6.5).
 * Ours say: no legacy hardware ("hardware-reduced"), so many processors, one I/O APIC, two serial
 * ports, so many virtio devices, and how to switch off.
 */
#include <stdint.h>

#include "err.h"
#include "memory.h"

enum {
	ACPI_TABLES = 0xe0000, /* where they lie: below 1 MiB, outside RAM */
	ACPI_TABLES_BYTES = 0x10000,
	ACPI_PORT_SLEEP = 0x600, /* sleep control; status is the next one */
	ACPI_SLEEP_ENABLE = 1 << 5,
	ACPI_SLEEP_TYPE_SHIFT = 2,
	ACPI_SLEEP_OFF = 5, /* the type that our \_S5 names */
	ACPI_PORT_RESET = 0x604,
};

/* Where a PC has its interrupt controllers. */
#define ACPI_IO_APIC    0xfec00000u
#define ACPI_LOCAL_APIC 0xfee00000u

/* The virtio devices, one behind the other. */
struct acpi_virtio {
	unsigned count;
	uint32_t address, bytes; /* of the first one's registers, of each one's */
	uint32_t interrupt;      /* the first one's */
};

struct acpi_machine {
	unsigned cpus; /* 1 to 8 */
	struct acpi_virtio virtio;
};

/* Writes all tables; the root pointer is at ACPI_TABLES. -E2BIG: more devices than fit. */
int acpi_write(struct memory *memory, const struct acpi_machine *machine, struct err *e);

#endif
