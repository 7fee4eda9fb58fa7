/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a program finds at its first instruction (the stack that execve(2) would have laid), and
 * which files are no programs. The stack is read as the program would: by addresses in its own
 * memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>

#include "abi.h"
#include "program.h"

enum { BYTES = 1 << 20, STACK = 0x10000, FILE_AT = 0x20000 };

/* Reads what the program would read at `address`. */
static uint64_t word_at(const struct memory *memory, uint64_t address)
{
	uint64_t word = 0;
	assert_int_equal(memory_read(memory, address - (VM_STACK_TOP - VM_STACK_BYTES) + STACK,
				     &word, 8),
			 0);
	return word;
}

static const char *text_at(const struct memory *memory, uint64_t address)
{
	return memory_at(memory, address - (VM_STACK_TOP - VM_STACK_BYTES) + STACK, 1);
}

static void test_stack_holds_words_as_execve_lays_them(void **state)
{
	struct memory memory;
	struct program program = {.entry = 0x401000, .headers = 0x400040, .header_count = 3};
	char *argv[] = {"true", "--long", NULL}, *env[] = {"A=1", NULL};
	uint64_t at = 0;
	(void)state;
	memory_init(&memory, BYTES, NULL);
	assert_int_equal(program_build_stack(&memory, STACK, &program, argv, env, &at, NULL), 0);
	assert_int_equal(at % 16, 0);
	assert_int_equal(word_at(&memory, at), 2);
	assert_string_equal(text_at(&memory, word_at(&memory, at + 8)), "true");
	assert_string_equal(text_at(&memory, word_at(&memory, at + 16)), "--long");
	assert_int_equal(word_at(&memory, at + 24), 0);
	assert_string_equal(text_at(&memory, word_at(&memory, at + 32)), "A=1");
	assert_int_equal(word_at(&memory, at + 40), 0);
	assert_int_equal(word_at(&memory, at + 48), 3); /* AT_PHDR */
	assert_int_equal(word_at(&memory, at + 56), 0x400040);
	memory_finish(&memory);
}

static void test_stack_refuses_more_than_fits_and_takes_what_just_does(void **state)
{
	static char word[VM_STACK_BYTES + 1];
	struct memory memory;
	struct program program = {0};
	char *argv[] = {"true", word, NULL}, *env[] = {NULL};
	uint64_t at = 0;
	size_t length = VM_STACK_BYTES;
	(void)state;
	memset(word, 'x', VM_STACK_BYTES);
	memory_init(&memory, BYTES, NULL);
	while (program_build_stack(&memory, STACK, &program, argv, env, &at, NULL) == -E2BIG)
		word[--length] = '\0';
	assert_in_range(length, VM_STACK_BYTES - 3000, VM_STACK_BYTES - 2000);
	assert_string_equal(text_at(&memory, word_at(&memory, at + 16)), word);
	assert_int_equal(memory.host[STACK - 1], 0);
	assert_int_equal(memory.host[STACK + VM_STACK_BYTES], 0);
	memory_finish(&memory);
}

static Elf64_Ehdr good_header(void)
{
	Elf64_Ehdr header = {.e_type = ET_EXEC,
			     .e_machine = EM_X86_64,
			     .e_entry = 0x401000,
			     .e_phoff = sizeof(header),
			     .e_phentsize = sizeof(Elf64_Phdr),
			     .e_phnum = 1};
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	return header;
}

static int inspect(const Elf64_Ehdr *header, uint32_t segment_type, uint64_t bytes,
		   struct program *ret)
{
	struct memory memory;
	Elf64_Phdr segment = {.p_type = segment_type, .p_vaddr = 0x400000, .p_filesz = 0x1000};
	memory_init(&memory, BYTES, NULL);
	memory_write(&memory, FILE_AT, header, sizeof(*header));
	memory_write(&memory, FILE_AT + sizeof(*header), &segment, sizeof(segment));
	int r = program_inspect(&memory, FILE_AT, bytes, ret, NULL);
	memory_finish(&memory);
	return r;
}

static void test_program_is_a_static_elf(void **state)
{
	struct program program;
	Elf64_Ehdr header = good_header();
	(void)state;
	assert_int_equal(inspect(&header, PT_LOAD, 0x1000, &program), 0);
	assert_int_equal(program.headers, 0x400040);
	assert_int_equal(inspect(&header, PT_INTERP, 0x1000, &program), -ENOEXEC);
	assert_int_equal(inspect(&header, PT_LOAD, 10, &program), -ENOEXEC);
	assert_int_equal(inspect(&header, PT_LOAD, UINT64_MAX, &program), -ENOEXEC);
	header.e_type = ET_DYN;
	assert_int_equal(inspect(&header, PT_LOAD, 0x1000, &program), -ENOEXEC);
	header = good_header();
	header.e_phnum = 0xffff;
	assert_int_equal(inspect(&header, PT_LOAD, 0x1000, &program), -ENOEXEC);
	header = good_header();
	header.e_phoff = UINT64_MAX - 4;
	assert_int_equal(inspect(&header, PT_LOAD, 0x1000, &program), -ENOEXEC);
	memcpy(header.e_ident, "#!/b", 4);
	assert_int_equal(inspect(&header, PT_LOAD, 0x1000, &program), -ENOEXEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stack_holds_words_as_execve_lays_them),
	    cmocka_unit_test(test_stack_refuses_more_than_fits_and_takes_what_just_does),
	    cmocka_unit_test(test_program_is_a_static_elf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
