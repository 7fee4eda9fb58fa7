/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copy-on-write by clusters of a page, the size in which a guest's own cache writes: so as a rule
 * nothing has to be copied first. A bit for each cluster says which of the two files has it; a
 * terabyte takes 32 MiB of them, of which only those pages exist that were touched.
 */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"

/* ---- opening ---- */

static int refuse(struct err *e, int code, const char *what, const char *hint)
{
	return err_hint(e, err_set(e, code, "%s", what), "%s", hint);
}

/* What has a structure of its own would look like rubbish to the guest. */
static int check_format(int fd, struct err *e)
{
	static const struct {
		const char *magic, *name;
	} formats[] = {{"QFI\xfb", "qcow2"}, {"KDMV", "VMDK"}, {"vhdxfile", "VHDX"}};
	char head[8] = "";

	if (pread(fd, head, sizeof(head), 0) < 0)
		return err_sys(e, errno, "read it");
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (memcmp(head, formats[i].magic, strlen(formats[i].magic)) == 0) {
			int r = err_set(e, EINVAL, "it is a %s image, not a raw one",
					formats[i].name);
			return err_hint(e, r,
					"convert it: qemu-img convert -O raw IMAGE NEW-IMAGE");
		}
	return 0;
}

static int measure(struct disk *disk, struct err *e)
{
	struct stat status;

	if (fstat(disk->image_fd, &status) < 0)
		return err_sys(e, errno, "look at it");
	if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
		return refuse(e, EINVAL, "it is neither a file nor a block device",
			      "--disk takes a raw image, for example one made with truncate and "
			      "mkfs.ext4");
	off_t end = lseek(disk->image_fd, 0, SEEK_END);
	if (end < 0)
		return err_sys(e, errno, "ask for its size");
	if (end < DISK_SECTOR || (uint64_t)end > DISK_BYTES_MAX)
		return refuse(e, EINVAL,
			      end < DISK_SECTOR ? "it holds not one sector (512 bytes)"
						: "it is larger than a terabyte",
			      "--disk takes a raw image of 512 bytes to one terabyte");
	disk->bytes = (uint64_t)end & ~(uint64_t)(DISK_SECTOR - 1);
	return 0;
}

/* On a disk if there is a place, else in memory. */
int disk_make_nameless(struct err *e)
{
	const char *place = getenv("TMPDIR");
	int fd = open(place && place[0] == '/' ? place : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC,
		      0600);

	if (fd < 0)
		fd = memfd_create("disk", MFD_CLOEXEC);
	return fd >= 0 ? fd
		       : err_hint(e, err_sys(e, errno, "make a file without a name"),
				  "in $TMPDIR or /var/tmp, or in memory");
}

static int make_changes(struct disk *disk, struct err *e)
{
	uint64_t clusters = (disk->bytes + DISK_CLUSTER - 1) / DISK_CLUSTER;

	disk->changed = calloc((size_t)(clusters + 7) / 8, 1);
	if (!disk->changed)
		return err_sys(e, ENOMEM, "keep its changes apart");
	disk->changes_fd = disk_make_nameless(e);
	if (disk->changes_fd < 0)
		return err_ctx(e, disk->changes_fd, "keep its changes apart");
	if (ftruncate(disk->changes_fd, (off_t)disk->bytes) < 0)
		return err_sys(e, errno, "keep its changes apart");
	return 0;
}

static int open_image(struct disk *disk, const char *path, bool is_read_only, struct err *e)
{
	/* O_NONBLOCK: a fifo is refused, not waited for */
	disk->image_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (disk->image_fd < 0)
		return err_hint(e, err_sys(e, errno, "open it"),
				"--disk takes the absolute path of a raw image that you may read");
	int r = measure(disk, e);
	if (r == 0)
		r = check_format(disk->image_fd, e);
	if (r < 0)
		return r;
	if (flock(disk->image_fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return refuse(e, EBUSY, "another program holds it, perhaps to write to it",
			      "end that program first: its changes would come as a surprise to "
			      "the guest");
	return is_read_only ? 0 : make_changes(disk, e);
}

int disk_open(struct disk *disk, const char *path, bool is_read_only, struct err *e)
{
	*disk = (struct disk){.image_fd = -1, .changes_fd = -1};
	int r = open_image(disk, path, is_read_only, e);

	if (r < 0)
		disk_close(disk);
	return r < 0 ? err_ctx(e, r, "the disk '%s'", path) : 0;
}

int disk_take(struct disk *disk, int image_fd, bool is_read_only, struct err *e)
{
	*disk = (struct disk){.image_fd = image_fd, .changes_fd = -1};
	int r = measure(disk, e);

	if (r == 0 && !is_read_only)
		r = make_changes(disk, e);
	if (r < 0)
		disk_close(disk);
	return r;
}

void disk_close(struct disk *disk)
{
	fd_close(&disk->image_fd);
	fd_close(&disk->changes_fd);
	free(disk->changed);
	disk->changed = NULL;
}

/* ---- clusters ---- */

static bool is_changed(const struct disk *disk, uint64_t cluster)
{
	return disk->changed && disk->changed[cluster / 8] & 1u << cluster % 8;
}

uint64_t disk_find(const struct disk *disk, uint64_t offset, uint64_t length, int *ret_fd)
{
	uint64_t cluster = offset / DISK_CLUSTER, end = offset + length;
	bool in_changes = is_changed(disk, cluster);

	*ret_fd = in_changes ? disk->changes_fd : disk->image_fd;
	if (!disk->changed)
		return length;
	do
		cluster++;
	while (cluster * DISK_CLUSTER < end && is_changed(disk, cluster) == in_changes);
	return cluster * DISK_CLUSTER < end ? cluster * DISK_CLUSTER - offset : length;
}

static int copy_cluster(struct disk *disk, uint64_t cluster)
{
	uint64_t at = cluster * DISK_CLUSTER;
	size_t length = disk->bytes - at < DISK_CLUSTER ? (size_t)(disk->bytes - at) : DISK_CLUSTER;
	uint8_t bytes[DISK_CLUSTER];

	if (is_changed(disk, cluster))
		return 0;
	ssize_t n = pread(disk->image_fd, bytes, length, (off_t)at);
	if (n != (ssize_t)length)
		return n < 0 ? -errno : -EIO;
	n = pwrite(disk->changes_fd, bytes, length, (off_t)at);
	if (n != (ssize_t)length)
		return n < 0 ? -errno : -ENOSPC;
	disk->changed[cluster / 8] |= (uint8_t)(1u << cluster % 8);
	return 0;
}

int disk_prepare(struct disk *disk, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;
	int r = 0;

	if (offset % DISK_CLUSTER)
		r = copy_cluster(disk, offset / DISK_CLUSTER);
	if (r == 0 && end % DISK_CLUSTER && end != disk->bytes)
		r = copy_cluster(disk, end / DISK_CLUSTER);
	return r;
}

void disk_written(struct disk *disk, uint64_t offset, uint64_t length)
{
	uint64_t end = (offset + length + DISK_CLUSTER - 1) / DISK_CLUSTER;

	for (uint64_t cluster = offset / DISK_CLUSTER; cluster < end; cluster++)
		disk->changed[cluster / 8] |= (uint8_t)(1u << cluster % 8);
}
