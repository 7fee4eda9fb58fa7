/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The virtio transport and its queues on plain memory, with the entropy device behind them: what a
 * driver with manners gets, and one without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "virtio_driver.h"

static int start(void **state)
{
	static struct driver driver;

	driver_init(&driver);
	*state = &driver;
	return virtio_rng_init(&driver.device, &driver.memory, NULL);
}

static int end(void **state)
{
	driver_finish(*state);
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t length)
{
	while (length)
		if (bytes[--length])
			return false;
	return true;
}

static void test_device_tells_what_it_is(void **state)
{
	assert_int_equal(driver_read(*state, 0x000), 0x74726976);
	assert_int_equal(driver_read(*state, 0x004), 2);
	assert_int_equal(driver_read(*state, 0x008), 4);
	assert_int_equal(driver_read(*state, 0x034), 64);
	driver_write(*state, 0x014, 1);
	assert_int_equal(driver_read(*state, 0x010), 1);
	driver_write(*state, 0x014, 2);
	assert_int_equal(driver_read(*state, 0x010), 0);
	driver_write(*state, 0x030, 7); /* a queue that there is not */
	assert_int_equal(driver_read(*state, 0x034), 0);
	driver_write(*state, 0x044, 1);
	assert_int_equal(driver_read(*state, 0x044), 0);
	assert_true(driver_read(*state, 0x0b0) == UINT32_MAX);
	assert_int_equal(driver_read(*state, 0x100), 0); /* no configuration */
}

static void test_features_that_are_not_ours_do_not_stick(void **state)
{
	assert_int_equal(driver_start(*state, 1 << 5),
			 VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER); /* and so no DRIVER_OK */
	/* a driver of before 1.0 does not know VERSION_1 */
	driver_write(*state, 0x070, 0);
	driver_write(*state, 0x070, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	assert_int_equal(driver_read(*state, 0x070), VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	assert_int_equal(driver_start(*state, 0), VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER |
						      VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

static void test_chain_is_served_and_interrupts_once(void **state)
{
	struct driver *driver = *state;
	uint32_t written;

	driver_start(driver, 0);
	driver_descriptor(driver, 0, 3, DRIVER_DATA, 100, DRIVER_WRITE | DRIVER_NEXT, 5);
	driver_descriptor(driver, 0, 5, DRIVER_DATA + 0x1000, 50, DRIVER_WRITE, 0);
	driver_announce(driver, 0, 3);
	driver_descriptor(driver, 0, 0, DRIVER_DATA + 0x2000, 9000, DRIVER_WRITE, 0);
	driver_announce(driver, 0, 0);
	driver_write(driver, 0x050, 0);
	virtio_serve(&driver->device);
	assert_true(driver_used(driver, 0, &written));
	assert_int_equal(written, 150);
	assert_true(driver_used(driver, 0, &written));
	assert_int_equal(written, 4096); /* a part is enough */
	assert_false(driver_used(driver, 0, &written));
	assert_false(is_zero(driver->memory.host + DRIVER_DATA, 100));
	assert_false(is_zero(driver->memory.host + DRIVER_DATA + 0x1000, 50));
	assert_true(is_zero(driver->memory.host + DRIVER_DATA + 100, 100));
	assert_int_equal(driver_interrupt(driver), 1);
	assert_int_equal(driver_interrupt(driver), 0);
	assert_int_equal(driver_read(driver, 0x060), 0);
}

static void test_driver_that_wants_no_interrupt_gets_none(void **state)
{
	struct driver *driver = *state;
	const uint16_t flags = 1;
	uint32_t written;

	driver_start(driver, 0);
	memory_write(&driver->memory, DRIVER_AVAILABLE, &flags, sizeof(flags));
	driver_descriptor(driver, 0, 0, DRIVER_DATA, 10, DRIVER_WRITE, 0);
	driver_announce(driver, 0, 0);
	virtio_serve(&driver->device);
	assert_true(driver_used(driver, 0, &written));
	assert_int_equal(driver_interrupt(driver), 0);
}

static void test_reset_forgets_everything(void **state)
{
	struct driver *driver = *state;
	uint32_t written;

	driver_start(driver, 0);
	driver_descriptor(driver, 0, 0, DRIVER_DATA, 10, DRIVER_WRITE, 0);
	driver_announce(driver, 0, 0);
	driver_write(driver, 0x070, 0);
	virtio_serve(&driver->device);
	assert_false(driver_used(driver, 0, &written));
	assert_int_equal(driver_read(driver, 0x044), 0);
	assert_int_equal(driver_read(driver, 0x070), 0);
	driver_start(driver, 0); /* and is as good as new */
	driver_descriptor(driver, 0, 0, DRIVER_DATA, 10, DRIVER_WRITE, 0);
	driver_announce(driver, 0, 0);
	virtio_serve(&driver->device);
	assert_true(driver_used(driver, 0, &written));
}

/* The device has asked for a reset, told so, and serves nothing more. */
static void expect_refusal(struct driver *driver)
{
	char word[160];
	uint32_t written;

	virtio_serve(&driver->device);
	assert_true(driver_read(driver, 0x070) & VIRTIO_NEEDS_RESET);
	assert_true(driver_interrupt(driver) & 2);
	assert_true(virtio_take_word(&driver->device, word, sizeof(word)));
	assert_non_null(strstr(word, "broke the rules"));
	assert_false(virtio_take_word(&driver->device, word, sizeof(word)));
	driver_descriptor(driver, 0, 1, DRIVER_DATA, 10, DRIVER_WRITE, 0);
	driver_announce(driver, 0, 1);
	virtio_serve(&driver->device);
	assert_false(driver_used(driver, 0, &written));
	driver_start(driver, 0);
	assert_false(driver_read(driver, 0x070) & VIRTIO_NEEDS_RESET);
}

static void test_driver_that_breaks_the_rules_gets_no_more_service(void **state)
{
	struct driver *driver = *state;
	static const struct {
		uint64_t address;
		uint32_t length;
		unsigned flags, next;
	} bad[] = {
	    {DRIVER_DATA, 8, DRIVER_WRITE | DRIVER_NEXT, 0},          /* a loop */
	    {DRIVER_DATA, 8, DRIVER_WRITE | DRIVER_NEXT, 8},          /* beyond the table */
	    {DRIVER_DATA, 8, DRIVER_WRITE | DRIVER_NEXT, UINT16_MAX}, /* far beyond */
	    {DRIVER_RAM - 4, 8, DRIVER_WRITE, 0},                     /* over the RAM's end */
	    {UINT64_MAX - 4, 8, DRIVER_WRITE, 0},                     /* wraps */
	    {DRIVER_DATA, UINT32_MAX, DRIVER_WRITE, 0},
	    {DRIVER_DATA, 16, 4, 0}, /* indirect */
	};

	driver_start(driver, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		driver_descriptor(driver, 0, 0, bad[i].address, bad[i].length, bad[i].flags,
				  bad[i].next);
		driver_announce(driver, 0, 0);
		expect_refusal(driver);
	}
	driver_announce(driver, 0, DRIVER_QUEUE_SIZE); /* a head that there is not */
	expect_refusal(driver);
	driver_descriptor(driver, 0, 0, DRIVER_DATA, 8, DRIVER_WRITE, 0);
	driver->announced[0] += DRIVER_QUEUE_SIZE; /* the index jumps */
	driver_announce(driver, 0, 0);
	expect_refusal(driver);
	/* a readable buffer behind a writable one */
	driver_descriptor(driver, 0, 0, DRIVER_DATA, 8, DRIVER_WRITE | DRIVER_NEXT, 1);
	driver_descriptor(driver, 0, 1, DRIVER_DATA, 8, 0, 0);
	driver_announce(driver, 0, 0);
	expect_refusal(driver);
}

static void test_queue_outside_the_memory_is_refused(void **state)
{
	struct driver *driver = *state;
	static const struct {
		uint64_t at;
		uint32_t value;
	} bad[] = {
	    {0x038, 3}, {0x038, 128}, {0x038, 0}, {0x080, DRIVER_RAM}, {0x084, 1},
	    {0x080, 8}, {0x090, 1},   {0x0a0, 2}, {0x0a4, 0x100},      {0x0a0, 0xfffff0},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		driver_start(driver, 0);
		driver_write(driver, 0x080, 0x3000); /* while it is ready, its places stand */
		assert_int_equal(driver->device.queues[0].descriptors, 0);
		driver_write(driver, 0x044, 0);
		driver_write(driver, bad[i].at, bad[i].value);
		driver_write(driver, 0x044, 1);
		assert_int_equal(driver_read(driver, 0x044), 0);
		assert_true(driver_read(driver, 0x070) & VIRTIO_NEEDS_RESET);
		virtio_serve(&driver->device);
	}
}

/* More than a turn's share waits: the device serves its share, lets others have their turn, and
 * has called itself for the next one. */
static void test_guest_that_kicks_for_ever_gets_turns_like_others(void **state)
{
	struct driver *driver = *state;
	const uint16_t announced = 40;
	uint16_t ring[40] = {0}, used;
	uint64_t kicks;

	driver_start(driver, 0);
	driver_write(driver, 0x044, 0);
	driver_write(driver, 0x038, 64);
	driver_write(driver, 0x044, 1);
	driver_descriptor(driver, 0, 0, DRIVER_DATA, 1, DRIVER_WRITE, 0);
	memory_write(&driver->memory, DRIVER_AVAILABLE + 4, ring, sizeof(ring));
	memory_write(&driver->memory, DRIVER_AVAILABLE + 2, &announced, sizeof(announced));
	for (unsigned served = 16; served <= 48; served += 16) {
		virtio_serve(&driver->device);
		memory_read(&driver->memory, DRIVER_USED + 2, &used, sizeof(used));
		assert_int_equal(used, served < announced ? served : announced);
		if (served < announced)
			assert_int_equal(read(driver->device.kick_fd, &kicks, sizeof(kicks)), 8);
	}
	assert_int_equal(read(driver->device.kick_fd, &kicks, sizeof(kicks)), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_device_tells_what_it_is, start, end),
	    cmocka_unit_test_setup_teardown(test_features_that_are_not_ours_do_not_stick, start,
					    end),
	    cmocka_unit_test_setup_teardown(test_chain_is_served_and_interrupts_once, start, end),
	    cmocka_unit_test_setup_teardown(test_driver_that_wants_no_interrupt_gets_none, start,
					    end),
	    cmocka_unit_test_setup_teardown(test_reset_forgets_everything, start, end),
	    cmocka_unit_test_setup_teardown(test_driver_that_breaks_the_rules_gets_no_more_service,
					    start, end),
	    cmocka_unit_test_setup_teardown(test_guest_that_kicks_for_ever_gets_turns_like_others,
					    start, end),
	    cmocka_unit_test_setup_teardown(test_queue_outside_the_memory_is_refused, start, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
