/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The teaching kernel's device tree as hostile bytes: what is accepted must be a machine that
 * can be. */
#include <stddef.h>
#include <stdlib.h>

#include "devicetree.h"
#include "discover.h"
#include "memlayout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
	if (!holds)
		abort();
}

static void walk(const uint8_t *data, uint32_t size)
{
	struct devicetree tree;
	struct devicetree_item item;
	uint64_t number;
	const char *text;
	if (devicetree_open(&tree, data, size) < 0)
		return;
	while (devicetree_next(&tree, &item) > 0) {
		claim(item.name[0] || item.kind != DEVICETREE_PROPERTY || item.length <= size);
		if (item.kind == DEVICETREE_PROPERTY && devicetree_number(&item, 4, 2, &number))
			claim(item.length >= 12);
		if (item.kind == DEVICETREE_PROPERTY)
			devicetree_text(&item, &text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine machine;
	const char *why;
	if (size > VM_DEVICETREE_BYTES)
		return 0;
	walk(data, (uint32_t)size);
	if (discover_machine(&machine, data, (uint32_t)size, &why) < 0)
		return 0;
	claim(machine.free_start < machine.free_end && machine.free_end <= machine.memory_bytes);
	claim(machine.initrd_start <= machine.initrd_end);
	claim(machine.initrd_end <= machine.free_start);
	claim(machine.tsc_multiplier && machine.console_port && machine.mailbox_port);
	return 0;
}
