// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two kinds of files that the kernel runs: a script, whose first line names its interpreter
 * after "#!", and an ELF file, whose program header PT_INTERP names its loader if it is linked
 * dynamically. Either may be missing, and the kernel then says "no such file" of the program
 * itself. See execve(2), elf(5).
 */
#include "program.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
enum { OUR_MACHINE = EM_X86_64 };
#else
enum { OUR_MACHINE = EM_AARCH64 };
#endif

/* The first word behind "#!". */
static void read_interpreter(const char *head, size_t length, struct program *ret)
{
	size_t start = 2, n = 0;

	while (start < length && (head[start] == ' ' || head[start] == '\t'))
		start++;
	/* strchr finds the NUL too: it ends the word like a blank. */
	while (start + n < length && n + 1 < sizeof(ret->needs) &&
	       !strchr(" \t\r\n", head[start + n]))
		n++;
	memcpy(ret->needs, head + start, n);
	ret->needs[n] = '\0';
}

/* The text that a PT_INTERP part points to, which must end with a NUL as the kernel demands. */
static void read_loader(const char *head, size_t length, const Elf64_Phdr *part,
			struct program *ret)
{
	if (part->p_filesz == 0 || part->p_filesz > sizeof(ret->needs) ||
	    part->p_offset >= length || part->p_filesz > length - part->p_offset)
		return;
	memcpy(ret->needs, head + part->p_offset, part->p_filesz);
	ret->needs[part->p_filesz - 1] = '\0';
}

static void read_elf(const char *head, size_t length, struct program *ret)
{
	Elf64_Ehdr header;
	Elf64_Phdr part;

	if (length < sizeof(header))
		return;
	memcpy(&header, head, sizeof(header));
	ret->is_foreign = header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != OUR_MACHINE;
	if (ret->is_foreign || header.e_phentsize != sizeof(part) || header.e_phoff > length)
		return;
	for (size_t i = 0; i < header.e_phnum; i++) {
		size_t at = header.e_phoff + i * sizeof(part);
		if (at > length || sizeof(part) > length - at)
			return;
		memcpy(&part, head + at, sizeof(part));
		if (part.p_type == PT_INTERP) {
			read_loader(head, length, &part, ret);
			return;
		}
	}
}

void program_read_head(const void *head, size_t length, struct program *ret)
{
	*ret = (struct program){.type = PROGRAM_TEXT};
	if (length >= 2 && memcmp(head, "#!", 2) == 0) {
		ret->type = PROGRAM_SCRIPT;
		read_interpreter(head, length, ret);
	} else if (length >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
		ret->type = PROGRAM_ELF;
		read_elf(head, length, ret);
	}
}
