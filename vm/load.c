/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kernel: an ELF file whose PT_LOAD segments are mapped, each at its physical address, straight
 * from the file: nothing is read, nothing is copied, and all tiny VMs of a host share the pages.
 * That asks for segments on pages of their own (ld -z separate-code does it). Initrd: a cpio
 * archive (newc, Documentation/driver-api/early-userspace/buffer-format.rst) mapped the same way
 * behind it. Its list of files is made here, before the guest can write to it.
 */
#include "load.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "str.h"
#include "vm.h"

enum { HEADERS_BYTES = 4096, INITRD_MAX_BYTES = 64 << 20 };

static int check_header(const Elf64_Ehdr *header, size_t length, struct err *e)
{
	if (length < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return err_set(e, ENOEXEC, "it is not an ELF file");
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
		return err_set(e, ENOEXEC, "it is for another architecture (machine %u)",
			       header->e_machine);
	if (header->e_type != ET_EXEC)
		return err_set(e, ENOEXEC, "it is not linked statically at fixed addresses");
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
	    header->e_phoff > length ||
	    header->e_phnum > (length - header->e_phoff) / sizeof(Elf64_Phdr))
		return err_set(e, ENOEXEC, "its program headers are cut off");
	return 0;
}

/* Beyond the end of the file a mapping has no pages: touching them would end the monitor. */
static int check_length(uint64_t bytes, const Elf64_Phdr *segment, struct err *e)
{
	if (segment->p_offset > bytes || segment->p_filesz > bytes - segment->p_offset)
		return err_set(e, ENOEXEC, "it is cut off");
	return 0;
}

/* Maps one segment, zeroes the rest of its last page (what comes next in the file shows there),
 * notes it. */
static int map_segment(struct vm *vm, int fd, uint64_t bytes, const Elf64_Phdr *segment,
		       struct err *e)
{
	struct layout *layout = &vm->layout;
	uint64_t start = segment->p_paddr, file = segment->p_filesz, size = segment->p_memsz;
	if (start % MEMORY_PAGE || segment->p_offset % MEMORY_PAGE || size < file ||
	    segment->p_vaddr - start != VM_WINDOW || start < layout->kernel_end ||
	    !memory_at(&vm->memory, start, size) || size > memory_page_up(size))
		return err_set(e, ENOEXEC, "its segment at 0x%llx does not lie as vm/abi.h asks",
			       (unsigned long long)start);
	if (layout->segment_count == LAYOUT_SEGMENTS)
		return err_set(e, ENOEXEC, "it has more than %d segments", LAYOUT_SEGMENTS);
	int r = check_length(bytes, segment, e);
	if (r == 0)
		r = memory_map_file(&vm->memory, start, fd, segment->p_offset, file, e);
	if (r < 0)
		return r;
	if (size > file && file % MEMORY_PAGE)
		memset(vm->memory.host + start + file, 0, memory_page_up(file) - file);
	layout->kernel_end = memory_page_up(start + size);
	layout->segments[layout->segment_count++] = (struct segment){start, layout->kernel_end,
								     segment->p_flags};
	return 0;
}

int load_kernel(struct vm *vm, int fd, struct err *e)
{
	_Alignas(Elf64_Ehdr) char headers[HEADERS_BYTES];
	struct stat status;
	ssize_t length = pread(fd, headers, sizeof(headers), 0);
	if (length < 0 || fstat(fd, &status) < 0)
		return err_sys(e, errno, "read its headers");
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)headers;
	int r = check_header(header, (size_t)length, e);
	if (r < 0)
		return r;
	vm->layout.kernel_end = VM_GPA_KERNEL;
	for (unsigned i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment;
		memcpy(&segment, headers + header->e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_LOAD && segment.p_memsz)
			r = map_segment(vm, fd, (uint64_t)status.st_size, &segment, e);
		if (r < 0)
			return r;
	}
	vm->layout.entry = header->e_entry;
	return 0;
}

/* ---- the initrd ---- */

/* The header of a file in a newc archive: 13 numbers of 8 hexadecimal digits. */
enum { CPIO_HEADER = 110, CPIO_MODE = 14, CPIO_SIZE = 54, CPIO_NAME_SIZE = 94 };

static int parse_hex(const char *digits, uint32_t *ret)
{
	uint32_t value = 0;
	for (int i = 0; i < 8; i++) {
		char c = digits[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			return -EBADMSG;
		value = value << 4 | (uint32_t)digit;
	}
	*ret = value;
	return 0;
}

/* Reads the entry at *at, moves *at behind it. 1: a file, in *ret; 0: the end; else -EBADMSG. */
static int next_entry(const char *archive, uint64_t bytes, uint64_t *at, struct initrd_file *ret)
{
	uint32_t mode, size, name_size;
	if (bytes - *at < CPIO_HEADER || memcmp(archive + *at, "070701", 6) != 0 ||
	    parse_hex(archive + *at + CPIO_MODE, &mode) < 0 ||
	    parse_hex(archive + *at + CPIO_SIZE, &size) < 0 ||
	    parse_hex(archive + *at + CPIO_NAME_SIZE, &name_size) < 0)
		return -EBADMSG;
	uint64_t name = *at + CPIO_HEADER;
	uint64_t data = (name + name_size + 3) & ~3ull;
	if (name_size == 0 || data > bytes || size > bytes - data ||
	    archive[name + name_size - 1] != '\0')
		return -EBADMSG;
	if (strcmp(archive + name, "TRAILER!!!") == 0)
		return 0;
	str_copy(ret->name, sizeof(ret->name), archive + name);
	ret->gpa = data;
	ret->bytes = (mode & S_IFMT) == S_IFREG ? size : 0;
	*at = (data + size + 3) & ~3ull;
	return *at <= bytes ? 1 : -EBADMSG;
}

static int list_files(struct vm *vm, uint64_t bytes, struct err *e)
{
	struct layout *layout = &vm->layout;
	const char *archive = memory_at(&vm->memory, layout->initrd_start, bytes);
	uint64_t at = 0;
	for (;;) {
		struct initrd_file file;
		int r = next_entry(archive, bytes, &at, &file);
		if (r < 0)
			return err_set(e, EBADMSG, "it is not a whole newc archive (at byte %llu)",
				       (unsigned long long)at);
		if (r == 0)
			return 0;
		file.gpa += layout->initrd_start;
		if (file.bytes && layout->file_count < LAYOUT_FILES)
			layout->files[layout->file_count++] = file;
	}
}

/* Behind the initrd: free RAM, and at the very end the area for sent programs. */
static int divide_rest(struct vm *vm, struct err *e)
{
	struct layout *layout = &vm->layout;
	uint64_t eighth = vm->memory.size / 8 & ~(uint64_t)(MEMORY_PAGE - 1);
	uint64_t programs = eighth < VM_PROGRAMS_BYTES ? eighth : VM_PROGRAMS_BYTES;
	layout->programs_end = vm->memory.size;
	layout->programs_start = vm->memory.size - programs;
	layout->free_start = memory_page_up(layout->initrd_end);
	layout->free_end = layout->programs_start;
	if (layout->free_start >= layout->free_end) {
		err_set(e, ENOMEM, "%llu bytes of memory are too few for kernel and programs",
			(unsigned long long)vm->memory.size);
		return err_hint(e, -ENOMEM, "--memory 4M is enough");
	}
	return 0;
}

int load_initrd(struct vm *vm, int fd, struct err *e)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return err_sys(e, errno, "look at its size");
	if (!S_ISREG(status.st_mode) || status.st_size > INITRD_MAX_BYTES)
		return err_set(e, EFBIG, "it is not a file of at most %d bytes", INITRD_MAX_BYTES);
	uint64_t bytes = (uint64_t)status.st_size;
	vm->layout.initrd_start = vm->layout.kernel_end;
	vm->layout.initrd_end = vm->layout.initrd_start + bytes;
	int r = memory_map_file(&vm->memory, vm->layout.initrd_start, fd, 0, bytes, e);
	if (r < 0)
		return err_hint(e, r, "give the VM more --memory");
	r = list_files(vm, bytes, e);
	return r < 0 ? r : divide_rest(vm, e);
}

const struct initrd_file *layout_find(const struct layout *layout, const char *name)
{
	char path[LAYOUT_NAME] = "bin/";
	size_t prefix = strchr(name, '/') ? 0 : strlen(path);
	if (!str_copy(path + prefix, sizeof(path) - prefix, name + (*name == '/')))
		return NULL;
	for (unsigned i = 0; i < layout->file_count; i++)
		if (strcmp(layout->files[i].name, path) == 0)
			return &layout->files[i];
	return NULL;
}
