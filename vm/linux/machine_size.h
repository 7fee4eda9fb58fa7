/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_MACHINE_SIZE_H
#define ISOLAB_VM_MACHINE_SIZE_H
/* machine_size: how much memory a Linux guest gets, on KVM as under QEMU. */
#include <stdint.h>

#include "err.h"

struct linux_image;
struct worker;

/* --memory, or what is usual; a note if the image needs more than that. -EINVAL with the least that
 * will do. `initramfs_bytes`: of all parts. */
int machine_size_choose(struct worker *worker, const struct linux_image *image,
			uint64_t initramfs_bytes, uint64_t *ret_bytes, struct err *e);

#endif
