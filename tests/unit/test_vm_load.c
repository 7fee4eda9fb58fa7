/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kernel and initrd files, good and bad: each bad one gets its own sentence, none is mapped
 * outside RAM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm_machine.h"

/* A kernel of one text page and one data page. */
struct kernel_file {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
};

static struct kernel_file good_kernel(void)
{
	struct kernel_file kernel = {
	    .header = {.e_type = ET_EXEC,
		       .e_machine = EM_X86_64,
		       .e_entry = VM_WINDOW + VM_GPA_KERNEL,
		       .e_phoff = sizeof(Elf64_Ehdr),
		       .e_phentsize = sizeof(Elf64_Phdr),
		       .e_phnum = 2},
	    .segments = {{.p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_offset = 0x1000,
			  .p_vaddr = VM_WINDOW + VM_GPA_KERNEL,
			  .p_paddr = VM_GPA_KERNEL,
			  .p_filesz = 0x1000,
			  .p_memsz = 0x1000},
			 {.p_type = PT_LOAD,
			  .p_flags = PF_R | PF_W,
			  .p_offset = 0x2000,
			  .p_vaddr = VM_WINDOW + VM_GPA_KERNEL + 0x1000,
			  .p_paddr = VM_GPA_KERNEL + 0x1000,
			  .p_filesz = 0x10,
			  .p_memsz = 0x3000}},
	};
	memcpy(kernel.header.e_ident, ELFMAG, SELFMAG);
	kernel.header.e_ident[EI_CLASS] = ELFCLASS64;
	return kernel;
}

static int file_of(const void *data, size_t length, size_t bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	assert_int_equal(pwrite(fd, data, length, 0), (ssize_t)length);
	return fd;
}

static int load(struct vm *vm, const struct kernel_file *kernel, struct err *e)
{
	int fd = file_of(kernel, sizeof(*kernel), 0x3000);
	memset(&vm->layout, 0, sizeof(vm->layout));
	assert_int_equal(pwrite(fd, "next section", 12, 0x2010), 12);
	int r = load_kernel(vm, fd, e);
	close(fd);
	return r;
}

static void test_load_kernel_maps_segments_and_clears_behind_them(void **state)
{
	struct vm vm;
	struct told told;
	struct kernel_file kernel = good_kernel();
	char byte = 1;
	(void)state;
	machine_init(&vm, &told);
	assert_int_equal(load(&vm, &kernel, NULL), 0);
	assert_int_equal(vm.layout.segment_count, 2);
	assert_int_equal(vm.layout.kernel_end, VM_GPA_KERNEL + 0x4000);
	memory_read(&vm.memory, VM_GPA_KERNEL + 0x1010, &byte, 1);
	assert_int_equal(byte, 0);
	machine_finish(&vm);
}

static void spoil_magic(struct kernel_file *k)
{
	k->header.e_ident[1] = 'x';
}
static void spoil_machine(struct kernel_file *k)
{
	k->header.e_machine = EM_AARCH64;
}
static void spoil_type(struct kernel_file *k)
{
	k->header.e_type = ET_DYN;
}
static void spoil_table(struct kernel_file *k)
{
	k->header.e_phoff = UINT64_MAX - 8;
}
static void spoil_count(struct kernel_file *k)
{
	k->header.e_phnum = 0xffff;
}
static void spoil_place(struct kernel_file *k)
{
	k->segments[0].p_paddr = 0x1000;
}
static void spoil_window(struct kernel_file *k)
{
	k->segments[0].p_vaddr = 0;
}
static void spoil_size(struct kernel_file *k)
{
	k->segments[1].p_memsz = UINT64_MAX;
}
static void spoil_file_size(struct kernel_file *k)
{
	k->segments[1].p_filesz = 0x8000;
}
static void spoil_offset(struct kernel_file *k)
{
	k->segments[1].p_offset = 0x2001;
}
static void spoil_order(struct kernel_file *k)
{
	k->segments[1].p_paddr = VM_GPA_KERNEL;
	k->segments[1].p_vaddr = VM_WINDOW + VM_GPA_KERNEL;
}

static void test_load_kernel_refuses_each_kind_of_bad_file(void **state)
{
	static void (*const spoilers[])(struct kernel_file *) = {
	    spoil_magic,  spoil_machine, spoil_type,      spoil_table,  spoil_count, spoil_place,
	    spoil_window, spoil_size,    spoil_file_size, spoil_offset, spoil_order,
	};
	(void)state;
	for (size_t i = 0; i < sizeof(spoilers) / sizeof(spoilers[0]); i++) {
		struct vm vm;
		struct told told;
		struct err e = {0};
		struct kernel_file kernel = good_kernel();
		spoilers[i](&kernel);
		machine_init(&vm, &told);
		assert_int_equal(load(&vm, &kernel, &e), -ENOEXEC);
		assert_true(strlen(e.what) > 10);
		machine_finish(&vm);
	}
}

/* ---- initrd ---- */

static size_t put_entry(char *archive, size_t at, const char *name, const char *data)
{
	char header[128];
	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1, 0100755, 0, 0,
		 1, 0, strlen(data), 0, 0, 0, 0, strlen(name) + 1, 0);
	memcpy(archive + at, header, 110);
	memcpy(archive + at + 110, name, strlen(name) + 1);
	at = (at + 110 + strlen(name) + 1 + 3) & ~(size_t)3;
	memcpy(archive + at, data, strlen(data));
	return (at + strlen(data) + 3) & ~(size_t)3;
}

static int load_archive(struct vm *vm, const char *archive, size_t bytes, struct err *e)
{
	int fd = file_of(archive, bytes, bytes);
	memset(&vm->layout, 0, sizeof(vm->layout));
	vm->layout.kernel_end = VM_GPA_KERNEL;
	int r = load_initrd(vm, fd, e);
	close(fd);
	return r;
}

static void test_load_initrd_lists_its_programs(void **state)
{
	struct vm vm;
	struct told told;
	char archive[4096] = "", text[6] = "";
	size_t end = put_entry(archive, 0, "bin/one", "first");
	end = put_entry(archive, end, "bin/two", "second");
	end = put_entry(archive, end, "TRAILER!!!", "");
	(void)state;
	machine_init(&vm, &told);
	assert_int_equal(load_archive(&vm, archive, end, NULL), 0);
	assert_int_equal(vm.layout.file_count, 2);
	const struct initrd_file *file = layout_find(&vm.layout, "two");
	assert_ptr_equal(file, layout_find(&vm.layout, "/bin/two"));
	assert_null(layout_find(&vm.layout, "three"));
	memory_read(&vm.memory, file->gpa, text, 6);
	assert_memory_equal(text, "second", 6);
	assert_true(vm.layout.free_start < vm.layout.free_end);
	machine_finish(&vm);
}

static void test_load_initrd_refuses_it_cut_at_every_byte(void **state)
{
	struct vm vm;
	struct told told;
	char archive[4096] = "";
	size_t end = put_entry(archive, 0, "bin/one", "first");
	end = put_entry(archive, end, "TRAILER!!!", "");
	(void)state;
	for (size_t length = 0; length + 4 < end; length++) {
		struct err e = {0};
		machine_init(&vm, &told);
		assert_int_equal(load_archive(&vm, archive, length, &e), -EBADMSG);
		machine_finish(&vm);
	}
}

static void test_load_initrd_says_when_memory_is_too_small(void **state)
{
	struct vm vm;
	struct told told;
	struct err e = {0};
	char archive[4096] = "";
	size_t end = put_entry(archive, 0, "TRAILER!!!", "");
	(void)state;
	machine_init(&vm, &told);
	vm.memory.size = VM_GPA_KERNEL + MEMORY_PAGE;
	assert_int_equal(load_archive(&vm, archive, end, &e), -ENOMEM);
	assert_non_null(strstr(e.hint, "--memory"));
	vm.memory.size = MACHINE_BYTES;
	machine_finish(&vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_load_kernel_maps_segments_and_clears_behind_them),
	    cmocka_unit_test(test_load_kernel_refuses_each_kind_of_bad_file),
	    cmocka_unit_test(test_load_initrd_lists_its_programs),
	    cmocka_unit_test(test_load_initrd_refuses_it_cut_at_every_byte),
	    cmocka_unit_test(test_load_initrd_says_when_memory_is_too_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
