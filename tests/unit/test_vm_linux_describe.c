/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a Linux machine tells of itself: the device tree, for people, of a machine that has no KVM
 * behind it, and the clock chip's time. Devices are made on plain memory and never run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "devicetree.h"
#include "linux.h"
#include "str.h"

enum { RAM = 64 << 20 };

/* ---- the description for people ---- */

static void test_devicetree_names_every_device_or_does_not_fit(void **state)
{
	static struct linux_vm machine;
	static uint8_t tree[DEVICETREE_LINUX_BYTES];
	struct vm vm = {.memory = {.size = RAM}};
	auto_strbuf text = {0};
	struct err error = {0};
	static const char *const parts[] = {"compatible = \"isolab,linux\"",
					    "bootargs = \"quiet\"",
					    "cpu@2 {",
					    "serial@2f8 {",
					    "virtio@d0000000 {",
					    "virtio@d0001000 {",
					    "isolab,device = \"rng\"",
					    "interrupts = <0x6 0x1>",
					    "intc@fec00000 {"};

	(void)state;
	machine = (struct linux_vm){.vm = &vm, .processor_count = 3};
	for (machine.io.count = 0; machine.io.count < 2; machine.io.count++)
		assert_int_equal(virtio_rng_init(&machine.io.devices[machine.io.count], &vm.memory,
						 NULL),
				 0);
	assert_int_equal(devicetree_write_linux(&machine, "quiet", tree, sizeof(tree), NULL), 0);
	assert_int_equal(devicetree_print(tree, &text, NULL), 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(text.data, parts[i]))
			fail_msg("'%s' is not in: %s", parts[i], text.data);
	for (size_t size = 64; size < 1024; size += 64)
		assert_int_equal(devicetree_write_linux(&machine, "quiet", tree, size, &error),
				 -E2BIG);
	assert_non_null(strstr(error.what, "does not fit"));
	for (unsigned i = 0; i < machine.io.count; i++)
		virtio_finish(&machine.io.devices[i]);
}

/* ---- the clock chip ---- */

static uint64_t leap_day(void)
{
	return 1709251199; /* Thursday, 29 February 2024, 23:59:59 */
}

static uint64_t new_year(void)
{
	return 4102444800; /* Friday, 1 January 2100, 0:00:00 */
}

static void expect_time(uint64_t (*now)(void), const uint8_t values[8])
{
	static const uint8_t indices[] = {0, 2, 4, 6, 7, 8, 9, 50};
	struct cmos cmos = {.now = now};

	for (size_t i = 0; i < sizeof(indices); i++) {
		cmos_write(&cmos, 0, 1, indices[i] | 0x80);
		assert_int_equal(cmos_read(&cmos, 1, 1), values[i]);
	}
	cmos_write(&cmos, 0, 1, 10);
	assert_int_equal(cmos_read(&cmos, 1, 1) & 0x80, 0); /* nobody waits for an update */
	assert_true(cmos_read(&cmos, 0, 1) == UINT64_MAX);
}

static void test_clock_chip_tells_the_time_without_waiting(void **state)
{
	(void)state;
	expect_time(leap_day, (const uint8_t[]){0x59, 0x59, 0x23, 0x05, 0x29, 0x02, 0x24, 0x20});
	expect_time(new_year, (const uint8_t[]){0, 0, 0, 0x06, 0x01, 0x01, 0x00, 0x21});
	assert_true(cmos_host_seconds() > 1700000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_devicetree_names_every_device_or_does_not_fit),
	    cmocka_unit_test(test_clock_chip_tells_the_time_without_waiting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
