/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Only numbers are read here, each checked against the file's size before it is used for the next
 * step; nothing is unpacked. The kernel's text of a version continues with who built it: what is
 * wanted ends at the first space.
 */
#include "bzimage.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SECTOR = 512,
	SETUP_SECTORS_DEFAULT = 4,
	BOOT_FLAG = 0xaa55,
	HEADER_MAGIC = 0x53726448, /* "HdrS" */
	PROTOCOL_PAYLOAD = 0x208,
	RELEASE_BASE = 0x200,
	SIZE_BYTES = 4, /* of what comes out, at the payload's end */
};

static const struct {
	const char *name;
	uint8_t length, magic[6];
} compressions[] = {
    {"gzip", 2, {0x1f, 0x8b}},
    {"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
    {"lzma", 3, {0x5d, 0, 0}},
    {"bzip2", 3, {'B', 'Z', 'h'}},
    {"lz4", 4, {0x02, 0x21, 0x4c, 0x18}}, /* the legacy frame */
    {"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}},
};

const char *bzimage_compression(const uint8_t *head, uint64_t length)
{
	for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++)
		if (length >= compressions[i].length &&
		    memcmp(head, compressions[i].magic, compressions[i].length) == 0)
			return compressions[i].name;
	return NULL;
}

static int read_at(int fd, void *to, size_t bytes, uint64_t offset)
{
	return offset <= INT64_MAX - bytes && pread(fd, to, bytes, (off_t)offset) == (ssize_t)bytes
		   ? 0
		   : -EBADMSG;
}

static void read_release(int fd, const struct setup_header *setup, uint64_t setup_bytes,
			 struct bzimage *ret)
{
	uint64_t at = (uint64_t)setup->kernel_version + RELEASE_BASE;
	ssize_t n = setup->kernel_version && at < setup_bytes
			? pread(fd, ret->release, sizeof(ret->release) - 1, (off_t)at)
			: 0;

	ret->release[n > 0 ? n : 0] = '\0';
	size_t length = strcspn(ret->release, " ");
	/* It becomes a part of a path. */
	for (size_t i = 0; i < length; i++)
		if (ret->release[i] <= ' ' || ret->release[i] > '~' || ret->release[i] == '/')
			length = 0;
	ret->release[ret->release[0] == '.' ? 0 : length] = '\0';
}

int bzimage_read(int fd, struct bzimage *ret, struct err *e)
{
	struct setup_header setup;
	struct stat status;
	uint32_t unpacked = 0;

	*ret = (struct bzimage){0};
	if (fstat(fd, &status) < 0)
		return err_sys(e, errno, "look at the kernel's size");
	if (!S_ISREG(status.st_mode) ||
	    read_at(fd, &setup, sizeof(setup), offsetof(struct boot_params, hdr)) < 0 ||
	    setup.boot_flag != BOOT_FLAG || setup.header != HEADER_MAGIC)
		return err_set(e, ENOEXEC, "it is no bzImage");
	uint64_t size = (uint64_t)status.st_size;
	uint64_t sectors = setup.setup_sects ? setup.setup_sects : SETUP_SECTORS_DEFAULT;
	uint64_t setup_bytes = (sectors + 1) * SECTOR;
	if (setup_bytes >= size || size - setup_bytes < (uint64_t)setup.syssize * 16)
		return err_set(e, EBADMSG, "the kernel's file is cut off");
	read_release(fd, &setup, setup_bytes, ret);
	if (setup.version < PROTOCOL_PAYLOAD || setup.payload_length <= SIZE_BYTES)
		return 0;
	uint64_t start = setup_bytes + setup.payload_offset;
	if (start >= size || setup.payload_length > size - start ||
	    read_at(fd, &unpacked, sizeof(unpacked), start + setup.payload_length - SIZE_BYTES) < 0)
		return err_set(e, EBADMSG,
			       "its compressed part lies outside the file: it is cut "
			       "off or damaged");
	ret->payload_start = start;
	ret->payload_bytes = setup.payload_length;
	ret->unpacked_bytes = unpacked;
	return 0;
}
