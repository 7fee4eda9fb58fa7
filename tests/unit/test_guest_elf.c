/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The teaching kernel's look at a program's file: what it accepts lies where programs may lie.
 * Each thing that a hostile file could say is said once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>

#include "elf.h"
#include "memlayout.h"
#include "space.h"

enum { FILE_BYTES = 0x3000 };

/* A program of two segments, and what a case wants changed. */
struct file {
	_Alignas(8) uint8_t bytes[FILE_BYTES];
};

static Elf64_Ehdr *header_of(struct file *file)
{
	return (Elf64_Ehdr *)file->bytes;
}

static Elf64_Phdr *segment_of(struct file *file, int number)
{
	return (Elf64_Phdr *)(file->bytes + sizeof(Elf64_Ehdr)) + number;
}

static struct file make_program(void)
{
	struct file file = {{0}};
	*header_of(&file) =
	    (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
			 .e_type = ET_EXEC,
			 .e_machine = EM_X86_64,
			 .e_entry = 0x401010,
			 .e_phoff = sizeof(Elf64_Ehdr),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 2};
	*segment_of(&file, 0) = (Elf64_Phdr){.p_type = PT_LOAD,
					     .p_flags = PF_R | PF_X,
					     .p_offset = 0x1000,
					     .p_vaddr = 0x401000,
					     .p_filesz = 0x800,
					     .p_memsz = 0x800};
	*segment_of(&file, 1) = (Elf64_Phdr){.p_type = PT_LOAD,
					     .p_flags = PF_R | PF_W,
					     .p_offset = 0x2010,
					     .p_vaddr = 0x402010,
					     .p_filesz = 0x100,
					     .p_memsz = 0x5000};
	return file;
}

static int read_program(const struct file *file, struct elf_program *program)
{
	const char *why = NULL;
	int r = elf_read(program, file->bytes, sizeof(file->bytes), &why);
	assert_true(r == 0 || (r == -ENOEXEC && why));
	return r;
}

static void test_good_program_is_read(void **state)
{
	struct file file = make_program();
	struct elf_program program;
	(void)state;
	assert_int_equal(read_program(&file, &program), 0);
	assert_int_equal(program.count, 2);
	assert_int_equal(program.entry, 0x401010);
	assert_int_equal(program.end, 0x407010);
	assert_int_equal(program.segments[0].rights, SPACE_READ | SPACE_EXECUTE);
	assert_int_equal(program.segments[1].memory_bytes, 0x5000);
}

/* Each case breaks one thing. */
static void test_bad_programs_are_refused(void **state)
{
	struct elf_program program;
	(void)state;
#define REFUSED(change)                                                    \
	do {                                                               \
		struct file file = make_program();                         \
		change;                                                    \
		assert_int_equal(read_program(&file, &program), -ENOEXEC); \
	} while (0)
	REFUSED(header_of(&file)->e_ident[0] = 0);
	REFUSED(header_of(&file)->e_ident[EI_CLASS] = ELFCLASS32);
	REFUSED(header_of(&file)->e_machine = EM_AARCH64);
	REFUSED(header_of(&file)->e_type = ET_DYN);
	REFUSED(header_of(&file)->e_phnum = 0);
	REFUSED(header_of(&file)->e_phnum = 0xffff);
	REFUSED(header_of(&file)->e_phentsize = 1);
	REFUSED(header_of(&file)->e_phoff = UINT64_MAX - 8);
	REFUSED(header_of(&file)->e_phoff = FILE_BYTES - 60);
	REFUSED(header_of(&file)->e_entry = 0);
	REFUSED(header_of(&file)->e_entry = VM_WINDOW + 0x50000);
	REFUSED(segment_of(&file, 0)->p_type = PT_INTERP);
	REFUSED(segment_of(&file, 0)->p_offset = UINT64_MAX - 0xfff);
	REFUSED(segment_of(&file, 0)->p_filesz = UINT64_MAX);
	REFUSED(segment_of(&file, 0)->p_filesz = 0x801);
	REFUSED(segment_of(&file, 0)->p_vaddr = 0x1000);
	REFUSED(segment_of(&file, 0)->p_vaddr = 0x401008);
	REFUSED(segment_of(&file, 1)->p_vaddr = 0x401010);
	REFUSED(segment_of(&file, 1)->p_vaddr = GATE + 0x10);
	REFUSED(segment_of(&file, 1)->p_vaddr = VM_WINDOW + 0x10);
	REFUSED(segment_of(&file, 1)->p_memsz = GATE);
	REFUSED(segment_of(&file, 1)->p_memsz = UINT64_MAX);
	REFUSED(segment_of(&file, 0)->p_type = segment_of(&file, 1)->p_type = PT_NOTE);
#undef REFUSED
}

static void test_program_cut_off_anywhere_is_survived(void **state)
{
	struct file file = make_program();
	struct elf_program program;
	const char *why;
	(void)state;
	for (uint64_t size = 0; size < 0x2110; size++)
		assert_int_equal(elf_read(&program, file.bytes, size, &why), -ENOEXEC);
	assert_int_equal(elf_read(&program, file.bytes, 0x2110, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good_program_is_read),
	    cmocka_unit_test(test_bad_programs_are_refused),
	    cmocka_unit_test(test_program_cut_off_anywhere_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
