/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest names addresses and lengths at will: nothing outside its RAM may be reached, whatever
 * sum wraps around. And what is mapped from a file stays as it was in the file, whatever the
 * guest writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fd.h"
#include "memory.h"

enum { BYTES = 1 << 20 };

static void test_memory_is_zero_at_first(void **state)
{
	struct memory memory;
	uint64_t word = 1;
	(void)state;
	assert_int_equal(memory_init(&memory, BYTES, NULL), 0);
	assert_int_equal(memory_read(&memory, BYTES - 8, &word, sizeof(word)), 0);
	assert_int_equal(word, 0);
	memory_finish(&memory);
}

static void test_memory_refuses_what_is_not_all_ram(void **state)
{
	struct memory memory;
	char byte;
	(void)state;
	memory_init(&memory, BYTES, NULL);
	assert_non_null(memory_at(&memory, 0, BYTES));
	assert_non_null(memory_at(&memory, BYTES, 0));
	assert_null(memory_at(&memory, 0, BYTES + 1));
	assert_null(memory_at(&memory, BYTES, 1));
	assert_null(memory_at(&memory, BYTES - 1, 2));
	assert_null(memory_at(&memory, 1, UINT64_MAX));
	assert_null(memory_at(&memory, UINT64_MAX, 1));
	assert_null(memory_at(&memory, UINT64_MAX, UINT64_MAX));
	assert_int_equal(memory_read(&memory, BYTES, &byte, 1), -EFAULT);
	assert_int_equal(memory_write(&memory, UINT64_MAX - 1, &byte, 1), -EFAULT);
	memory_finish(&memory);
}

static int file_of(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	return fd;
}

static void test_memory_maps_a_file_and_never_writes_it_back(void **state)
{
	struct memory memory;
	char text[6] = "";
	int fd = file_of("hello");
	(void)state;
	memory_init(&memory, BYTES, NULL);
	assert_int_equal(memory_map_file(&memory, MEMORY_PAGE, fd, 0, 5, NULL), 0);
	memory_read(&memory, MEMORY_PAGE, text, 5);
	assert_string_equal(text, "hello");
	memory_write(&memory, MEMORY_PAGE, "HELLO", 5);
	assert_int_equal(pread(fd, text, 5, 0), 5);
	assert_string_equal(text, "hello");
	memory_finish(&memory);
	close(fd);
}

static void test_memory_refuses_a_file_that_does_not_fit(void **state)
{
	struct memory memory;
	struct err e = {0};
	int fd = file_of("hello");
	(void)state;
	memory_init(&memory, BYTES, NULL);
	assert_int_equal(memory_map_file(&memory, BYTES, fd, 0, 5, &e), -ENOMEM);
	assert_int_equal(memory_map_file(&memory, 0, fd, 0, BYTES + 1, &e), -ENOMEM);
	assert_int_equal(memory_map_file(&memory, 0, fd, 0, UINT64_MAX, &e), -ENOMEM);
	assert_int_equal(memory_map_file(&memory, 100, fd, 0, 5, &e), -EINVAL);
	memory_finish(&memory);
	close(fd);
}

/* Of this process. */
static unsigned long mapped_pages(void)
{
	char text[64];

	assert_true(fd_read_file(AT_FDCWD, "/proc/self/statm", text, sizeof(text)) > 0);
	return strtoul(text, NULL, 10);
}

static void test_huge_memory_begins_where_huge_pages_do(void **state)
{
	struct memory memory;
	unsigned long before = mapped_pages();

	(void)state;
	for (int i = 0; i < 8; i++) { /* wherever mmap(2) puts it */
		uint64_t size = (5ull << 20) + (uint64_t)i * MEMORY_PAGE;
		assert_int_equal(memory_init_huge(&memory, size, NULL), 0);
		assert_int_equal((uintptr_t)memory.host % MEMORY_HUGE_PAGE, 0);
		assert_int_equal(memory.size, size);
		assert_int_equal(memory.fd, -1);
		assert_int_equal(memory.host[0] + memory.host[size - 1], 0);
		memory_finish(&memory);
	}
	assert_int_equal(mapped_pages(), before);
	assert_true(memory_init_huge(&memory, 1ull << 62, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_memory_is_zero_at_first),
	    cmocka_unit_test(test_memory_refuses_what_is_not_all_ram),
	    cmocka_unit_test(test_memory_maps_a_file_and_never_writes_it_back),
	    cmocka_unit_test(test_memory_refuses_a_file_that_does_not_fit),
	    cmocka_unit_test(test_huge_memory_begins_where_huge_pages_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
