/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The teaching kernel reads what libfdt writes, and believes nothing that cannot be: a machine
 * without memory, a missing device, a tree that is cut off at any byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <libfdt.h>

#include "devicetree.h"
#include "discover.h"

enum { TREE_BYTES = 4096 };

static void put_u64(void *tree, const char *name, uint64_t first, uint64_t second)
{
	fdt64_t cells[2] = {cpu_to_fdt64(first), cpu_to_fdt64(second)};
	fdt_property(tree, name, cells, second ? 16 : 8);
}

static void put_device(void *tree, const char *name, const char *compatible, uint32_t port)
{
	fdt_begin_node(tree, name);
	fdt_property_u32(tree, "isolab,port", port); /* before compatible, on purpose */
	fdt_property_string(tree, "compatible", compatible);
	fdt_end_node(tree);
}

/* A whole machine; what a case wants otherwise it passes. */
static void make_tree(void *tree, uint64_t memory, uint64_t tsc_hz, const char *timer)
{
	static const char seed[32] = "0123456789abcdef0123456789abcdef";
	fdt_create(tree, TREE_BYTES);
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_property_string(tree, "compatible", "isolab,tiny");
	fdt_begin_node(tree, "chosen");
	fdt_property_string(tree, "bootargs", "quiet");
	fdt_property_string(tree, "isolab,hostname", "box");
	put_u64(tree, "isolab,realtime-ns", 1700000000, 0);
	fdt_property(tree, "rng-seed", seed, sizeof(seed));
	fdt_property_u32(tree, "isolab,pids-max", 5);
	put_u64(tree, "linux,initrd-start", 0x60000, 0);
	put_u64(tree, "linux,initrd-end", 0x61234, 0);
	fdt_end_node(tree);
	fdt_begin_node(tree, "memory@0");
	fdt64_t whole[2] = {0, cpu_to_fdt64(memory)};
	fdt_property(tree, "reg", whole, sizeof(whole));
	put_u64(tree, "isolab,free", 0x62000, 0x100000);
	fdt_end_node(tree);
	fdt_begin_node(tree, "cpus");
	fdt_begin_node(tree, "cpu@0");
	put_u64(tree, "tsc-frequency", tsc_hz, 0);
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_begin_node(tree, "devices");
	put_device(tree, "console", "isolab,console", 0x504);
	put_device(tree, "timer", timer, 0x508);
	put_device(tree, "power", "isolab,power", 0x50c);
	put_device(tree, "mailbox", "isolab,mailbox", 0x514);
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_finish(tree);
}

static int discover(const void *tree, struct machine *machine)
{
	const char *why = NULL;
	int r = discover_machine(machine, tree, TREE_BYTES, &why);
	if (r < 0)
		assert_non_null(why);
	return r;
}

static void test_machine_is_what_the_tree_says(void **state)
{
	static char tree[TREE_BYTES];
	struct machine machine;
	(void)state;
	make_tree(tree, 32 << 20, 2000000000, "isolab,timer");
	assert_int_equal(discover(tree, &machine), 0);
	assert_int_equal(machine.memory_bytes, 32 << 20);
	assert_int_equal(machine.free_start, 0x62000);
	assert_int_equal(machine.free_end, 0x162000);
	assert_int_equal(machine.initrd_end, 0x61234);
	assert_int_equal(machine.realtime_ns, 1700000000);
	assert_int_equal(machine.tasks_max, 5);
	assert_int_equal(machine.processors, 1);
	assert_int_equal(machine.timer_port, 0x508);
	assert_int_equal(machine.mailbox_port, 0x514);
	assert_int_equal(machine.tsc_multiplier, 1ULL << 31); /* half a nanosecond a tick */
	assert_string_equal(machine.hostname, "box");
	assert_string_equal(machine.arguments, "quiet");
	assert_memory_equal(machine.seed, "0123456789abcdef", 16);
}

static void test_machine_without_a_device_is_refused(void **state)
{
	static char tree[TREE_BYTES];
	struct machine machine;
	(void)state;
	make_tree(tree, 32 << 20, 2000000000, "somebody,else");
	assert_int_equal(discover(tree, &machine), -EINVAL);
}

static void test_machine_that_cannot_be_is_refused(void **state)
{
	static char tree[TREE_BYTES];
	struct machine machine;
	(void)state;
	make_tree(tree, 1 << 20, 2000000000, "isolab,timer"); /* free memory lies behind its end */
	assert_int_equal(discover(tree, &machine), -EINVAL);
	make_tree(tree, 1ULL << 40, 2000000000, "isolab,timer");
	assert_int_equal(discover(tree, &machine), -EINVAL);
	make_tree(tree, 32 << 20, 0, "isolab,timer");
	assert_int_equal(discover(tree, &machine), -EINVAL);
}

static void test_tree_cut_off_anywhere_is_survived(void **state)
{
	static char whole[TREE_BYTES], part[TREE_BYTES];
	struct machine machine;
	const char *why;
	(void)state;
	make_tree(whole, 32 << 20, 2000000000, "isolab,timer");
	uint32_t total = fdt_totalsize(whole);
	for (uint32_t size = 0; size < total; size++) {
		memset(part, 0xff, sizeof(part));
		memcpy(part, whole, size);
		assert_int_equal(discover_machine(&machine, part, size, &why), -EINVAL);
	}
}

static void test_walk_keeps_the_depth(void **state)
{
	static char data[TREE_BYTES];
	struct devicetree tree;
	struct devicetree_item item;
	uint32_t begins = 0, ends = 0;
	int r;
	(void)state;
	make_tree(data, 32 << 20, 2000000000, "isolab,timer");
	assert_int_equal(devicetree_open(&tree, data, sizeof(data)), 0);
	while ((r = devicetree_next(&tree, &item)) > 0) {
		begins += item.kind == DEVICETREE_BEGIN;
		ends += item.kind == DEVICETREE_END;
		if (item.kind == DEVICETREE_PROPERTY && strcmp(item.name, "tsc-frequency") == 0)
			assert_int_equal(item.depth, 3);
	}
	assert_int_equal(r, 0);
	assert_int_equal(begins, ends);
	assert_int_equal(begins, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_machine_is_what_the_tree_says),
	    cmocka_unit_test(test_machine_without_a_device_is_refused),
	    cmocka_unit_test(test_machine_that_cannot_be_is_refused),
	    cmocka_unit_test(test_tree_cut_off_anywhere_is_survived),
	    cmocka_unit_test(test_walk_keeps_the_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
