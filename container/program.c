// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two kinds of files that the kernel runs: a script, whose first line names its interpreter
 * after "#!", and an ELF file, whose program header PT_INTERP names its loader if it is linked
 * dynamically. Either may be missing, and the kernel then says "no such file" of the program
 * itself. What surprises: a line that ends as on Windows has a carriage return, which belongs to
 * the interpreter's name. See execve(2), elf(5).
 */
#include "program.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
enum { OUR_MACHINE = EM_X86_64 };
const char program_our_machine[] = "x86-64";
#else
enum { OUR_MACHINE = EM_AARCH64 };
const char program_our_machine[] = "aarch64";
#endif

static const struct {
	unsigned number;
	const char *name;
} machines[] = {
    {EM_386, "i386"},
    {EM_X86_64, "x86-64"},
    {EM_ARM, "arm"},
    {EM_AARCH64, "aarch64"},
    {243 /* EM_RISCV */, "riscv"},
    {EM_PPC64, "ppc64"},
    {EM_S390, "s390x"},
    {EM_MIPS, "mips"},
    {258 /* EM_LOONGARCH */, "loongarch"},
};

/* The first word behind "#!", which ends where the kernel ends it. */
static void read_interpreter(const char *head, size_t length, struct program *ret)
{
	size_t start = 2, n = 0;

	while (start < length && (head[start] == ' ' || head[start] == '\t'))
		start++;
	/* strchr finds the NUL too: it ends the word like a blank. */
	while (start + n < length && n + 1 < sizeof(ret->needs) &&
	       !strchr(" \t\n", head[start + n]))
		n++;
	memcpy(ret->needs, head + start, n);
	ret->needs[n] = '\0';
}

/* The text at `offset`, which must end with a NUL as the kernel demands. */
static void read_loader(const char *head, size_t length, uint64_t offset, uint64_t bytes,
			struct program *ret)
{
	if (bytes == 0 || bytes > sizeof(ret->needs) || offset >= length || bytes > length - offset)
		return;
	memcpy(ret->needs, head + offset, (size_t)bytes);
	ret->needs[bytes - 1] = '\0';
}

/* The program headers: `count` of `size` bytes each at `offset`. */
struct parts {
	uint64_t offset;
	size_t size, count;
};

static void find_loader(const char *head, size_t length, const struct parts *parts, bool is_wide,
			struct program *ret)
{
	for (size_t i = 0; i < parts->count; i++) {
		uint64_t at = parts->offset + i * parts->size;
		Elf64_Phdr wide = {.p_type = PT_NULL};
		Elf32_Phdr narrow = {.p_type = PT_NULL};

		if (at > length || parts->size > length - at)
			return;
		memcpy(is_wide ? (void *)&wide : (void *)&narrow, head + at, parts->size);
		if (wide.p_type == PT_INTERP)
			read_loader(head, length, wide.p_offset, wide.p_filesz, ret);
		if (narrow.p_type == PT_INTERP)
			read_loader(head, length, narrow.p_offset, narrow.p_filesz, ret);
		if (wide.p_type == PT_INTERP || narrow.p_type == PT_INTERP)
			return;
	}
}

static void read_wide(const char *head, size_t length, struct program *ret)
{
	Elf64_Ehdr header;

	if (length < sizeof(header))
		return;
	memcpy(&header, head, sizeof(header));
	const struct parts parts = {header.e_phoff, header.e_phentsize, header.e_phnum};
	if (parts.size == sizeof(Elf64_Phdr) && parts.offset <= length)
		find_loader(head, length, &parts, true, ret);
}

/* Of 32 bits, as an i386 program is, which many kernels for x86-64 run. */
static void read_narrow(const char *head, size_t length, struct program *ret)
{
	Elf32_Ehdr header;

	if (length < sizeof(header))
		return;
	memcpy(&header, head, sizeof(header));
	const struct parts parts = {header.e_phoff, header.e_phentsize, header.e_phnum};
	if (parts.size == sizeof(Elf32_Phdr) && parts.offset <= length)
		find_loader(head, length, &parts, false, ret);
}

static void read_elf(const char *head, size_t length, struct program *ret)
{
	uint16_t machine;
	bool is_wide = length > EI_CLASS && head[EI_CLASS] == ELFCLASS64;

	ret->machine = "unknown";
	/* Up to here both widths are alike. Another byte order is another machine anyway. */
	if (length < offsetof(Elf64_Ehdr, e_machine) + sizeof(machine))
		return;
	memcpy(&machine, head + offsetof(Elf64_Ehdr, e_machine), sizeof(machine));
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].number == machine)
			ret->machine = machines[i].name;
	ret->is_foreign = !is_wide || machine != OUR_MACHINE;
	if (head[EI_DATA] != ELFDATA2LSB)
		return;
	if (is_wide)
		read_wide(head, length, ret);
	else
		read_narrow(head, length, ret);
}

void program_read_head(const void *head, size_t length, struct program *ret)
{
	*ret = (struct program){.type = length ? PROGRAM_TEXT : PROGRAM_EMPTY};
	if (length >= 2 && memcmp(head, "#!", 2) == 0) {
		ret->type = PROGRAM_SCRIPT;
		read_interpreter(head, length, ret);
	} else if (length >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
		ret->type = PROGRAM_ELF;
		read_elf(head, length, ret);
	}
}
