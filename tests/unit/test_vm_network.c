/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine's network on plain memory: the card between a driver and a cable (here one end of a
 * pair of sockets, whose packets are frames), and what the agent is told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent.h"
#include "virtio_driver.h"

/* ---- the card ---- */

enum {
	RECEIVE = 0,
	SEND = 1,
	HEADER = 12,
	FRAME = 60,
	BUFFER = 1536,
	F_CSUM = 1 << 0,
	F_TSO4 = 1 << 11,
};

struct cable {
	struct driver driver;
	int far; /* the cable's other end */
};

static int plug_in(void **state)
{
	static struct cable cable;
	static const uint8_t own[] = {2, 'i', 'o', 'b', 0, 5};
	struct virtio_net_setup setup = {.hardware_address = own, .mtu = 1500};
	int ends[2];

	driver_init(&cable.driver);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) < 0)
		return -1;
	cable.far = ends[1];
	setup.tap_fd = ends[0];
	*state = &cable;
	return virtio_net_init(&cable.driver.device, &setup, &cable.driver.memory, NULL);
}

static int pull_out(void **state)
{
	struct cable *cable = *state;

	driver_finish(&cable->driver);
	close(cable->far);
	return 0;
}

/* A frame of `length` bytes behind a header that begins with these. */
static void send_frame(struct cable *cable, const uint8_t *header, size_t header_bytes,
		       uint32_t length)
{
	struct driver *driver = &cable->driver;

	memset(driver->memory.host + DRIVER_DATA, 0x55, HEADER + length);
	memset(driver->memory.host + DRIVER_DATA, 0, HEADER);
	memcpy(driver->memory.host + DRIVER_DATA, header, header_bytes);
	driver_descriptor(driver, SEND, 0, DRIVER_DATA, HEADER, DRIVER_NEXT, 1);
	driver_descriptor(driver, SEND, 1, DRIVER_DATA + HEADER, length, 0, 0);
	driver_announce(driver, SEND, 0);
	virtio_serve(&driver->device);
}

static void offer_buffer(struct driver *driver, unsigned index, uint32_t length)
{
	driver_descriptor(driver, RECEIVE, index, DRIVER_DATA + index * 0x1000ull, length,
			  DRIVER_WRITE, 0);
	driver_announce(driver, RECEIVE, index);
	virtio_serve(&driver->device);
}

static bool is_watched(const struct driver *driver)
{
	return driver->device.watches[0].fd >= 0;
}

static void test_card_tells_address_mtu_and_link(void **state)
{
	struct driver *driver = &((struct cable *)*state)->driver;

	assert_int_equal(driver_read(driver, 0x008), 1);
	assert_int_equal(driver_read(driver, 0x100), 'b' << 24 | ('o' << 16 | 'i' << 8 | 2));
	assert_int_equal(virtio_mmio_read(&driver->device, 0x106, 2), 1);
	assert_int_equal(virtio_mmio_read(&driver->device, 0x10a, 2), 1500);
}

static void test_frame_goes_out_whole_behind_a_clean_header(void **state)
{
	static const uint8_t asks_for_all[] = {1 | 2, 1, 0xff, 0xff, 9, 9, 34, 0, 16, 0, 7, 7};
	static const uint8_t none[HEADER];
	struct cable *cable = *state;
	uint8_t frame[BUFFER];
	uint32_t written;

	driver_start(&cable->driver, 0);
	send_frame(cable, asks_for_all, sizeof(asks_for_all), FRAME);
	assert_int_equal(read(cable->far, frame, sizeof(frame)), HEADER + FRAME);
	assert_memory_equal(frame, none, HEADER); /* nothing was negotiated */
	assert_int_equal(frame[HEADER + FRAME - 1], 0x55);
	assert_true(driver_used(&cable->driver, SEND, &written));
	assert_int_equal(driver_interrupt(&cable->driver), 1);
	driver_start(&cable->driver, F_CSUM | F_TSO4);
	send_frame(cable, asks_for_all, sizeof(asks_for_all), FRAME);
	assert_int_equal(read(cable->far, frame, sizeof(frame)), HEADER + FRAME);
	const uint8_t kept[] = {1, 1, 0xff, 0xff, 9, 9, 34, 0, 16, 0, 0, 0};
	assert_memory_equal(frame, kept, HEADER);
}

static void test_frames_that_are_none_are_lost_without_harm(void **state)
{
	static const uint8_t none[HEADER];
	struct cable *cable = *state;
	struct driver *driver = &cable->driver;
	uint8_t frame[BUFFER];
	uint32_t written;

	driver_start(driver, 0);
	send_frame(cable, none, HEADER, 13); /* less than two addresses and a type */
	send_frame(cable, none, HEADER, 70000);
	assert_int_equal(read(cable->far, frame, sizeof(frame)), -1);
	assert_true(driver_used(driver, SEND, &written));
	assert_true(driver_used(driver, SEND, &written));
	/* and nobody waits for a cable that is full */
	for (int i = 0; i < 2000; i++) {
		send_frame(cable, none, HEADER, FRAME);
		assert_true(driver_used(driver, SEND, &written));
	}
	assert_false(driver_read(driver, 0x070) & VIRTIO_NEEDS_RESET);
}

static void test_frame_comes_in_as_one_buffer(void **state)
{
	struct cable *cable = *state;
	struct driver *driver = &cable->driver;
	uint8_t frame[HEADER + FRAME];
	uint32_t written;

	memset(frame, 0x66, sizeof(frame));
	driver_start(driver, 0);
	assert_int_equal(write(cable->far, frame, sizeof(frame)), sizeof(frame));
	offer_buffer(driver, 0, BUFFER);
	assert_true(driver_used(driver, RECEIVE, &written));
	assert_int_equal(written, sizeof(frame));
	assert_int_equal(driver->memory.host[DRIVER_DATA + 10], 1);
	assert_int_equal(driver->memory.host[DRIVER_DATA + 11], 0);
	assert_int_equal(driver->memory.host[DRIVER_DATA + HEADER + FRAME - 1], 0x66);
	assert_int_equal(driver_interrupt(driver), 1);
}

/* Else the cable, which is ready for ever, would keep the devices' thread turning. */
static void test_cable_is_watched_only_while_there_is_room(void **state)
{
	struct cable *cable = *state;
	struct driver *driver = &cable->driver;
	uint8_t frame[HEADER + FRAME] = {0};
	uint32_t written;

	driver_start(driver, 0);
	assert_false(is_watched(driver));
	offer_buffer(driver, 0, BUFFER);
	assert_true(is_watched(driver));
	assert_false(driver_used(driver, RECEIVE, &written));
	for (int i = 0; i < 2; i++)
		assert_int_equal(write(cable->far, frame, sizeof(frame)), sizeof(frame));
	virtio_serve_watch(&driver->device, 0, 1);
	assert_true(driver_used(driver, RECEIVE, &written));
	assert_false(is_watched(driver));
	offer_buffer(driver, 1, BUFFER);
	assert_true(driver_used(driver, RECEIVE, &written));
	offer_buffer(driver, 2, BUFFER);
	assert_true(is_watched(driver));
	driver_write(driver, 0x070, 0);
	assert_false(is_watched(driver));
}

static void test_buffer_too_small_for_a_frame_breaks_the_rules(void **state)
{
	struct driver *driver = &((struct cable *)*state)->driver;

	driver_start(driver, 0);
	offer_buffer(driver, 0, 1000);
	assert_true(driver_read(driver, 0x070) & VIRTIO_NEEDS_RESET);
}

static void test_cable_that_is_gone_is_an_unplugged_one(void **state)
{
	struct cable *cable = *state;
	struct driver *driver = &cable->driver;

	driver_start(driver, 0);
	offer_buffer(driver, 0, BUFFER);
	/* as of a tap whose holder was killed: reading fails */
	int broken[2];
	assert_int_equal(pipe(broken), 0);
	assert_true(dup2(broken[1], driver->device.watches[0].fd) >= 0);
	virtio_serve_watch(&driver->device, 0, 1);
	assert_int_equal(virtio_mmio_read(&driver->device, 0x106, 2), 0);
	assert_true(driver_interrupt(driver) & 2);
	assert_false(is_watched(driver));
	close(broken[0]);
	close(broken[1]);
}

/* ---- the agent's message ---- */

struct told {
	struct agent_network network;
	char words[64];
};

static const struct agent_network lab = {.address = 0x0a584d05,
					 .prefix_length = 24,
					 .gateway = 0x0a584d01,
					 .mtu = 1500};

static int decode(const struct agent_network *network, const char *words, size_t length)
{
	struct told told = {.network = *network};
	struct agent_network got;
	const char *name, *hostname;

	memcpy(told.words, words, length);
	return agent_decode_network((uint8_t *)&told, sizeof(told.network) + length, &got, &name,
				    &hostname, NULL);
}

static void test_network_of_a_guest_comes_with_two_names(void **state)
{
	struct told told = {.network = lab, .words = "web\0shop"};
	struct agent_network got;
	const char *name, *hostname;

	(void)state;
	assert_int_equal(agent_decode_network((uint8_t *)&told, sizeof(lab) + 9, &got, &name,
					      &hostname, NULL),
			 0);
	assert_int_equal(got.address, lab.address);
	assert_string_equal(name, "web");
	assert_string_equal(hostname, "shop");
	assert_int_equal(decode(&lab, "web\0", 5), 0);
}

static void test_network_that_cannot_be_is_refused(void **state)
{
	struct agent_network wrong = lab;

	(void)state;
	assert_int_equal(decode(&lab, "", 0), -EPROTO);
	assert_int_equal(decode(&lab, "web", 4), -EPROTO);
	assert_int_equal(decode(&lab, "web\0shop", 8), -EPROTO);
	assert_int_equal(decode(&lab, "web\0shop\0", 10), -EPROTO);
	assert_int_equal(decode(&lab, "\0shop", 6), -EPROTO);
	/* a name that would be a line of /etc/hosts */
	assert_int_equal(decode(&lab, "web\n1.2.3.4\0", 13), -EPROTO);
	assert_int_equal(decode(&lab, "web\0a b", 8), -EPROTO);
	wrong.prefix_length = 33;
	assert_int_equal(decode(&wrong, "web\0", 5), -EPROTO);
	wrong = lab;
	wrong.mtu = 68;
	assert_int_equal(decode(&wrong, "web\0", 5), -EPROTO);
	wrong.mtu = UINT32_MAX;
	assert_int_equal(decode(&wrong, "web\0", 5), -EPROTO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define CARD(test) cmocka_unit_test_setup_teardown(test, plug_in, pull_out)
	    CARD(test_card_tells_address_mtu_and_link),
	    CARD(test_frame_goes_out_whole_behind_a_clean_header),
	    CARD(test_frames_that_are_none_are_lost_without_harm),
	    CARD(test_frame_comes_in_as_one_buffer),
	    CARD(test_cable_is_watched_only_while_there_is_room),
	    CARD(test_buffer_too_small_for_a_frame_breaks_the_rules),
	    CARD(test_cable_that_is_gone_is_an_unplugged_one),
	    cmocka_unit_test(test_network_of_a_guest_comes_with_two_names),
	    cmocka_unit_test(test_network_that_cannot_be_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
