/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request is a chain: a header of 16 bytes, the data one way or the other, one byte for the
 * result at the very end. The header is copied out and checked against the disk's size; the data
 * goes straight between files and the guest's memory (preadv, pwritev), piece by piece, as the
 * clusters lie. What goes wrong with the files is the guest's I/O error, and told once in the
 * journal. A flush has nothing to do: the changes live no longer than the guest.
 */
#include "block.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "fd.h"

enum {
	QUEUE_SIZE = 128,
	REQUESTS_AT_ONCE = 32,
	REQUEST_BYTES_MAX = 32 << 20,
	PIECES_AT_ONCE = 64,
	SERIAL_BYTES = 20,
};
enum { TYPE_READ = 0, TYPE_WRITE = 1, TYPE_FLUSH = 4, TYPE_SERIAL = 8 };
enum { RESULT_OK, RESULT_IO_ERROR, RESULT_UNKNOWN };
enum { /* features */
       FEATURE_SEGMENTS = 1 << 2,
       FEATURE_READ_ONLY = 1 << 5,
       FEATURE_BLOCK_SIZE = 1 << 6,
       FEATURE_FLUSH = 1 << 9
};

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct config {
	uint64_t sectors;
	uint32_t segment_bytes_max, segments_max;
	uint8_t geometry[4];
	uint32_t block_bytes;
} __attribute__((packed));

struct block {
	struct disk disk;
	char name[96]; /* for words: the end of its path */
	char serial[SERIAL_BYTES];
	bool has_told; /* of an error */
};

/* ---- bytes ---- */

static uint8_t fail(struct virtio_device *device, int code)
{
	struct block *block = device->state;

	if (!block->has_told)
		virtio_say(device, "disk '%s': the guest gets I/O errors: %s", block->name,
			   code ? strerror(code) : "the image is shorter than it was at the start");
	block->has_told = true;
	return RESULT_IO_ERROR;
}

/* Moves `length` bytes of the disk from `offset` on: to the guest, or from it. */
static uint8_t transfer(struct virtio_device *device, const struct virtio_chain *chain,
			bool is_write, uint64_t offset, uint64_t length)
{
	struct block *block = device->state;
	uint64_t done = 0, bytes, from = is_write ? sizeof(struct header) : 0;
	struct iovec pieces[PIECES_AT_ONCE];

	while (done < length) {
		int fd = block->disk.changes_fd;
		uint64_t run = is_write
				   ? length - done
				   : disk_find(&block->disk, offset + done, length - done, &fd);
		int count = (int)virtio_chain_iovec(chain, device->memory, !is_write, from + done,
						    run, pieces, PIECES_AT_ONCE, &bytes);
		ssize_t n = is_write ? pwritev(fd, pieces, count, (off_t)(offset + done))
				     : preadv(fd, pieces, count, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(device, n < 0 ? errno : 0);
		done += (uint64_t)n;
	}
	return RESULT_OK;
}

static uint8_t write_sectors(struct virtio_device *device, const struct virtio_chain *chain,
			     uint64_t offset, uint64_t length)
{
	struct block *block = device->state;

	if (block->disk.changes_fd < 0)
		return RESULT_IO_ERROR; /* the driver knows that it is read-only */
	int r = disk_prepare(&block->disk, offset, length);
	if (r < 0)
		return fail(device, r == -EIO ? 0 : -r);
	uint8_t result = transfer(device, chain, true, offset, length);
	if (result == RESULT_OK)
		disk_written(&block->disk, offset, length);
	return result;
}

/* ---- requests ---- */

/* Whole sectors within the disk. */
static bool is_good(const struct block *block, uint64_t sector, uint64_t length)
{
	return length % DISK_SECTOR == 0 && length <= REQUEST_BYTES_MAX &&
	       sector <= block->disk.bytes / DISK_SECTOR &&
	       length <= block->disk.bytes - sector * DISK_SECTOR;
}

/* `room`: the data's part of what the guest lets us write. *ret_written: of it. */
static uint8_t serve(struct virtio_device *device, const struct virtio_chain *chain,
		     const struct header *header, uint64_t room, uint64_t *ret_written)
{
	const struct block *block = device->state;
	uint64_t sector = le64toh(header->sector);
	uint64_t sent = chain->readable_bytes - sizeof(*header);
	uint8_t result;

	switch (le32toh(header->type)) {
	case TYPE_READ:
		if (!is_good(block, sector, room))
			return RESULT_IO_ERROR;
		result = transfer(device, chain, false, sector * DISK_SECTOR, room);
		*ret_written = result == RESULT_OK ? room : 0;
		return result;
	case TYPE_WRITE:
		if (!is_good(block, sector, sent))
			return RESULT_IO_ERROR;
		return write_sectors(device, chain, sector * DISK_SECTOR, sent);
	case TYPE_FLUSH:
		return RESULT_OK;
	case TYPE_SERIAL:
		*ret_written = virtio_chain_write(chain, device->memory, 0, block->serial,
						  room < SERIAL_BYTES ? (size_t)room
								      : SERIAL_BYTES);
		return RESULT_OK;
	default:
		return RESULT_UNKNOWN;
	}
}

static int process(struct virtio_device *device, unsigned queue)
{
	struct virtio_chain chain;
	struct header header;

	for (int turn = 0; turn < REQUESTS_AT_ONCE; turn++) {
		uint64_t written = 0;
		int r = virtio_take(device, queue, &chain);
		if (r <= 0)
			return r;
		if (chain.writable_bytes < 1 ||
		    virtio_chain_read(&chain, device->memory, 0, &header, sizeof(header)) !=
			sizeof(header))
			return -EPROTO;
		uint8_t result = serve(device, &chain, &header, chain.writable_bytes - 1, &written);
		virtio_chain_write(&chain, device->memory, chain.writable_bytes - 1, &result, 1);
		virtio_give(device, queue, &chain, (uint32_t)written + 1);
	}
	return 1;
}

static void finish(struct virtio_device *device)
{
	struct block *block = device->state;

	disk_close(&block->disk);
	free(block);
}

static const struct virtio_ops block_ops = {
    .name = "block",
    .id = 2,
    .features = FEATURE_SEGMENTS | FEATURE_BLOCK_SIZE | FEATURE_FLUSH,
    .queue_count = 1,
    .queue_size = QUEUE_SIZE,
    .process = process,
    .finish = finish,
};

/* Makes the device of a disk that is open. */
static int plug_in(struct virtio_device *device, struct block *block, bool is_read_only,
		   struct memory *memory, struct err *e)
{
	const struct config config = {.sectors = htole64(block->disk.bytes / DISK_SECTOR),
				      .segments_max = htole32(QUEUE_SIZE - 2),
				      .block_bytes = htole32(DISK_SECTOR)};
	int r = virtio_init(device, &block_ops, block, memory, e);

	if (r < 0)
		return r;
	memcpy(device->config, &config, sizeof(config));
	device->config_bytes = sizeof(config);
	if (is_read_only)
		device->features |= FEATURE_READ_ONLY;
	return 0;
}

int virtio_block_init(struct virtio_device *device, const char *path, bool is_read_only,
		      unsigned number, struct memory *memory, struct err *e)
{
	struct block *block = calloc(1, sizeof(*block));
	size_t length = strlen(path);

	if (!block)
		return err_sys(e, ENOMEM, "make a disk");
	int r = disk_open(&block->disk, path, is_read_only, e);
	if (r < 0) {
		free(block);
		return r;
	}
	snprintf(block->serial, sizeof(block->serial), "isolab-%u", number);
	snprintf(block->name, sizeof(block->name), "%s",
		 length < sizeof(block->name) ? path : path + length - sizeof(block->name) + 1);
	return plug_in(device, block, is_read_only, memory, e);
}

int virtio_block_take(struct virtio_device *device, int image_fd, bool is_read_only,
		      const char *serial, struct memory *memory, struct err *e)
{
	struct block *block = calloc(1, sizeof(*block));

	if (!block) {
		fd_close(&image_fd);
		return err_sys(e, ENOMEM, "make a disk");
	}
	int r = disk_take(&block->disk, image_fd, is_read_only, e);
	if (r < 0) {
		free(block);
		return r;
	}
	memcpy(block->serial, serial, strnlen(serial, sizeof(block->serial)));
	snprintf(block->name, sizeof(block->name), "%s", serial);
	return plug_in(device, block, is_read_only, memory, e);
}
