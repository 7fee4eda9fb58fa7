/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a guest says on its lines while it boots, in any pieces: a step is never taken back, and
 * none is stamped before one that was seen.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot boot = {0};
	uint64_t now_ns = 1, before[BOOT_STEPS] = {0};

	/* a byte says which line and how much of it comes at once */
	while (size > 1) {
		enum boot_line line = *data & 1 ? BOOT_LINE_CONSOLE : BOOT_LINE_FIRMWARE;
		size_t length = *data >> 1;
		data++, size--;
		if (length > size)
			length = size;
		boot_hear(&boot, line, data, length, now_ns++);
		data += length, size -= length;
		for (unsigned step = 0; step < BOOT_STEPS; step++) {
			assert(!before[step] || boot.ended_ns[step] == before[step]);
			before[step] = boot.ended_ns[step];
		}
	}
	for (unsigned step = 1; step < BOOT_STEPS; step++)
		assert(!boot.ended_ns[step] || boot.ended_ns[step - 1] <= boot.ended_ns[step]);
	return 0;
}
