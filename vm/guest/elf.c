/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * elf: only what is loaded matters, the program headers (System V ABI, chapter 5). A program that
 * asks for an interpreter needs a dynamic linker, which we do not have.
 */
#include "elf.h"

#include <asm/errno.h>
#include <linux/elf-em.h>
#include <linux/elf.h>

#include "memlayout.h"
#include "space.h"
#include "string.h"

static const char *check_header(const Elf64_Ehdr *header, uint64_t size)
{
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != EM_X86_64)
		return "not a program for this processor";
	if (header->e_type != ET_EXEC)
		return "not a program linked for a fixed address";
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
	    header->e_phnum > 64)
		return "its list of segments is damaged";
	if (header->e_phoff > size || size - header->e_phoff < header->e_phnum * sizeof(Elf64_Phdr))
		return "its list of segments is not in the file";
	return NULL;
}

static unsigned rights_of(uint32_t flags)
{
	return (flags & PF_R ? SPACE_READ : 0) | (flags & PF_W ? SPACE_WRITE : 0) |
	       (flags & PF_X ? SPACE_EXECUTE : 0);
}

static uint64_t page_up(uint64_t address)
{
	return (address + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

static const char *add_segment(struct elf_program *program, const Elf64_Phdr *header, uint64_t size)
{
	uint64_t address = header->p_vaddr;
	if (!header->p_memsz)
		return NULL;
	if (program->count == ELF_SEGMENTS)
		return "it has too many segments";
	if (header->p_offset > size || header->p_filesz > size - header->p_offset ||
	    header->p_filesz > header->p_memsz)
		return "a segment is not in the file";
	if (address < USER_BASE || address >= GATE || header->p_memsz > GATE - address)
		return "a segment lies where no program can be";
	if ((address - header->p_offset) % PAGE_BYTES)
		return "a segment does not lie on its pages";
	if (address / PAGE_BYTES * PAGE_BYTES < page_up(program->end))
		return "two segments share a page";
	program->segments[program->count++] =
	    (struct elf_segment){.address = address,
				 .memory_bytes = header->p_memsz,
				 .offset = header->p_offset,
				 .file_bytes = header->p_filesz,
				 .rights = rights_of(header->p_flags)};
	program->end = address + header->p_memsz;
	return NULL;
}

static const char *read_program(struct elf_program *program, const uint8_t *data, uint64_t size)
{
	Elf64_Ehdr header;
	if (size < sizeof(header) || memcmp(data, ELFMAG, SELFMAG) != 0)
		return "not an ELF file";
	memcpy(&header, data, sizeof(header));
	const char *fault = check_header(&header, size);
	for (unsigned i = 0; !fault && i < header.e_phnum; i++) {
		Elf64_Phdr segment;
		memcpy(&segment, data + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_INTERP)
			fault = "it is linked dynamically, and there is no dynamic linker here";
		else if (segment.p_type == PT_LOAD)
			fault = add_segment(program, &segment, size);
	}
	if (!fault && !program->count)
		fault = "it has nothing to be loaded";
	program->entry = header.e_entry;
	if (!fault && (program->entry < USER_BASE || program->entry >= program->end))
		fault = "it begins outside of itself";
	return fault;
}

int elf_read(struct elf_program *program, const void *data, uint64_t size, const char **ret_why)
{
	*program = (struct elf_program){0};
	const char *fault = read_program(program, data, size);
	if (!fault)
		return 0;
	*ret_why = fault;
	return -ENOEXEC;
}
