/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bzImage is a real-mode part, of which only the header matters here, and a compressed kernel
 * that unpacks itself; we enter it at +0x200, where it expects 64-bit mode. An ELF kernel is what
 * comes out of that: entering it directly saves the unpacking. Both find the machine described in
 * boot_params. Every number of the file is foreign: checked before it is used.
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

enum {
	BOOT_FLAG = 0xaa55,
	PROTOCOL_MIN = 0x20c, /* 2.12: 64-bit entry, xloadflags */
	SECTOR = 512,
	SETUP_SECTORS_DEFAULT = 4,
	ENTRY_64 = 0x200,
	LOADER_UNKNOWN = 0xff,
	ELF_HEADERS_MAX = 64,
	INITRAMFS_MAX = 0x7fffffff,
	/* An ELF kernel has no init_size: room for its brk, page tables, decompressed data. */
	ELF_SLACK = 8 << 20,
	PAGE_PRESENT_WRITABLE = 3,
	PAGE_LARGE = 1 << 7,
	E820_ENTRIES = 2,
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

static int load_bzimage(struct memory *memory, int fd, uint64_t file_bytes,
			struct boot_params *params, struct linux_image *image, struct err *e)
{
	const struct setup_header *setup = &params->hdr;
	uint64_t sectors = setup->setup_sects ? setup->setup_sects : SETUP_SECTORS_DEFAULT;
	uint64_t offset = (sectors + 1) * SECTOR;
	int r = check_setup(setup, e);

	if (r < 0)
		return r;
	if (offset >= file_bytes || file_bytes - offset < (uint64_t)setup->syssize * 16)
		return refuse(e, "the kernel's file is cut off");
	uint64_t bytes = file_bytes - offset;
	image->end = setup->pref_address + setup->init_size;
	if (image->end < setup->pref_address || image->end < LINUX_HIGH_START + bytes)
		image->end = LINUX_HIGH_START + bytes;
	r = need_memory(memory, image->end, e);
	if (r < 0)
		return r;
	image->entry = LINUX_HIGH_START + ENTRY_64;
	image->initramfs_max = setup->initrd_addr_max;
	return read_exactly(fd, memory_at(memory, LINUX_HIGH_START, bytes), bytes, offset, e);
}

/* ---- ELF ---- */

static int load_segment(struct memory *memory, int fd, const Elf64_Phdr *segment,
			struct linux_image *image, struct err *e)
{
	uint64_t start = segment->p_paddr, size = segment->p_memsz, end = start + size;

	if (segment->p_filesz > size || end < start || start < LINUX_HIGH_START)
		return refuse(
		    e, "a segment of it lies where no kernel can be: a program, not a kernel?");
	int r = need_memory(memory, end, e);
	if (r < 0)
		return r;
	if (end > image->end)
		image->end = end;
	return read_exactly(fd, memory_at(memory, start, segment->p_filesz), segment->p_filesz,
			    segment->p_offset, e);
}

static int load_elf(struct memory *memory, int fd, const Elf64_Ehdr *header,
		    struct linux_image *image, struct err *e)
{
	Elf64_Phdr segments[ELF_HEADERS_MAX];
	bool is_kernel = false; /* a kernel lives in the upper half of the address space */
	int r = 0;

	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
		return refuse(e, "it is a kernel or program for another processor");
	if (header->e_phentsize != sizeof(segments[0]) || header->e_phnum == 0 ||
	    header->e_phnum > ELF_HEADERS_MAX)
		return refuse(e, "its program headers are not those of a kernel");
	r = read_exactly(fd, segments, header->e_phnum * sizeof(segments[0]), header->e_phoff, e);
	for (unsigned i = 0; r == 0 && i < header->e_phnum; i++) {
		if (segments[i].p_type != PT_LOAD)
			continue;
		is_kernel |= segments[i].p_vaddr >> 63;
		r = load_segment(memory, fd, &segments[i], image, e);
	}
	if (r < 0)
		return r;
	if (!is_kernel)
		return refuse(e, "no part of it is for a kernel's addresses: it is a program, not "
				 "a kernel");
	if (header->e_entry < LINUX_HIGH_START || header->e_entry >= image->end)
		return refuse(e, "it starts outside itself");
	image->entry = header->e_entry;
	image->end += ELF_SLACK;
	image->initramfs_max = INITRAMFS_MAX;
	return need_memory(memory, image->end, e);
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

int linux_load_kernel(struct memory *memory, int fd, struct linux_image *ret, struct err *e)
{
	_Alignas(8) char head[sizeof(struct boot_params)] = {0};
	struct boot_params params = {0};
	struct stat status;
	int r;

	*ret = (struct linux_image){0};
	if (fstat(fd, &status) < 0)
		return err_sys(e, errno, "look at the kernel's size");
	if (!S_ISREG(status.st_mode))
		return refuse(e, "it is not a file");
	ssize_t n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return err_sys(e, errno, "read the kernel");
	if (!memory_at(memory, LINUX_HIGH_START, 1))
		return need_memory(memory, LINUX_HIGH_START + 1, e);
	if ((size_t)n >= sizeof(Elf64_Ehdr) && memcmp(head, ELFMAG, SELFMAG) == 0) {
		r = load_elf(memory, fd, (const Elf64_Ehdr *)head, ret, e);
	} else {
		memcpy(&params.hdr, head + offsetof(struct boot_params, hdr), sizeof(params.hdr));
		r = load_bzimage(memory, fd, (uint64_t)status.st_size, &params, ret, e);
	}
	if (r < 0)
		return r;
	write_tables(memory);
	write_params(memory, &params);
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
				(unsigned long long)((image->end + 2 * bytes) >> 20) + 32);
	}
	image->initramfs_start = start;
	image->initramfs_bytes = bytes;
	params->hdr.ramdisk_image = (uint32_t)start;
	params->hdr.ramdisk_size = (uint32_t)bytes;
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
	return memory_write(memory, LINUX_COMMAND_LINE, text, bytes);
}
