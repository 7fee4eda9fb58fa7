/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs and archives that the teaching kernel is given, as hostile bytes: what is accepted lies
 * in the file and where programs may lie, one segment behind the other. */
#include <stddef.h>
#include <stdlib.h>

#include "cpio.h"
#include "elf.h"
#include "memlayout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
	if (!holds)
		abort();
}

static void look_at_program(const struct elf_program *program, size_t size)
{
	uint64_t end = USER_BASE;
	claim(program->count > 0 && program->count <= ELF_SEGMENTS);
	for (uint32_t i = 0; i < program->count; i++) {
		const struct elf_segment *segment = &program->segments[i];
		claim(segment->address / PAGE_BYTES >= (end + PAGE_BYTES - 1) / PAGE_BYTES);
		claim(segment->file_bytes <= segment->memory_bytes);
		claim(segment->offset <= size && segment->file_bytes <= size - segment->offset);
		claim(segment->memory_bytes <= GATE - segment->address);
		end = segment->address + segment->memory_bytes;
	}
	claim(program->end == end && program->entry < end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_program program;
	struct cpio_entry entry;
	const char *why;
	if (elf_read(&program, data, size, &why) == 0)
		look_at_program(&program, size);
	if (cpio_find(data, size, "bin/true", &entry))
		claim(entry.data >= (const char *)data &&
		      entry.data + entry.length <= (const char *)data + size);
	return 0;
}
