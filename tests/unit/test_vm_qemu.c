/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What QEMU would be started with: its words, what it inherits, the file in which it keeps a
 * guest's changes. Nothing is started.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "qemu.h"

enum { IMAGE_BYTES = 3 << 20 };

static bool has_word(const struct qemu_launch *launch, const char *wanted)
{
	for (unsigned i = 0; i < launch->word_count; i++)
		if (strstr(launch->words[i], wanted))
			return true;
	return false;
}

/* An opened disk with an image of zeros. */
static void open_disk(struct disk *disk, bool is_read_only)
{
	int image = memfd_create("image", MFD_CLOEXEC);

	assert_int_equal(ftruncate(image, IMAGE_BYTES), 0);
	assert_int_equal(disk_take(disk, image, is_read_only, NULL), 0);
}

static void test_changes_are_an_empty_qcow2_as_large_as_the_disk(void **state)
{
	static const uint8_t size[] = {0, 0, 0, 0, 0, 0x30, 0, 0};
	struct qemu_launch launch;
	struct disk disk;
	uint8_t head[32];
	struct stat status;

	(void)state;
	qemu_launch_init(&launch, false);
	open_disk(&disk, false);
	int changes = dup(disk.changes_fd);
	assert_int_equal(qemu_disk_add(&launch, &disk, "isolab-0", NULL), 0);
	assert_int_equal(disk.image_fd, -1);
	assert_int_equal(disk.changes_fd, -1);
	assert_int_equal(pread(changes, head, sizeof(head), 0), sizeof(head));
	assert_memory_equal(head, "QFI\xfb\0\0\0\3", 8);
	assert_memory_equal(head + 24, size, sizeof(size));
	assert_int_equal(fstat(changes, &status), 0);
	assert_int_equal(status.st_size, 4 * 65536);
	assert_true(launch.file_bytes_max > IMAGE_BYTES);
	assert_int_equal(launch.passed_count, 2);
	assert_true(has_word(&launch, "backing=raw0"));
	assert_true(has_word(&launch, "drive=disk0,serial=isolab-0"));
	disk_close(&disk);
	qemu_launch_finish(&launch);
	close(changes);
}

static void test_a_disk_to_be_read_lets_qemu_write_nothing(void **state)
{
	struct qemu_launch launch;
	struct disk disk;

	(void)state;
	qemu_launch_init(&launch, true);
	open_disk(&disk, true);
	assert_int_equal(qemu_disk_add(&launch, &disk, "isolab-0", NULL), 0);
	assert_int_equal(launch.file_bytes_max, 0);
	assert_int_equal(launch.passed_count, 1);
	assert_true(has_word(&launch, "node-name=disk0,file=image0,read-only=on"));
	assert_false(has_word(&launch, "qcow2"));
	qemu_launch_finish(&launch);
}

static void test_numbers_follow_those_of_the_wires(void **state)
{
	struct qemu_launch launch;

	(void)state;
	qemu_launch_init(&launch, false);
	assert_int_equal(qemu_launch_pass(&launch, dup(0)), QEMU_FIRST_FD + QEMU_WORDS);
	assert_int_equal(qemu_launch_pass(&launch, dup(0)), QEMU_FIRST_FD + QEMU_WORDS + 1);
	qemu_launch_finish(&launch);
	assert_int_equal(launch.passed_count, 0);
}

/* All disks and volumes that may be asked for, each volume being a disk with a copy, too. */
static void test_there_is_room_for_all_devices(void **state)
{
	struct qemu_launch launch;
	struct disk disk;

	(void)state;
	qemu_launch_init(&launch, false);
	qemu_launch_size(&launch, &(struct sandbox_spec){.vcpus = 8}, 1 << 30);
	for (int i = 0; i < SPEC_DISKS_MAX + VM_VOLUMES_MAX + 1; i++) {
		open_disk(&disk, false);
		assert_int_equal(qemu_disk_add(&launch, &disk, "isolab-number", NULL), 0);
		disk_close(&disk);
	}
	for (int i = 0; i < 8; i++) /* the board, a card */
		qemu_launch_option(&launch, "-device", "some-device,with=a-value");
	assert_false(launch.is_overfull);
	qemu_launch_finish(&launch);
}

/* More than can be told is an error when it is started, and no word is left out unnoticed. */
static void test_too_much_is_noticed(void **state)
{
	struct qemu_launch launch;

	(void)state;
	qemu_launch_init(&launch, false);
	for (int i = 0; i < QEMU_PASSED_MAX; i++)
		qemu_launch_pass(&launch, dup(0));
	assert_false(launch.is_overfull);
	qemu_launch_pass(&launch, dup(0));
	assert_true(launch.is_overfull);
	qemu_launch_finish(&launch);

	qemu_launch_init(&launch, false);
	for (int i = 0; i < QEMU_WORDS_MAX; i++)
		qemu_launch_option(&launch, "-device", "number%d", i);
	assert_true(launch.is_overfull);
	assert_true(launch.word_count <= QEMU_WORDS_MAX);
	qemu_launch_finish(&launch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_changes_are_an_empty_qcow2_as_large_as_the_disk),
	    cmocka_unit_test(test_a_disk_to_be_read_lets_qemu_write_nothing),
	    cmocka_unit_test(test_numbers_follow_those_of_the_wires),
	    cmocka_unit_test(test_there_is_room_for_all_devices),
	    cmocka_unit_test(test_too_much_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
