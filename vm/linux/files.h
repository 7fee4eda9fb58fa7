/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_FILES_H
#define ISOLAB_VM_FILES_H
/*
 * files: what a Linux guest starts from: its kernel, unpacked, and the parts of its initramfs
 * (kernel/pack.h). Each is found in the cache (kernel/boot_cache.h), or made now by isolab-kernel,
 * which the timeline tells. Before the worker walls itself in.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bzimage.h"
#include "err.h"

struct linux_image;
struct worker;

enum { BOOT_PARTS_MAX = 3, BOOT_PATH_MAX = 4096 };

struct boot_part {
	int fd;
	uint64_t bytes; /* whole pages */
};

struct boot_files {
	int kernel; /* a bzImage, or an ELF vmlinux: also one that was unpacked out of a bzImage */
	char kernel_path[BOOT_PATH_MAX];   /* of what --kernel named */
	char release[BZIMAGE_RELEASE_MAX]; /* its version; empty: it does not say */
	bool has_modules;
	struct boot_part parts[BOOT_PARTS_MAX]; /* to be laid one behind the other */
	unsigned part_count;
	uint64_t initramfs_bytes; /* all parts */
};

/* Finds or makes all of it, measures the kernel (linux_boot.h) and tells which one it is. -ENOEXEC
 * and others say what is wrong with the kernel or the image. */
int boot_files_prepare(struct worker *worker, struct boot_files *ret, struct linux_image *ret_image,
		       struct err *e);
/* Closes them. Fine on what was only initialised by boot_files_prepare(), or twice. */
void boot_files_finish(struct boot_files *files);

#endif
