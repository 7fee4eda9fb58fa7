/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Disks on plain memory: which images are refused, what a guest reads and writes, that its changes
 * stay out of the image, what it gets when the image shrinks under it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block.h"
#include "disk.h"
#include "fd.h"
#include "virtio_driver.h"

enum { HEADER = DRIVER_DATA, BODY = DRIVER_DATA + 0x1000, RESULT = DRIVER_DATA + 0x100 };
enum { READ = 0, WRITE = 1, FLUSH = 4, SERIAL = 8 };
enum { IMAGE_BYTES = 5 * DISK_CLUSTER + DISK_SECTOR };

static char path[64];

/* An image whose every byte tells its sector. */
static void make_image(size_t bytes)
{
	uint8_t sector[DISK_SECTOR];

	snprintf(path, sizeof(path), "/tmp/test_vm_virtio_block.XXXXXX");
	auto_close int fd = mkstemp(path);
	assert_true(fd >= 0);
	for (size_t at = 0; at < bytes; at += sizeof(sector)) {
		memset(sector, (int)(at / sizeof(sector) + 1), sizeof(sector));
		size_t length = bytes - at < sizeof(sector) ? bytes - at : sizeof(sector);
		assert_int_equal(write(fd, sector, length), length);
	}
}

static struct driver *start(bool is_read_only)
{
	static struct driver driver;

	make_image(IMAGE_BYTES);
	driver_init(&driver);
	assert_int_equal(virtio_block_init(&driver.device, path, is_read_only, 3, &driver.memory,
					   NULL),
			 0);
	driver_start(&driver, 0);
	return &driver;
}

static void end(struct driver *driver)
{
	driver_finish(driver);
	unlink(path);
}

/* One request; its data is `length` bytes at BODY. Returns the result's byte. */
static uint8_t request(struct driver *driver, uint32_t type, uint64_t sector, uint32_t length)
{
	const struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header = {type, 0, sector};
	unsigned way = type == WRITE ? 0 : DRIVER_WRITE;
	uint32_t written = 0;

	memory_write(&driver->memory, HEADER, &header, sizeof(header));
	driver->memory.host[RESULT] = 0xff;
	driver_descriptor(driver, 0, 0, HEADER, sizeof(header), DRIVER_NEXT, length ? 1 : 2);
	driver_descriptor(driver, 0, 1, BODY, length, way | DRIVER_NEXT, 2);
	driver_descriptor(driver, 0, 2, RESULT, 1, DRIVER_WRITE, 0);
	driver_announce(driver, 0, 0);
	virtio_serve(&driver->device);
	assert_true(driver_used(driver, 0, &written));
	return driver->memory.host[RESULT];
}

static void expect_bytes(struct driver *driver, uint64_t sector, uint32_t length, int first)
{
	assert_int_equal(request(driver, READ, sector, length), 0);
	for (uint32_t i = 0; i < length; i += DISK_SECTOR)
		assert_int_equal(driver->memory.host[BODY + i], first + (int)(i / DISK_SECTOR));
}

static void test_guest_reads_its_disk(void **state)
{
	struct driver *driver = start(true);

	(void)state;
	assert_int_equal(driver_read(driver, 0x100), IMAGE_BYTES / DISK_SECTOR);
	driver_write(driver, 0x014, 0);
	assert_true(driver_read(driver, 0x010) & 1 << 5); /* read-only */
	expect_bytes(driver, 0, 512, 1);
	expect_bytes(driver, 7, 4096, 8);
	expect_bytes(driver, 40, 512, 41); /* the last one */
	assert_int_equal(request(driver, SERIAL, 0, 20), 0);
	assert_string_equal((char *)driver->memory.host + BODY, "isolab-3");
	assert_int_equal(request(driver, FLUSH, 0, 0), 0);
	assert_int_equal(request(driver, 77, 0, 0), 2);
	end(driver);
}

static void test_request_outside_the_disk_is_an_error(void **state)
{
	struct driver *driver = start(false);

	(void)state;
	assert_int_equal(request(driver, READ, 41, 512), 1);
	assert_int_equal(request(driver, READ, 40, 1024), 1);
	assert_int_equal(request(driver, READ, UINT64_MAX, 512), 1);
	assert_int_equal(request(driver, READ, UINT64_MAX / 512 + 1, 512), 1);
	assert_int_equal(request(driver, READ, 0, 100), 1);
	assert_int_equal(request(driver, WRITE, 41, 512), 1);
	end(driver);
}

static void test_changes_stay_out_of_the_image(void **state)
{
	struct driver *driver = start(false);
	uint8_t image[IMAGE_BYTES];

	(void)state;
	memset(driver->memory.host + BODY, 200, 8192);
	assert_int_equal(request(driver, WRITE, 3, 512), 0);   /* within a cluster */
	assert_int_equal(request(driver, WRITE, 12, 8192), 0); /* over three */
	memset(driver->memory.host + BODY, 201, 512);
	assert_int_equal(request(driver, WRITE, 40, 512), 0); /* the last, half a cluster */
	expect_bytes(driver, 2, 512, 3);
	expect_bytes(driver, 3, 512, 200);
	expect_bytes(driver, 4, 4096, 5);
	expect_bytes(driver, 11, 512, 12);
	expect_bytes(driver, 12, 512, 200);
	expect_bytes(driver, 27, 512, 200);
	expect_bytes(driver, 28, 4096, 29);
	expect_bytes(driver, 40, 512, 201);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, image, sizeof(image)), sizeof(image));
	for (size_t i = 0; i < sizeof(image); i++)
		assert_int_equal(image[i], i / DISK_SECTOR + 1);
	end(driver);
}

static void test_read_only_disk_takes_no_write(void **state)
{
	struct driver *driver = start(true);

	(void)state;
	assert_int_equal(request(driver, WRITE, 0, 512), 1);
	expect_bytes(driver, 0, 512, 1);
	end(driver);
}

static void test_image_that_shrinks_is_an_error_and_a_word(void **state)
{
	struct driver *driver = start(false);
	char word[256];

	(void)state;
	memset(driver->memory.host + BODY, 200, 4096);
	assert_int_equal(request(driver, WRITE, 16, 4096), 0);
	assert_int_equal(truncate(path, DISK_CLUSTER), 0);
	expect_bytes(driver, 0, 4096, 1);
	assert_int_equal(request(driver, READ, 8, 4096), 1);
	assert_true(virtio_take_word(&driver->device, word, sizeof(word)));
	assert_non_null(strstr(word, "shorter than it was"));
	assert_non_null(strstr(word, path));
	assert_int_equal(request(driver, READ, 4, 8192), 1);
	assert_int_equal(request(driver, WRITE, 25, 512), 1); /* what is beside it is gone */
	assert_false(virtio_take_word(&driver->device, word, sizeof(word))); /* told once */
	expect_bytes(driver, 16, 512, 200); /* what was written is there */
	assert_false(driver_read(driver, 0x070) & VIRTIO_NEEDS_RESET);
	end(driver);
}

static void test_request_without_room_for_a_result_breaks_the_rules(void **state)
{
	struct driver *driver = start(false);

	(void)state;
	driver_descriptor(driver, 0, 0, HEADER, 16, 0, 0);
	driver_announce(driver, 0, 0);
	virtio_serve(&driver->device);
	assert_true(driver_read(driver, 0x070) & VIRTIO_NEEDS_RESET);
	driver_start(driver, 0);
	driver_descriptor(driver, 0, 0, HEADER, 15, DRIVER_NEXT, 1);
	driver_descriptor(driver, 0, 1, RESULT, 1, DRIVER_WRITE, 0);
	driver_announce(driver, 0, 0);
	virtio_serve(&driver->device);
	assert_true(driver_read(driver, 0x070) & VIRTIO_NEEDS_RESET);
	end(driver);
}

static void expect_refusal(const char *image, int code, const char *what)
{
	struct disk disk;
	struct err error = {0};

	assert_int_equal(disk_open(&disk, image, false, &error), -code);
	if (!strstr(error.what, what) || !strstr(error.what, image))
		fail_msg("'%s' or the path is not in '%s'", what, error.what);
	assert_true(error.hint[0]);
	assert_int_equal(disk.image_fd, -1);
}

static void test_images_that_are_none_are_refused_by_name(void **state)
{
	struct disk disk;

	(void)state;
	expect_refusal("/tmp/no-such-image", ENOENT, "open it");
	expect_refusal("/tmp", EINVAL, "neither a file");
	expect_refusal("/dev/null", EINVAL, "neither a file");
	make_image(100);
	expect_refusal(path, EINVAL, "not one sector");
	auto_close int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(pwrite(fd, "QFI\xfb", 4, 0), 4);
	expect_refusal(path, EINVAL, "qcow2");
	assert_int_equal(pwrite(fd, "raw!", 4, 0), 4);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	expect_refusal(path, EBUSY, "another program holds it");
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_int_equal(disk_open(&disk, path, true, NULL), 0);
	assert_int_equal(disk.changes_fd, -1);
	disk_close(&disk);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_guest_reads_its_disk),
	    cmocka_unit_test(test_request_outside_the_disk_is_an_error),
	    cmocka_unit_test(test_changes_stay_out_of_the_image),
	    cmocka_unit_test(test_read_only_disk_takes_no_write),
	    cmocka_unit_test(test_image_that_shrinks_is_an_error_and_a_word),
	    cmocka_unit_test(test_request_without_room_for_a_result_breaks_the_rules),
	    cmocka_unit_test(test_images_that_are_none_are_refused_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
