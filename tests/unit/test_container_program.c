// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a file needs in order to run, read from whole, cut and lying heads: an image may hold
 * anything, and what is found in it goes into a message.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "program.h"

#ifdef __x86_64__
enum { OUR_MACHINE = EM_X86_64, OTHER_MACHINE = EM_AARCH64 };
#else
enum { OUR_MACHINE = EM_AARCH64, OTHER_MACHINE = EM_X86_64 };
#endif

static const char loader[] = "/lib/ld-test.so.1";

/* An ELF file with one part that names the loader. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr parts[2];
	char loader[sizeof(loader)];
};

static struct image make_image(void)
{
	struct image image = {
	    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
		       .e_machine = OUR_MACHINE,
		       .e_phoff = offsetof(struct image, parts),
		       .e_phentsize = sizeof(Elf64_Phdr),
		       .e_phnum = 2},
	    .parts = {{.p_type = PT_LOAD},
		      {.p_type = PT_INTERP,
		       .p_offset = offsetof(struct image, loader),
		       .p_filesz = sizeof(loader)}},
	};

	memcpy(image.loader, loader, sizeof(loader));
	return image;
}

static struct program read_head(const void *head, size_t length)
{
	struct program program;

	program_read_head(head, length, &program);
	return program;
}

static void test_script_names_its_interpreter(void **state)
{
	(void)state;
	assert_string_equal(read_head("#!/bin/sh\n", 10).needs, "/bin/sh");
	assert_string_equal(read_head("#! \t/usr/bin/env python\n", 23).needs, "/usr/bin/env");
	assert_string_equal(read_head("#!/bin/sh", 9).needs, "/bin/sh");
	assert_string_equal(read_head("#!", 2).needs, "");
	assert_int_equal(read_head("#!/bin/sh\n", 10).type, PROGRAM_SCRIPT);
}

static void test_long_interpreter_is_cut(void **state)
{
	char head[PROGRAM_HEAD_MAX];

	(void)state;
	memset(head, 'x', sizeof(head));
	memcpy(head, "#!", 2);
	assert_int_equal(strlen(read_head(head, sizeof(head)).needs), PROGRAM_NEEDS_MAX - 1);
}

static void test_elf_names_its_loader(void **state)
{
	struct image image = make_image();
	struct program program = read_head(&image, sizeof(image));

	(void)state;
	assert_int_equal(program.type, PROGRAM_ELF);
	assert_string_equal(program.needs, loader);
	assert_false(program.is_foreign);
}

static void test_elf_of_another_processor_is_foreign(void **state)
{
	struct image image = make_image();

	(void)state;
	image.header.e_machine = OTHER_MACHINE;
	assert_true(read_head(&image, sizeof(image)).is_foreign);
	image = make_image();
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_true(read_head(&image, sizeof(image)).is_foreign);
}

static void test_cut_elf_needs_nothing_that_is_not_there(void **state)
{
	struct image image = make_image();

	(void)state;
	for (size_t length = 0; length < offsetof(struct image, loader) + sizeof(loader); length++)
		assert_string_equal(read_head(&image, length).needs, "");
}

static void test_lying_elf_is_not_believed(void **state)
{
	struct image image = make_image();

	(void)state;
	image.header.e_phoff = UINT64_MAX - 8;
	assert_string_equal(read_head(&image, sizeof(image)).needs, "");
	image = make_image();
	image.parts[1].p_offset = UINT64_MAX - 4;
	assert_string_equal(read_head(&image, sizeof(image)).needs, "");
	image = make_image();
	image.parts[1].p_filesz = UINT64_MAX;
	assert_string_equal(read_head(&image, sizeof(image)).needs, "");
	image = make_image();
	image.header.e_phnum = UINT16_MAX;
	image.parts[1].p_type = PT_NULL;
	assert_string_equal(read_head(&image, sizeof(image)).needs, "");
}

static void test_narrow_elf_names_its_loader(void **state)
{
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr part;
		char loader[sizeof(loader)];
	} image = {
	    .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB},
		       .e_machine = EM_386,
		       .e_phoff = sizeof(Elf32_Ehdr),
		       .e_phentsize = sizeof(Elf32_Phdr),
		       .e_phnum = 1},
	    .part = {.p_type = PT_INTERP,
		     .p_offset = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
		     .p_filesz = sizeof(loader)},
	};
	struct program program;

	(void)state;
	memcpy(image.loader, loader, sizeof(loader));
	program = read_head(&image, sizeof(image));
	assert_string_equal(program.needs, loader);
	assert_string_equal(program.machine, "i386");
	assert_true(program.is_foreign);
	for (size_t length = 0; length + 1 < sizeof(image.header) + sizeof(image.part); length++)
		assert_string_equal(read_head(&image, length).needs, "");
}

static void test_machines_have_names(void **state)
{
	struct image image = make_image();

	(void)state;
	assert_string_equal(read_head(&image, sizeof(image)).machine, program_our_machine);
	image.header.e_machine = 243;
	assert_string_equal(read_head(&image, sizeof(image)).machine, "riscv");
	image.header.e_machine = 9999;
	assert_string_equal(read_head(&image, sizeof(image)).machine, "unknown");
	assert_string_equal(read_head(&image, 10).machine, "unknown");
}

static void test_carriage_return_belongs_to_the_interpreter(void **state)
{
	(void)state;
	assert_string_equal(read_head("#!/bin/sh\r\n", 11).needs, "/bin/sh\r");
}

static void test_text_is_text(void **state)
{
	(void)state;
	assert_int_equal(read_head("echo hi\n", 8).type, PROGRAM_TEXT);
	assert_int_equal(read_head("", 0).type, PROGRAM_EMPTY);
	assert_int_equal(read_head("\x7f"
				   "EL",
				   3)
			     .type,
			 PROGRAM_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_script_names_its_interpreter),
	    cmocka_unit_test(test_long_interpreter_is_cut),
	    cmocka_unit_test(test_elf_names_its_loader),
	    cmocka_unit_test(test_elf_of_another_processor_is_foreign),
	    cmocka_unit_test(test_cut_elf_needs_nothing_that_is_not_there),
	    cmocka_unit_test(test_lying_elf_is_not_believed),
	    cmocka_unit_test(test_narrow_elf_names_its_loader),
	    cmocka_unit_test(test_machines_have_names),
	    cmocka_unit_test(test_carriage_return_belongs_to_the_interpreter),
	    cmocka_unit_test(test_text_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
