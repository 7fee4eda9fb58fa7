/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bzImage is a real-mode part, of which only the header matters here, and a compressed kernel
 * that unpacks itself; we enter it at +0x200, where it expects 64-bit mode. An ELF kernel is what
 * comes out of that: entering it directly saves the unpacking. Both find the machine described in
 * boot_params; an ELF kernel that has no such entry is entered as pvh.h says. Every number of the
 * file is foreign: checked before it is used.
 */
#include "linux_boot.h"

#include <asm/bootparam.h>
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pvh.h"

enum {
	BOOT_FLAG = 0xaa55,
	PROTOCOL_MIN = 0x20c, /* 2.12: 64-bit entry, xloadflags */
	SECTOR = 512,
	SETUP_SECTORS_DEFAULT = 4,
	ENTRY_64 = 0x200,
	LOADER_UNKNOWN = 0xff,
	ELF_HEADERS_MAX = 64,
	ELF_NOTES_MAX = 4096, /* of which are looked at; a kernel's are some hundreds of bytes */
	INITRAMFS_MAX = 0x7fffffff,
	/* An ELF kernel has no init_size: room for its brk, page tables, decompressed data. */
	ELF_SLACK = 8 << 20,
	/* What a Linux that is up has used of its memory beside all that: pages' records, agent. */
	MEMORY_SLACK = 24 << 20,
	PAGE_PRESENT_WRITABLE = 3,
	PAGE_LARGE = 1 << 7,
	E820_ENTRIES = 2,
};

/* A kernel's headers. */
struct kernel_file {
	int fd;
	uint64_t bytes;
	struct setup_header setup;
	Elf64_Ehdr elf;
	Elf64_Phdr segments[ELF_HEADERS_MAX];
};

static const char need_kernel[] =
    "--kernel takes a bzImage (/boot/vmlinuz-…) or an ELF vmlinux for x86-64";

static int refuse(struct err *e, const char *what)
{
	return err_hint(e, err_set(e, ENOEXEC, "%s", what), "%s", need_kernel);
}

static int need_memory(const struct memory *memory, uint64_t end, struct err *e)
{
	if (end <= memory->size)
		return 0;
	int r = err_set(e, ENOMEM, "this kernel needs %llu MiB of memory to start, the VM has %llu",
			(unsigned long long)((end + (1 << 20) - 1) >> 20),
			(unsigned long long)(memory->size >> 20));
	return err_hint(e, r, "give it more, for example --memory 256M");
}

static int read_exactly(int fd, void *to, uint64_t bytes, uint64_t offset, struct err *e)
{
	uint64_t done = 0;

	if (offset > INT64_MAX - bytes)
		return refuse(e, "it points behind its own end");
	while (done < bytes) {
		ssize_t n = pread(fd, (char *)to + done, bytes - done, (off_t)(offset + done));
		if (n < 0)
			return err_sys(e, errno, "read the kernel");
		if (n == 0)
			return refuse(e, "the kernel's file is cut off");
		done += (uint64_t)n;
	}
	return 0;
}

/* ---- bzImage ---- */

static int check_setup(const struct setup_header *setup, struct err *e)
{
	if (setup->boot_flag != BOOT_FLAG || setup->header != 0x53726448 /* "HdrS" */)
		return refuse(e, "it is no Linux kernel");
	if (setup->version < PROTOCOL_MIN)
		return refuse(e, "its boot protocol is older than 2.12 (Linux 3.8)");
	if (!(setup->xloadflags & XLF_KERNEL_64) || !(setup->loadflags & LOADED_HIGH))
		return refuse(e, "it is a 32-bit kernel");
	return 0;
}

static uint64_t payload_offset(const struct setup_header *setup)
{
	uint64_t sectors = setup->setup_sects ? setup->setup_sects : SETUP_SECTORS_DEFAULT;

	return (sectors + 1) * SECTOR;
}

static int measure_bzimage(const struct kernel_file *file, struct linux_image *image, struct err *e)
{
	const struct setup_header *setup = &file->setup;
	uint64_t offset = payload_offset(setup);
	int r = check_setup(setup, e);

	if (r < 0)
		return r;
	if (offset >= file->bytes || file->bytes - offset < (uint64_t)setup->syssize * 16)
		return refuse(e, "the kernel's file is cut off");
	uint64_t bytes = file->bytes - offset;
	image->end = setup->pref_address + setup->init_size;
	if (image->end < setup->pref_address || image->end < LINUX_HIGH_START + bytes)
		image->end = LINUX_HIGH_START + bytes;
	image->entry = LINUX_HIGH_START + ENTRY_64;
	image->initramfs_max = setup->initrd_addr_max;
	return 0;
}

static int load_bzimage(struct memory *memory, const struct kernel_file *file, struct err *e)
{
	uint64_t offset = payload_offset(&file->setup), bytes = file->bytes - offset;

	return read_exactly(file->fd, memory_at(memory, LINUX_HIGH_START, bytes), bytes, offset, e);
}

/* ---- ELF ---- */

static int measure_segment(const Elf64_Phdr *segment, struct linux_image *image, struct err *e)
{
	uint64_t start = segment->p_paddr, size = segment->p_memsz, end = start + size;

	if (segment->p_filesz > size || end < start || start < LINUX_HIGH_START)
		return refuse(
		    e, "a segment of it lies where no kernel can be: a program, not a kernel?");
	if (end > image->end)
		image->end = end;
	return 0;
}

/* The entry that a note offers. False: none does. */
static bool find_note(const struct kernel_file *file, uint32_t *ret_entry)
{
	uint8_t notes[ELF_NOTES_MAX];

	for (unsigned i = 0; i < file->elf.e_phnum; i++) {
		const Elf64_Phdr *segment = &file->segments[i];
		uint64_t bytes = segment->p_filesz < sizeof(notes) ? segment->p_filesz
								   : sizeof(notes);
		if (segment->p_type == PT_NOTE &&
		    read_exactly(file->fd, notes, bytes, segment->p_offset, NULL) == 0 &&
		    pvh_find_entry(notes, bytes, ret_entry))
			return true;
	}
	return false;
}

static bool is_inside(const struct linux_image *image, uint64_t entry)
{
	return entry >= LINUX_HIGH_START && entry < image->end;
}

/* The ELF header's own entry is taken if it is an address in memory, as Linux writes it. */
static int choose_entry(const struct kernel_file *file, struct linux_image *image, struct err *e)
{
	uint32_t entry;

	image->entry = file->elf.e_entry;
	if (is_inside(image, image->entry))
		return 0;
	if (!find_note(file, &entry) || !is_inside(image, entry))
		return refuse(e, "it starts outside itself, and no note says where it may be "
				 "entered (PVH)");
	image->entry = entry;
	image->is_pvh = true;
	return 0;
}

static int measure_elf(struct kernel_file *file, struct linux_image *image, struct err *e)
{
	const Elf64_Ehdr *header = &file->elf;
	bool is_kernel = false; /* a kernel lives in the upper half of the address space */

	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
		return refuse(e, "it is a kernel or program for another processor");
	if (header->e_phentsize != sizeof(file->segments[0]) || header->e_phnum == 0 ||
	    header->e_phnum > ELF_HEADERS_MAX)
		return refuse(e, "its program headers are not those of a kernel");
	int r = read_exactly(file->fd, file->segments, header->e_phnum * sizeof(file->segments[0]),
			     header->e_phoff, e);
	for (unsigned i = 0; r == 0 && i < header->e_phnum; i++) {
		const Elf64_Phdr *segment = &file->segments[i];
		if (segment->p_type != PT_LOAD)
			continue;
		is_kernel |= segment->p_vaddr >> 63;
		r = measure_segment(segment, image, e);
		if (r == 0 && (segment->p_offset > file->bytes ||
			       segment->p_filesz > file->bytes - segment->p_offset))
			r = refuse(e, "the kernel's file is cut off");
	}
	if (r < 0)
		return r;
	if (!is_kernel)
		return refuse(e, "no part of it is for a kernel's addresses: it is a program, not "
				 "a kernel");
	r = choose_entry(file, image, e);
	if (r < 0)
		return r;
	image->end += ELF_SLACK;
	image->initramfs_max = INITRAMFS_MAX;
	return 0;
}

static int load_elf(struct memory *memory, const struct kernel_file *file, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < file->elf.e_phnum; i++) {
		const Elf64_Phdr *segment = &file->segments[i];
		if (segment->p_type == PT_LOAD)
			r = read_exactly(file->fd,
					 memory_at(memory, segment->p_paddr, segment->p_filesz),
					 segment->p_filesz, segment->p_offset, e);
	}
	return r;
}

/* ---- what the kernel finds ---- */

static void write_tables(struct memory *memory)
{
	static const uint64_t gdt[] = {0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff};
	uint64_t *root = memory_at(memory, LINUX_PAGE_TABLES, 6 * MEMORY_PAGE);
	uint64_t *level3 = root + 512, *level2 = level3 + 512;

	memory_write(memory, LINUX_GDT, gdt, sizeof(gdt));
	root[0] = (LINUX_PAGE_TABLES + MEMORY_PAGE) | PAGE_PRESENT_WRITABLE;
	for (uint64_t i = 0; i < 4; i++)
		level3[i] = (LINUX_PAGE_TABLES + (2 + i) * MEMORY_PAGE) | PAGE_PRESENT_WRITABLE;
	for (uint64_t i = 0; i < 4ull * 512; i++)
		level2[i] = i << 21 | PAGE_LARGE | PAGE_PRESENT_WRITABLE;
}

static void write_params(struct memory *memory, struct boot_params *params)
{
	params->hdr.type_of_loader = LOADER_UNKNOWN;
	params->hdr.cmd_line_ptr = LINUX_COMMAND_LINE;
	params->e820_entries = E820_ENTRIES;
	params->e820_table[0] = (struct boot_e820_entry){0, LINUX_BIOS_START, 1};
	params->e820_table[1] = (struct boot_e820_entry){LINUX_HIGH_START,
							 memory->size - LINUX_HIGH_START, 1};
	memory_write(memory, LINUX_BOOT_PARAMS, params, sizeof(*params));
}

/* Reads the headers, of whichever it is. */
static int measure(int fd, struct kernel_file *file, struct linux_image *ret, struct err *e)
{
	_Alignas(8) char head[sizeof(struct boot_params)] = {0};
	struct stat status;

	*ret = (struct linux_image){0};
	file->fd = fd;
	if (fstat(fd, &status) < 0)
		return err_sys(e, errno, "look at the kernel's size");
	if (!S_ISREG(status.st_mode))
		return refuse(e, "it is not a file");
	file->bytes = (uint64_t)status.st_size;
	ssize_t n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return err_sys(e, errno, "read the kernel");
	ret->is_elf = (size_t)n >= sizeof(file->elf) && memcmp(head, ELFMAG, SELFMAG) == 0;
	memcpy(&file->elf, head, sizeof(file->elf));
	memcpy(&file->setup, head + offsetof(struct boot_params, hdr), sizeof(file->setup));
	return ret->is_elf ? measure_elf(file, ret, e) : measure_bzimage(file, ret, e);
}

int linux_measure_kernel(int fd, struct linux_image *ret, struct err *e)
{
	struct kernel_file file = {0};

	return measure(fd, &file, ret, e);
}

uint64_t linux_memory_needed(const struct linux_image *image, uint64_t initramfs_bytes)
{
	const uint64_t mib = 1 << 20;

	return (image->end + 2 * initramfs_bytes + MEMORY_SLACK + mib - 1) & ~(mib - 1);
}

int linux_load_kernel(struct memory *memory, int fd, struct linux_image *ret, struct err *e)
{
	struct kernel_file file = {0};
	struct boot_params params = {0};
	int r = measure(fd, &file, ret, e);

	if (r == 0)
		r = need_memory(memory, ret->end, e);
	if (r == 0)
		r = ret->is_elf ? load_elf(memory, &file, e) : load_bzimage(memory, &file, e);
	if (r < 0)
		return r;
	if (!ret->is_elf)
		params.hdr = file.setup;
	write_tables(memory);
	write_params(memory, &params);
	pvh_write(memory, LINUX_COMMAND_LINE);
	return 0;
}

int linux_place_initramfs(struct memory *memory, struct linux_image *image, uint64_t bytes,
			  struct err *e)
{
	struct boot_params *params = memory_at(memory, LINUX_BOOT_PARAMS, sizeof(*params));
	uint64_t top = memory->size - 1 < image->initramfs_max ? memory->size
							       : image->initramfs_max + 1;
	uint64_t start = bytes < top ? (top - bytes) & ~(uint64_t)(MEMORY_PAGE - 1) : 0;

	if (start < image->end || bytes > INITRAMFS_MAX) {
		int r = err_set(e, ENOMEM,
				"an initramfs of %llu MiB does not fit beside the kernel",
				(unsigned long long)(bytes >> 20));
		return err_hint(e, r, "give the VM more --memory: at least %llu MiB",
				(unsigned long long)(linux_memory_needed(image, bytes) >> 20));
	}
	image->initramfs_start = start;
	image->initramfs_bytes = bytes;
	params->hdr.ramdisk_image = (uint32_t)start;
	params->hdr.ramdisk_size = (uint32_t)bytes;
	pvh_set_initramfs(memory, start, bytes);
	return 0;
}

int linux_set_command_line(struct memory *memory, const char *text, uint64_t acpi, struct err *e)
{
	struct boot_params *params = memory_at(memory, LINUX_BOOT_PARAMS, sizeof(*params));
	size_t bytes = strlen(text) + 1;

	if (bytes > LINUX_COMMAND_LINE_BYTES)
		return err_set(e, E2BIG, "the kernel's command line is longer than %d bytes",
			       LINUX_COMMAND_LINE_BYTES - 1);
	params->acpi_rsdp_addr = acpi;
	pvh_set_acpi(memory, acpi);
	return memory_write(memory, LINUX_COMMAND_LINE, text, bytes);
}
