/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk (../virtio/disk.h) as QEMU has it. The image is inherited read-only, so that nobody can
 * write to it, whoever has taken QEMU over. What the guest writes goes to the disk's nameless file,
 * for which QEMU wants a format that says where a change lies: an empty qcow2, which we write here.
 * QEMU's own locks are left out: it would look for other QEMUs, we have asked for any program
 * (flock).
 *
 * Of qcow2 there is the least that may be: a header, a table of reference counts with one block,
 * and an empty map (L1); QEMU adds the rest as it needs it. All numbers are big-endian. See
 * docs/interop/qcow2.txt of QEMU.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "fd.h"
#include "qemu.h"

enum {
	CLUSTER_BITS = 16,
	CLUSTER = 1 << CLUSTER_BITS,
	L1_ENTRY_BYTES_BITS = 2 * CLUSTER_BITS - 3, /* of the disk that one entry maps */
	COUNT_TABLE = 1 * CLUSTER,
	COUNT_BLOCK = 2 * CLUSTER,
	L1_TABLE = 3 * CLUSTER,
	CLUSTERS = 4, /* so many, in this order, are in use */
};

/* Header of version 3. */
struct header {
	uint32_t magic, version;
	uint64_t backing_file_offset;
	uint32_t backing_file_size, cluster_bits;
	uint64_t size;
	uint32_t crypt_method, l1_size;
	uint64_t l1_table_offset, refcount_table_offset;
	uint32_t refcount_table_clusters, nb_snapshots;
	uint64_t snapshots_offset;
	uint64_t incompatible_features, compatible_features, autoclear_features;
	uint32_t refcount_order, header_length;
	uint64_t end; /* of the extensions: none */
};

_Static_assert(sizeof(struct header) == 112, "as the format has it");
_Static_assert((DISK_BYTES_MAX >> L1_ENTRY_BYTES_BITS) * sizeof(uint64_t) <= CLUSTER,
	       "the largest disk's map is one cluster");

/* An empty one, as large as the disk. */
static int write_changes(int fd, uint64_t disk_bytes, struct err *e)
{
	const uint64_t l1_entries = (disk_bytes + (1u << L1_ENTRY_BYTES_BITS) - 1) >>
				    L1_ENTRY_BYTES_BITS;
	const struct header header = {
	    .magic = htobe32(0x514649fb),
	    .version = htobe32(3),
	    .cluster_bits = htobe32(CLUSTER_BITS),
	    .size = htobe64(disk_bytes),
	    .l1_size = htobe32((uint32_t)l1_entries),
	    .l1_table_offset = htobe64(L1_TABLE),
	    .refcount_table_offset = htobe64(COUNT_TABLE),
	    .refcount_table_clusters = htobe32(1),
	    .refcount_order = htobe32(4),
	    .header_length = htobe32(104),
	};
	const uint64_t first_block = htobe64(COUNT_BLOCK);
	uint16_t counts[CLUSTERS];

	for (int i = 0; i < CLUSTERS; i++)
		counts[i] = htobe16(1);
	errno = 0; /* a short write leaves none */
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, CLUSTERS * CLUSTER) < 0 ||
	    pwrite(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    pwrite(fd, &first_block, sizeof(first_block), COUNT_TABLE) != sizeof(first_block) ||
	    pwrite(fd, counts, sizeof(counts), COUNT_BLOCK) != sizeof(counts))
		return err_sys(e, errno ? errno : ENOSPC, "keep its changes apart");
	return 0;
}

static unsigned add_file(struct qemu_launch *launch, int fd, const char *name, unsigned number,
			 const char *more)
{
	unsigned inherited = qemu_launch_pass(launch, fd);

	qemu_launch_option(launch, "-add-fd", "fd=%u,set=%u", inherited, inherited);
	qemu_launch_option(launch, "-blockdev",
			   "driver=file,node-name=%s%u,filename=/dev/fdset/%u,locking=off,"
			   "cache.no-flush=on%s",
			   name, number, inherited, more);
	return inherited;
}

int qemu_disk_add(struct qemu_launch *launch, struct disk *disk, const char *serial, struct err *e)
{
	unsigned number = launch->disk_count++;
	bool is_read_only = disk->changes_fd < 0;
	/* every cluster once, and the tables over them: no more than a thousandth */
	uint64_t changes_max = disk->bytes + disk->bytes / 1024 + 16 * CLUSTER;
	int r = is_read_only ? 0 : write_changes(disk->changes_fd, disk->bytes, e);

	if (r < 0)
		return r;
	add_file(launch, fd_move(&disk->image_fd), "image", number, ",read-only=on");
	if (is_read_only) {
		qemu_launch_option(launch, "-blockdev",
				   "driver=raw,node-name=disk%u,file=image%u,read-only=on", number,
				   number);
	} else {
		add_file(launch, fd_move(&disk->changes_fd), "changes", number, "");
		qemu_launch_option(launch, "-blockdev",
				   "driver=raw,node-name=raw%u,file=image%u,read-only=on", number,
				   number);
		qemu_launch_option(launch, "-blockdev",
				   "driver=qcow2,node-name=disk%u,file=changes%u,backing=raw%u,"
				   "cache.no-flush=on",
				   number, number, number);
		if (launch->file_bytes_max < changes_max)
			launch->file_bytes_max = changes_max;
	}
	qemu_launch_option(launch, "-device", "virtio-blk-pci,num-queues=1,drive=disk%u,serial=%s",
			   number, serial);
	return 0;
}
