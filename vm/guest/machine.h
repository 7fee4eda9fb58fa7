/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_MACHINE_H
#define ISOLAB_TINY_MACHINE_H
/* machine: what the kernel has learned about its machine from the device tree, as one plain
 * structure. */
#include <stdint.h>

enum { MACHINE_SEED_BYTES = 32, MACHINE_HOSTNAME_BYTES = 65, MACHINE_ARGUMENTS_BYTES = 256 };

struct machine {
	uint64_t memory_bytes;
	uint64_t free_start, free_end; /* gpa: RAM that nobody uses yet */
	uint64_t initrd_start, initrd_end;
	uint64_t tsc_hz;
	uint64_t tsc_multiplier; /* ns = ticks × this >> 32 */
	uint64_t realtime_ns;    /* CLOCK_REALTIME at entry */
	uint32_t console_port, timer_port, power_port, mailbox_port;
	uint32_t processors;
	uint32_t tasks_max;
	uint8_t seed[MACHINE_SEED_BYTES];
	char hostname[MACHINE_HOSTNAME_BYTES];
	char arguments[MACHINE_ARGUMENTS_BYTES];
};

#endif
