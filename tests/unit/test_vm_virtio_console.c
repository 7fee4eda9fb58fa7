/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The virtio console on plain memory: bytes each way, what happens when nobody takes them, how a
 * named port introduces itself, a terminal's size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "console.h"
#include "virtio_driver.h"

enum { RECEIVE, TRANSMIT, CONTROL_RECEIVE, CONTROL_TRANSMIT };

static unsigned woken;

static void count(void *arg)
{
	(void)arg;
	woken++;
}

static struct driver *start(const char *name)
{
	static struct driver driver;

	driver_init(&driver);
	assert_int_equal(virtio_console_init(&driver.device, name, &driver.memory, NULL), 0);
	driver.device.wake = count;
	woken = 0;
	driver_start(&driver, name ? 2 : 1);
	virtio_serve(&driver.device);
	return &driver;
}

static void test_bytes_of_the_guest_come_in_order(void **state)
{
	struct driver *driver = start(NULL);
	char text[32];
	uint32_t written;

	(void)state;
	memcpy(driver->memory.host + DRIVER_DATA, "hello, world", 12);
	driver_descriptor(driver, TRANSMIT, 0, DRIVER_DATA, 5, DRIVER_NEXT, 1);
	driver_descriptor(driver, TRANSMIT, 1, DRIVER_DATA + 5, 7, 0, 0);
	driver_announce(driver, TRANSMIT, 0);
	virtio_serve(&driver->device);
	assert_int_equal(woken, 1);
	assert_true(driver_used(driver, TRANSMIT, &written));
	assert_int_equal(virtio_console_take(&driver->device, text, 3), 3);
	assert_int_equal(virtio_console_take(&driver->device, text + 3, 20), 9);
	assert_memory_equal(text, "hello, world", 12);
	assert_int_equal(virtio_console_take(&driver->device, text, 20), 0);
	driver_finish(driver);
}

static void test_guest_that_sends_more_than_is_taken_waits(void **state)
{
	struct driver *driver = start(NULL);
	static uint8_t taken[100000];
	const size_t length = sizeof(taken);
	size_t have = 0;
	uint32_t written;

	(void)state;
	for (size_t i = 0; i < length; i++)
		driver->memory.host[DRIVER_DATA + i] = (uint8_t)(i % 251);
	driver_descriptor(driver, TRANSMIT, 0, DRIVER_DATA, length, 0, 0);
	driver_announce(driver, TRANSMIT, 0);
	virtio_serve(&driver->device);
	virtio_serve(&driver->device);
	assert_false(driver_used(driver, TRANSMIT, &written)); /* 64 KiB of it have gone */
	while (have < length) {
		size_t n = virtio_console_take(&driver->device, taken + have, 7000);
		assert_true(n > 0 && n <= 7000);
		have += n;
		virtio_serve(&driver->device);
	}
	assert_true(driver_used(driver, TRANSMIT, &written));
	assert_memory_equal(taken, driver->memory.host + DRIVER_DATA, length);
	driver_finish(driver);
}

static void test_bytes_for_the_guest_wait_for_its_buffers(void **state)
{
	struct driver *driver = start(NULL);
	static uint8_t much[80000];
	uint32_t written;

	(void)state;
	assert_int_equal(virtio_console_send(&driver->device, "typed\n", 6), 6);
	virtio_serve(&driver->device);
	assert_false(driver_used(driver, RECEIVE, &written));
	driver_descriptor(driver, RECEIVE, 0, DRIVER_DATA, 4, DRIVER_WRITE, 0);
	driver_announce(driver, RECEIVE, 0);
	driver_descriptor(driver, RECEIVE, 1, DRIVER_DATA + 4, 100, DRIVER_WRITE, 0);
	driver_announce(driver, RECEIVE, 1);
	virtio_serve(&driver->device);
	assert_true(driver_used(driver, RECEIVE, &written));
	assert_int_equal(written, 4);
	assert_true(driver_used(driver, RECEIVE, &written));
	assert_int_equal(written, 2);
	assert_memory_equal(driver->memory.host + DRIVER_DATA, "typed\n", 6);
	/* what does not fit is the sender's to offer again, and it hears when there is room */
	assert_int_equal(virtio_console_send(&driver->device, much, sizeof(much)), 64 * 1024);
	assert_int_equal(virtio_console_send(&driver->device, much, sizeof(much)), 0);
	woken = 0;
	driver_announce(driver, RECEIVE, 1);
	virtio_serve(&driver->device);
	assert_int_equal(woken, 1);
	assert_int_equal(virtio_console_send(&driver->device, much, sizeof(much)), 100);
	driver_finish(driver);
}

static void test_buffer_of_no_bytes_is_a_broken_rule(void **state)
{
	struct driver *driver = start(NULL);

	(void)state;
	virtio_console_send(&driver->device, "x", 1);
	driver_descriptor(driver, RECEIVE, 0, DRIVER_DATA, 0, DRIVER_WRITE, 0);
	driver_announce(driver, RECEIVE, 0);
	virtio_serve(&driver->device);
	assert_true(driver_read(driver, 0x070) & VIRTIO_NEEDS_RESET);
	driver_finish(driver);
}

/* What the driver says about ports; the answers' buffers are laid by expect_message. */
static void say(struct driver *driver, uint16_t event)
{
	const uint16_t message[] = {0, 0, event, 1};

	memory_write(&driver->memory, DRIVER_DATA, message, sizeof(message));
	driver_descriptor(driver, CONTROL_TRANSMIT, 0, DRIVER_DATA, sizeof(message), 0, 0);
	driver_announce(driver, CONTROL_TRANSMIT, 0);
	virtio_serve(&driver->device);
}

static void expect_message(struct driver *driver, uint16_t event, const char *name)
{
	uint16_t message[4];
	uint32_t written;

	driver_descriptor(driver, CONTROL_RECEIVE, 0, DRIVER_DATA + 256, 100, DRIVER_WRITE, 0);
	driver_announce(driver, CONTROL_RECEIVE, 0);
	virtio_serve(&driver->device);
	assert_true(driver_used(driver, CONTROL_RECEIVE, &written));
	assert_int_equal(written, sizeof(message) + strlen(name));
	memory_read(&driver->memory, DRIVER_DATA + 256, message, sizeof(message));
	assert_int_equal(message[0], 0);
	assert_int_equal(message[2], event);
	assert_int_equal(message[3], 1);
	assert_memory_equal(driver->memory.host + DRIVER_DATA + 264, name, strlen(name));
}

static void test_named_port_is_open_before_its_name_is_told(void **state)
{
	struct driver *driver = start("isolab.agent");

	(void)state;
	say(driver, 0);                /* DEVICE_READY */
	expect_message(driver, 1, ""); /* PORT_ADD */
	say(driver, 3);                /* PORT_READY */
	expect_message(driver, 6, ""); /* PORT_OPEN */
	expect_message(driver, 7, "isolab.agent");
	say(driver, 99); /* what there is not */
	driver_write(driver, 0x070, 0);
	driver_finish(driver);
}

static void test_new_size_is_told_by_an_interrupt(void **state)
{
	struct driver *driver = start(NULL);
	uint32_t before = driver_read(driver, 0x0fc);

	(void)state;
	virtio_console_resize(&driver->device, 50, 132);
	assert_int_equal(driver_interrupt(driver), 2);
	assert_int_equal(virtio_mmio_read(&driver->device, 0x100, 2), 132);
	assert_int_equal(virtio_mmio_read(&driver->device, 0x102, 2), 50);
	assert_int_equal(driver_read(driver, 0x0fc), before + 1);
	virtio_mmio_write(&driver->device, 0x100, 2, 7); /* not the driver's to write */
	assert_int_equal(virtio_mmio_read(&driver->device, 0x100, 2), 132);
	assert_int_equal(virtio_mmio_read(&driver->device, 0x106, 4), 0); /* over its end */
	driver_finish(driver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes_of_the_guest_come_in_order),
	    cmocka_unit_test(test_guest_that_sends_more_than_is_taken_waits),
	    cmocka_unit_test(test_bytes_for_the_guest_wait_for_its_buffers),
	    cmocka_unit_test(test_buffer_of_no_bytes_is_a_broken_rule),
	    cmocka_unit_test(test_named_port_is_open_before_its_name_is_told),
	    cmocka_unit_test(test_new_size_is_told_by_an_interrupt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
