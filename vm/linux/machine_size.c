/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel says where it ends in memory (linux_measure_kernel), and its first file system lies in
 * there twice for a moment: packed, and as files. Less than that is refused with the number, for a
 * kernel that is short of memory at its start only panics.
 */
#include "machine_size.h"

#include <errno.h>

#include "linux.h"

static unsigned long long to_mib(uint64_t bytes)
{
	return (bytes + (1 << 20) - 1) >> 20;
}

static int refuse(const struct linux_image *image, uint64_t initramfs_bytes, uint64_t bytes,
		  uint64_t needed, struct err *e)
{
	if (bytes > LINUX_MEMORY_MAXIMUM)
		return err_hint(e,
				err_set(e, EINVAL,
					"--memory: %llu MiB are too much for a Linux "
					"guest",
					to_mib(bytes)),
				"at most 3G");
	int r = err_set(e, EINVAL,
			"--memory: %llu MiB are too little: the kernel takes %llu MiB, its files "
			"twice %llu MiB",
			to_mib(bytes), to_mib(image->end), to_mib(initramfs_bytes));
	return err_hint(e, r, "at least --memory %lluM", to_mib(needed));
}

int machine_size_choose(struct worker *worker, const struct linux_image *image,
			uint64_t initramfs_bytes, uint64_t *ret_bytes, struct err *e)
{
	const struct sandbox_spec *spec = worker_spec(worker);
	uint64_t needed = linux_memory_needed(image, initramfs_bytes);
	uint64_t bytes = spec->memory_bytes ? memory_page_up(spec->memory_bytes)
					    : LINUX_MEMORY_DEFAULT;

	if (!spec->memory_bytes && needed > bytes) {
		bytes = needed + LINUX_MEMORY_DEFAULT / 2;
		worker_note(worker, "memory",
			    "%llu MiB instead of %d: the image lies in the guest's memory",
			    to_mib(bytes), LINUX_MEMORY_DEFAULT >> 20);
	}
	if (bytes < needed || bytes > LINUX_MEMORY_MAXIMUM)
		return refuse(image, initramfs_bytes, bytes, needed, e);
	*ret_bytes = bytes;
	return 0;
}
