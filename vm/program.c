/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program's file is checked on the host's side, before the guest is asked to run it: most
 * mistakes (a script, a dynamic program, an empty file) get their plain sentence here. The
 * guest's kernel checks again: its loader is its own. The stack grows down from VM_STACK_TOP.
 * From the top: strings, 16 random bytes, then the table of words that the System V ABI (x86-64
 * supplement, 3.4.1) asks for: argc, argv…, NULL, env…, NULL, auxv pairs…, AT_NULL, with RSP a
 * multiple of 16 at argc.
 */
#include "program.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>

#include "abi.h"

/* ---- the file ---- */

static int check_program(const Elf64_Ehdr *header, uint64_t bytes, struct err *e)
{
	const char *why = NULL;
	if (memcmp(header->e_ident, "#!", 2) == 0)
		why = "it is a script";
	else if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		why = "it is not a program (no ELF file)";
	else if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
		why = "it is a program for another processor";
	else if (header->e_type != ET_EXEC)
		why = "it is linked dynamically or position-independent";
	else if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff > bytes ||
		 header->e_phnum > (bytes - header->e_phoff) / sizeof(Elf64_Phdr))
		why = "it is cut off";
	if (!why)
		return 0;
	err_set(e, ENOEXEC, "%s", why);
	return err_hint(e, -ENOEXEC,
			"the teaching kernel runs static x86-64 programs (gcc -static -no-pie)");
}

int program_inspect(const struct memory *memory, uint64_t gpa, uint64_t bytes, struct program *ret,
		    struct err *e)
{
	Elf64_Ehdr header;
	if (bytes < sizeof(header) || !memory_at(memory, gpa, bytes) ||
	    memory_read(memory, gpa, &header, sizeof(header)) < 0)
		return err_set(e, ENOEXEC, "it is too short for a program");
	int r = check_program(&header, bytes, e);
	if (r < 0)
		return r;
	*ret = (struct program){.gpa = gpa,
				.bytes = bytes,
				.entry = header.e_entry,
				.header_count = header.e_phnum};
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;
		memory_read(memory, gpa + header.e_phoff + i * sizeof(segment), &segment,
			    sizeof(segment));
		if (segment.p_type == PT_INTERP)
			return err_hint(e, err_set(e, ENOEXEC, "it needs a dynamic loader"),
					"link it statically: gcc -static -no-pie");
		if (segment.p_type == PT_LOAD && segment.p_offset <= header.e_phoff &&
		    header.e_phoff - segment.p_offset < segment.p_filesz)
			ret->headers = segment.p_vaddr + (header.e_phoff - segment.p_offset);
	}
	return 0;
}

/* ---- the stack ---- */

enum {
	STACK_SPARE = 2048,
	AUXV_PAIRS = 10
}; /* room below the words for the program's first frames */

/* A cursor in the stack's block; `address` is what the program sees. */
struct stack {
	char *base;  /* of the block, in the monitor */
	size_t used; /* from its start upwards, next byte to fill */
};

static uint64_t stack_address(const struct stack *stack)
{
	return VM_STACK_TOP - VM_STACK_BYTES + stack->used;
}

static void put_word(struct stack *stack, uint64_t word)
{
	memcpy(stack->base + stack->used, &word, sizeof(word));
	stack->used += sizeof(word);
}

/* Writes the pointers of `words` at the table's cursor and their text at the strings' cursor. */
static void put_words(struct stack *table, struct stack *strings, char *const words[])
{
	for (size_t i = 0; words[i]; i++) {
		size_t length = strlen(words[i]) + 1;
		put_word(table, stack_address(strings));
		memcpy(strings->base + strings->used, words[i], length);
		strings->used += length;
	}
	put_word(table, 0);
}

static void put_auxv(struct stack *table, const struct program *program, uint64_t random,
		     uint64_t name)
{
	const uint64_t pairs[AUXV_PAIRS][2] = {
	    {AT_PHDR, program->headers},
	    {AT_PHENT, sizeof(Elf64_Phdr)},
	    {AT_PHNUM, program->header_count},
	    {AT_PAGESZ, MEMORY_PAGE},
	    {AT_ENTRY, program->entry},
	    {AT_CLKTCK, 100},
	    {AT_SECURE, 0},
	    {AT_RANDOM, random},
	    {AT_EXECFN, name},
	    {AT_NULL, 0},
	};
	for (size_t i = 0; i < AUXV_PAIRS; i++) {
		put_word(table, pairs[i][0]);
		put_word(table, pairs[i][1]);
	}
}

/* How many words there are, and how long all their text is. */
static size_t measure(char *const words[], size_t *length)
{
	size_t count = 0;
	for (; words[count]; count++)
		*length += strlen(words[count]) + 1;
	return count;
}

int program_build_stack(const struct memory *memory, uint64_t gpa, const struct program *program,
			char *const argv[], char *const env[], uint64_t *ret_pointer, struct err *e)
{
	enum { RANDOM_BYTES = 16 };
	size_t text = RANDOM_BYTES;
	size_t argc = measure(argv, &text), envc = measure(env, &text);
	size_t table_bytes = (1 + argc + 1 + envc + 1 + (size_t)AUXV_PAIRS * 2) * sizeof(uint64_t);
	if (argc == 0)
		return err_set(e, EINVAL, "a program needs a name");
	if (table_bytes + text + STACK_SPARE > VM_STACK_BYTES) {
		err_set(e, E2BIG, "arguments and environment are too long (%zu bytes)",
			table_bytes + text);
		return err_hint(e, -E2BIG, "the teaching kernel takes about %d bytes",
				VM_STACK_BYTES - STACK_SPARE);
	}
	char *base = memory_at(memory, gpa, VM_STACK_BYTES);
	char random[RANDOM_BYTES];
	if (!base || getrandom(random, sizeof(random), 0) != RANDOM_BYTES)
		return err_set(e, EFAULT, "the first stack does not fit the guest's memory");
	struct stack table = {base, (VM_STACK_BYTES - table_bytes - text) & ~(size_t)15};
	struct stack strings = {base, VM_STACK_BYTES - text};
	*ret_pointer = stack_address(&table);
	uint64_t random_at = stack_address(&strings);
	memcpy(base + strings.used, random, RANDOM_BYTES);
	strings.used += RANDOM_BYTES;
	put_word(&table, argc);
	uint64_t name = stack_address(&strings);
	put_words(&table, &strings, argv);
	put_words(&table, &strings, env);
	put_auxv(&table, program, random_at, name);
	return 0;
}
