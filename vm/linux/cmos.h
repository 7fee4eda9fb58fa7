/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_CMOS_H
#define ISOLAB_VM_CMOS_H
/*
 * cmos: the clock chip of a PC (MC146818), as a stub: two ports, an index and a value. ACPI says
 * that there is none, but who asks all the same gets the time at once: a chip that seems to be
 * always about to change (all ones) costs a boot seconds of waiting.
 */
#include <stdint.h>

struct cmos {
	uint8_t index;
	uint64_t (*now)(void); /* seconds since 1970 */
};

enum { CMOS_PORT = 0x70, CMOS_PORTS = 2 };

/* A bus's functions; `device` is a struct cmos. */
uint64_t cmos_read(void *device, uint64_t offset, unsigned width);
void cmos_write(void *device, uint64_t offset, unsigned width, uint64_t value);
/* The host's own time, for `now`. */
uint64_t cmos_host_seconds(void);

#endif
