/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The note and the description of the machine. A note is three numbers, a name and bytes, both
 * padded to four; the lengths are foreign, so each is compared with what is left. The structures
 * are those of Xen's public/arch-x86/hvm/start_info.h, in version 1.
 */
#include "pvh.h"

#include <endian.h>
#include <string.h>

#include "linux_boot.h"

enum { NOTE_ENTRY = 18, MAGIC = 0x336ec578, VERSION = 1, RAM = 1, NOTE_HEADER = 12, NAME = 4 };

struct module {
	uint64_t start, bytes, command_line, reserved;
};

struct range {
	uint64_t start, bytes;
	uint32_t type, reserved;
};

struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, command_line, acpi, ranges;
	uint32_t range_count, reserved;
	/* ours, behind it */
	struct module module;
	struct range range[2];
};

static uint64_t pad(uint32_t length)
{
	return ((uint64_t)length + 3) & ~3ull;
}

bool pvh_find_entry(const uint8_t *notes, size_t length, uint32_t *ret_entry)
{
	uint32_t header[3]; /* length of the name, of the bytes, type */
	uint64_t at = 0;

	while (length >= NOTE_HEADER && at <= length - NOTE_HEADER) {
		memcpy(header, notes + at, sizeof(header));
		at += NOTE_HEADER;
		uint64_t bytes_at = at + pad(le32toh(header[0]));
		uint64_t end = bytes_at + le32toh(header[1]);
		if (end > length)
			return false;
		if (le32toh(header[0]) == NAME && memcmp(notes + at, "Xen", NAME) == 0 &&
		    le32toh(header[2]) == NOTE_ENTRY && end - bytes_at >= sizeof(*ret_entry)) {
			memcpy(ret_entry, notes + bytes_at, sizeof(*ret_entry));
			*ret_entry = le32toh(*ret_entry);
			return true;
		}
		at = bytes_at + pad(le32toh(header[1]));
	}
	return false;
}

static struct start_info *info_in(struct memory *memory)
{
	return memory_at(memory, PVH_START_INFO, sizeof(struct start_info));
}

void pvh_write(struct memory *memory, uint64_t command_line)
{
	const struct start_info info = {
	    .magic = htole32(MAGIC),
	    .version = htole32(VERSION),
	    .modules = htole64(PVH_START_INFO + offsetof(struct start_info, module)),
	    .command_line = htole64(command_line),
	    .ranges = htole64(PVH_START_INFO + offsetof(struct start_info, range)),
	    .range_count = htole32(2),
	    .range = {{0, htole64(LINUX_BIOS_START), htole32(RAM), 0},
		      {htole64(LINUX_HIGH_START), htole64(memory->size - LINUX_HIGH_START),
		       htole32(RAM), 0}},
	};

	memory_write(memory, PVH_START_INFO, &info, sizeof(info));
}

void pvh_set_initramfs(struct memory *memory, uint64_t start, uint64_t bytes)
{
	struct start_info *info = info_in(memory);

	info->module_count = htole32(1);
	info->module.start = htole64(start);
	info->module.bytes = htole64(bytes);
}

void pvh_set_acpi(struct memory *memory, uint64_t tables)
{
	info_in(memory)->acpi = htole64(tables);
}
