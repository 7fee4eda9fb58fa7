/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What lies ready before a VM's first instruction beside files and device tree: the page tables
 * (read as the processor would walk them), the environment of the program, the counters for the
 * engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm_machine.h"

enum { PRESENT = 1, WRITABLE = 2, USER = 4, LARGE = 1 << 7 };
#define NO_EXECUTE   (1ull << 63)
#define ADDRESS_MASK 0x000ffffffffff000ull

static struct vm vm;
static struct told told;

static int set_up(void **state)
{
	(void)state;
	machine_init(&vm, &told);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	machine_finish(&vm);
	return 0;
}

static uint64_t entry_of(uint64_t table, uint64_t address, int level)
{
	uint64_t entry = 0;
	uint64_t index = address >> (12 + 9 * level) & 511;
	assert_int_equal(memory_read(&vm.memory, (table & ADDRESS_MASK) + 8 * index, &entry, 8), 0);
	return entry;
}

/* Walks from the PML4: the leaf's flags, *ret_gpa what the address means. 0 = not mapped. */
static uint64_t walk(uint64_t address, uint64_t *ret_gpa)
{
	uint64_t entry = VM_GPA_PML4;
	for (int level = 3; level >= 0; level--) {
		uint64_t size = 1ull << (12 + 9 * level);
		entry = entry_of(entry, address, level);
		if (!(entry & PRESENT))
			return 0;
		if (level == 0 || (level < 3 && entry & LARGE)) {
			*ret_gpa = (entry & ADDRESS_MASK & ~(size - 1)) + address % size;
			return entry;
		}
	}
	return 0;
}

static void test_window_shows_all_ram_and_not_page_zero(void **state)
{
	uint64_t gpa = 0;
	(void)state;
	assert_int_equal(pagetables_build(&vm, NULL), 0);
	for (uint64_t at = 0x1000; at < MACHINE_BYTES; at += 0x1000) {
		assert_true(walk(VM_WINDOW + at, &gpa) & PRESENT);
		assert_int_equal(gpa, at);
	}
	assert_int_equal(walk(VM_WINDOW, &gpa), 0);
	assert_int_equal(walk(VM_WINDOW + MACHINE_BYTES, &gpa), 0);
	assert_int_equal(walk(0x400000, &gpa), 0);
}

static void test_window_is_never_writable_and_executable(void **state)
{
	uint64_t gpa = 0;
	(void)state;
	vm.layout.segments[0] = (struct segment){VM_GPA_KERNEL, VM_GPA_KERNEL + 0x2000,
						 PF_R | PF_X};
	vm.layout.segments[1] = (struct segment){VM_GPA_KERNEL + 0x2000, VM_GPA_KERNEL + 0x3000,
						 PF_R};
	vm.layout.segment_count = 2;
	pagetables_build(&vm, NULL);
	for (uint64_t at = 0x1000; at < MACHINE_BYTES; at += 0x1000) {
		uint64_t leaf = walk(VM_WINDOW + at, &gpa);
		assert_true(!(leaf & WRITABLE) || leaf & NO_EXECUTE);
	}
	assert_int_equal(walk(VM_WINDOW + VM_GPA_KERNEL, &gpa) & (WRITABLE | NO_EXECUTE), 0);
	assert_true(walk(VM_WINDOW + VM_GPA_KERNEL + 0x2000, &gpa) & NO_EXECUTE);
}

/* The kernel's own C code runs at ring 3 in this address space; programs get another PML4. */
static void test_window_is_closed_by_the_pml4_alone(void **state)
{
	uint64_t gpa = 0;
	(void)state;
	pagetables_build(&vm, NULL);
	for (uint64_t at = 0x1000; at < MACHINE_BYTES; at += 0x1000)
		assert_true(walk(VM_WINDOW + at, &gpa) & USER);
	for (int level = 3; level >= 2; level--)
		assert_true(entry_of(level == 3 ? VM_GPA_PML4 : VM_GPA_PDPT, VM_WINDOW, level) &
			    USER);
}

static const char *find_word(char *const words[], const char *name)
{
	const char *found = NULL;
	for (size_t i = 0; words[i]; i++) {
		if (strncmp(words[i], name, strlen(name)) != 0 || words[i][strlen(name)] != '=')
			continue;
		assert_null(found); /* once only */
		found = words[i] + strlen(name) + 1;
	}
	return found;
}

static void test_environment_holds_each_name_once_the_nearest_wins(void **state)
{
	char path[] = "PATH=/mine", other[] = "A=1", *more[] = {path, other, NULL};
	(void)state;
	char **words = environment_make(&vm, more, NULL);
	assert_string_equal(find_word(words, "PATH"), "/mine");
	assert_string_equal(find_word(words, "A"), "1");
	assert_string_equal(find_word(words, "HOSTNAME"), "test");
	free(words);
	words = environment_make(&vm, NULL, NULL);
	assert_string_equal(find_word(words, "PATH"), "/bin:/usr/bin:/sbin:/usr/sbin");
	free(words);
}

static void test_stats_are_written_when_something_is_new(void **state)
{
	struct vm_stats stats;
	(void)state;
	vm.stats_fd = memfd_create("stats", MFD_CLOEXEC);
	int fd = dup(vm.stats_fd);
	assert_int_equal(vm_stats_read(fd, &stats), -EBADMSG);
	stats_publish(&vm, true);
	assert_int_equal(vm_stats_read(fd, &stats), -EBADMSG); /* nothing to tell yet */
	vm.stats.magic = VM_STATS_MAGIC;
	vm.stats.exits[VM_EXIT_IO] = 3;
	stats_publish(&vm, true);
	assert_int_equal(vm_stats_read(fd, &stats), 0);
	assert_int_equal(stats.exits[VM_EXIT_IO], 3);
	vm.stats.exits[VM_EXIT_IO] = 4;
	stats_publish(&vm, false); /* too soon */
	assert_int_equal(vm_stats_read(fd, &stats), 0);
	assert_int_equal(stats.exits[VM_EXIT_IO], 3);
	stats_close(&vm);
	close(fd);
}

static void test_absence_of_kvm_is_told_by_its_cause(void **state)
{
	static const struct {
		struct kvm_absence absence;
		const char *word;
	} causes[] = {
	    {{.is_in_kernel = true, .has_vmx = true}, "--device /dev/kvm"},
	    {{.has_vmx = true, .is_guest = true}, "kvm_intel"},
	    {{.has_svm = true}, "kvm_amd"},
	    {{.is_guest = true}, "nested"},
	    {{.is_guest = false}, "BIOS"},
	};
	struct kvm_absence here;
	(void)state;
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		assert_non_null(strstr(kvm_absence_hint(&causes[i].absence), causes[i].word));
	kvm_absence_find(&here);
	assert_non_null(kvm_absence_hint(&here));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_window_shows_all_ram_and_not_page_zero),
	    TEST(test_window_is_never_writable_and_executable),
	    TEST(test_window_is_closed_by_the_pml4_alone),
	    TEST(test_environment_holds_each_name_once_the_nearest_wins),
	    TEST(test_stats_are_written_when_something_is_new),
	    TEST(test_absence_of_kvm_is_told_by_its_cause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
