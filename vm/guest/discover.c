/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * discover: what the device tree says (vm/abi.h "Device tree"), put into struct machine. The walk
 * is one pass; a table says which property of which node goes where. A device is recognised by its
 * `compatible`, which may come before or after its port, so both are remembered until the node
 * ends.
 */
#include "discover.h"

#include <asm/errno.h>
#include <stddef.h>

#include "devicetree.h"
#include "memlayout.h"
#include "string.h"

enum value_kind { VALUE_CELL, VALUE_LONG, VALUE_LONG_PAIR, VALUE_TEXT, VALUE_BYTES };

/* `node` is the name up to '@', at depth 2 or deeper; `offset` and `size` are of the member of
 * struct machine. */
struct rule {
	const char *node, *property;
	enum value_kind kind;
	uint32_t offset, size;
};

#define INTO(member) offsetof(struct machine, member), sizeof(((struct machine *)NULL)->member)

static const struct rule rules[] = {
    {"chosen", "bootargs", VALUE_TEXT, INTO(arguments)},
    {"chosen", "linux,initrd-start", VALUE_LONG, INTO(initrd_start)},
    {"chosen", "linux,initrd-end", VALUE_LONG, INTO(initrd_end)},
    {"chosen", "rng-seed", VALUE_BYTES, INTO(seed)},
    {"chosen", "isolab,hostname", VALUE_TEXT, INTO(hostname)},
    {"chosen", "isolab,realtime-ns", VALUE_LONG, INTO(realtime_ns)},
    {"chosen", "isolab,pids-max", VALUE_CELL, INTO(tasks_max)},
    {"memory", "isolab,free", VALUE_LONG_PAIR, offsetof(struct machine, free_start), 16},
    {"cpu", "tsc-frequency", VALUE_LONG, INTO(tsc_hz)},
};

static const struct device {
	const char *compatible;
	uint32_t port_offset; /* in struct machine */
} devices[] = {
    {"isolab,console", offsetof(struct machine, console_port)},
    {"isolab,timer", offsetof(struct machine, timer_port)},
    {"isolab,power", offsetof(struct machine, power_port)},
    {"isolab,mailbox", offsetof(struct machine, mailbox_port)},
};

/* What is known of the node that is being read. */
struct node {
	const char *name, *compatible;
	uint64_t port;
};

static bool is_node(const char *name, const char *wanted)
{
	while (*wanted && *name == *wanted)
		name++, wanted++;
	return !*wanted && (!*name || *name == '@');
}

static bool store(struct machine *machine, const struct rule *rule,
		  const struct devicetree_item *item)
{
	char *to = (char *)machine + rule->offset;
	uint64_t numbers[2];
	const char *text;
	switch (rule->kind) {
	case VALUE_CELL:
		if (!devicetree_number(item, 0, 1, numbers))
			return false;
		memcpy(to, numbers, sizeof(uint32_t));
		return true;
	case VALUE_LONG:
		if (!devicetree_number(item, 0, 2, numbers))
			return false;
		memcpy(to, numbers, sizeof(uint64_t));
		return true;
	case VALUE_LONG_PAIR:
		if (!devicetree_number(item, 0, 2, &numbers[0]) ||
		    !devicetree_number(item, 8, 2, &numbers[1]))
			return false;
		memcpy(to, numbers, sizeof(numbers));
		return true;
	case VALUE_TEXT:
		if (!devicetree_text(item, &text))
			return false;
		string_copy(to, rule->size, text);
		return true;
	case VALUE_BYTES:
		if (item->length < rule->size)
			return false;
		memcpy(to, item->value, rule->size);
		return true;
	}
	return false;
}

static bool read_property(struct machine *machine, struct node *node,
			  const struct devicetree_item *item)
{
	if (string_equal(item->name, "compatible"))
		return devicetree_text(item, &node->compatible);
	if (string_equal(item->name, "isolab,port"))
		return devicetree_number(item, 0, 1, &node->port);
	if (is_node(node->name, "memory") && string_equal(item->name, "reg"))
		return devicetree_number(item, 8, 2, &machine->memory_bytes);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (is_node(node->name, rules[i].node) &&
		    string_equal(item->name, rules[i].property))
			return store(machine, &rules[i], item);
	}
	return true; /* more is said than we need */
}

static void end_node(struct machine *machine, const struct node *node)
{
	if (is_node(node->name, "cpu"))
		machine->processors++;
	if (!node->compatible || node->port > UINT16_MAX)
		return;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		uint32_t port = (uint32_t)node->port;
		if (string_equal(node->compatible, devices[i].compatible))
			memcpy((char *)machine + devices[i].port_offset, &port, sizeof(port));
	}
}

static int walk(struct machine *machine, struct devicetree *tree)
{
	struct devicetree_item item;
	struct node node = {.name = ""};
	int r;
	while ((r = devicetree_next(tree, &item)) > 0) {
		if (item.kind == DEVICETREE_BEGIN)
			node = (struct node){.name = item.name};
		else if (item.kind == DEVICETREE_PROPERTY && !read_property(machine, &node, &item))
			return -EINVAL;
		else if (item.kind == DEVICETREE_END) {
			end_node(machine, &node);
			node = (struct node){.name = ""};
		}
	}
	return r;
}

/* What is wrong with the machine, or NULL. */
static const char *find_fault(const struct machine *machine)
{
	uint64_t end = machine->memory_bytes;
	if (end < VM_MEMORY_MINIMUM || end > VM_MEMORY_MAXIMUM)
		return "the device tree names no memory that we can use";
	if (machine->free_start % PAGE_BYTES || machine->free_start < VM_GPA_KERNEL ||
	    machine->free_start >= machine->free_end || machine->free_end > end)
		return "the device tree names no free memory";
	if (machine->initrd_start % PAGE_BYTES || machine->initrd_start > machine->initrd_end ||
	    machine->initrd_end > machine->free_start)
		return "the device tree puts the initrd where it cannot be";
	if (machine->tsc_hz < 1000 * 1000 || machine->tsc_hz > 1000ULL * 1000 * 1000 * 1000)
		return "the device tree does not say how fast the processor counts";
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		uint32_t port;
		memcpy(&port, (const char *)machine + devices[i].port_offset, sizeof(port));
		if (!port)
			return "the device tree lacks a device that we need";
	}
	return NULL;
}

int discover_machine(struct machine *machine, const void *data, uint32_t size, const char **ret_why)
{
	struct devicetree tree;
	*machine = (struct machine){.tasks_max = UINT32_MAX};
	*ret_why = "the device tree cannot be read";
	if (devicetree_open(&tree, data, size) < 0 || walk(machine, &tree) < 0)
		return -EINVAL;
	machine->free_end += machine->free_start; /* the tree gives its size */
	machine->free_end &= ~(uint64_t)(PAGE_BYTES - 1);
	const char *fault = find_fault(machine);
	if (fault) {
		*ret_why = fault;
		return -EINVAL;
	}
	machine->tsc_multiplier = (1000ULL * 1000 * 1000 << 32) / machine->tsc_hz;
	return 0;
}
