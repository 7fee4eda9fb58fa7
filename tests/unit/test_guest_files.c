/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The teaching kernel's texts: /proc, the archive of its initrd, and its random numbers. The
 * kernel's state is the test's own here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cpio.h"
#include "directory.h"
#include "kernel.h"
#include "proc.h"
#include "random.h"

struct kernel kernel;

uint64_t clock_now_ns(void)
{
	return 12345678901ULL;
}

/* A file of /proc, terminated; NULL: there is none. */
static const char *read_proc(const char *path)
{
	static char content[PAGE_BYTES + 1];
	struct text text = {.start = content, .size = PAGE_BYTES};
	uint64_t inode = 0;
	if (!proc_write(&text, &kernel.tasks[2], path, &inode))
		return NULL;
	content[text.length] = '\0';
	return content;
}

static int set_up(void **state)
{
	static uint8_t owners[3] = {FRAME_OF_TASK + 2, FRAME_FREE, FRAME_OF_TASK + 2};
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.machine.memory_bytes = 32 << 20;
	kernel.machine.processors = 2;
	kernel.machine.tsc_hz = 2600123456;
	kernel.frames = (struct frames){.owners = owners, .count = 3, .free = 1};
	memcpy(kernel.machine.hostname, "box", 4);
	memcpy(kernel.boot_id, "id", 3);
	kernel.tasks[2] = (struct task){
	    .channel = 2, .pid = 9, .state = TASK_RUNNABLE, .turns = 4, .name = "probe"};
	return 0;
}

static void test_proc_tells_the_machine(void **state)
{
	(void)state;
	assert_string_equal(read_proc("/proc/uptime"), "12.34 0.00\n");
	assert_string_equal(read_proc("/proc/sys/kernel/hostname"), "box\n");
	assert_string_equal(read_proc("/proc/sys/kernel/random/boot_id"), "id\n");
	assert_string_equal(read_proc("/proc/sys/kernel/osrelease"), "0.0.test\n");
	assert_non_null(strstr(read_proc("/proc/meminfo"), "MemTotal:       32768 kB\n"));
	assert_non_null(strstr(read_proc("/proc/meminfo"), "MemFree:        4 kB\n"));
	assert_non_null(
	    strstr(read_proc("/proc/cpuinfo"), "processor\t: 1\ncpu MHz\t\t: 2600.123"));
	assert_null(strstr(read_proc("/proc/version"), "Linux version"));
}

static void test_proc_tells_the_tasks(void **state)
{
	(void)state;
	assert_string_equal(read_proc("/proc/self/comm"), "probe\n");
	assert_string_equal(read_proc("/proc/9/comm"), "probe\n");
	assert_non_null(strstr(read_proc("/proc/self/status"), "VmRSS:\t8 kB\n"));
	assert_non_null(strstr(read_proc("/proc/tasks"), "9 2 4 8 probe R (running)\n"));
}

static void test_proc_has_nothing_else(void **state)
{
	static const char *const paths[] = {"",
					    "/proc",
					    "/proc/",
					    "proc/version",
					    "/proc/versio",
					    "/proc/version/",
					    "/proc/self",
					    "/proc/self/",
					    "/proc/1/comm",
					    "/proc//comm",
					    "/proc/99999999999999999999/comm"};
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_null(read_proc(paths[i]));
}

static void test_text_stops_at_its_size(void **state)
{
	char buffer[8] = "........";
	struct text text = {.start = buffer, .size = 5};
	(void)state;
	text_add(&text, "abc");
	text_add_number(&text, 1234567, 1);
	text_add_hex(&text, UINT64_MAX);
	assert_int_equal(text.length, 5);
	assert_memory_equal(buffer, "abc12...", 8);
}

/* lseek(2) goes anywhere, and a name is no length. */
static void test_directory_entries_are_whole_from_any_position(void **state)
{
	static char list[PAGE_BYTES];
	struct text text = {.start = list, .size = sizeof(list)};
	uint64_t inode;
	(void)state;
	assert_true(directory_write(&text, "/proc", &inode));
	assert_int_equal(directory_whole_entries(list, text.length, UINT64_MAX), text.length);
	for (uint32_t from = 0; from <= text.length; from++) {
		uint32_t rest = text.length - from;
		assert_in_range(directory_whole_entries(list + from, rest, 0x10000), 0, rest);
	}
}

static size_t put_file(char *archive, size_t at, const char *name, unsigned mode, const char *data)
{
	unsigned name_bytes = (unsigned)strlen(name) + 1, bytes = (unsigned)strlen(data);
	snprintf(archive + at, 111, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1,
		 mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0, name_bytes, 0);
	memcpy(archive + at + 110, name, name_bytes);
	at = (at + 110 + name_bytes + 3) & ~(size_t)3;
	memcpy(archive + at, data, bytes);
	return (at + bytes + 3) & ~(size_t)3;
}

static void test_cpio_finds_files_by_name(void **state)
{
	static char archive[1024];
	struct cpio_entry entry;
	(void)state;
	size_t size = put_file(archive, 0, "bin", 040755, "");
	size = put_file(archive, size, "bin/one", 0100755, "first");
	size = put_file(archive, size, "bin/two", 0100644, "second one");
	size = put_file(archive, size, "TRAILER!!!", 0, "");
	assert_true(cpio_find(archive, size, "bin/two", &entry));
	assert_int_equal(entry.length, 10);
	assert_memory_equal(entry.data, "second one", 10);
	assert_true(cpio_find(archive, size, "bin", &entry));
	assert_int_equal(entry.mode, 040755);
	assert_false(cpio_find(archive, size, "bin/three", &entry));
	assert_false(cpio_find(archive, size, "TRAILER!!!", &entry));
	for (size_t cut = 0; cut < size; cut++)
		cpio_find(archive, cut, "bin/two", &entry);
	memcpy(archive + 6 + 8 * 11, "ffffffff", 8); /* a name of 4 GiB */
	assert_false(cpio_find(archive, size, "bin/two", &entry));
}

/* RFC 8439, appendix A.1, test vectors 1 and 2. */
static void test_random_is_chacha20(void **state)
{
	static const uint8_t key[RANDOM_KEY_BYTES];
	static const uint8_t first[] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90},
			     second[] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a};
	uint8_t block[RANDOM_BLOCK_BYTES];
	(void)state;
	random_block(key, 0, block);
	assert_memory_equal(block, first, sizeof(first));
	assert_int_equal(block[63], 0x86);
	random_block(key, 1, block);
	assert_memory_equal(block, second, sizeof(second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_proc_tells_the_machine, set_up),
	    cmocka_unit_test_setup(test_proc_tells_the_tasks, set_up),
	    cmocka_unit_test_setup(test_proc_has_nothing_else, set_up),
	    cmocka_unit_test_setup(test_directory_entries_are_whole_from_any_position, set_up),
	    cmocka_unit_test(test_text_stops_at_its_size),
	    cmocka_unit_test(test_cpio_finds_files_by_name),
	    cmocka_unit_test(test_random_is_chacha20),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
