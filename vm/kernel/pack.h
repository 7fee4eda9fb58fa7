/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_PACK_H
#define ISOLAB_VM_PACK_H
/*
 * pack: the first file system of a Linux guest, its initramfs: cpio archives ("newc") that the
 * kernel unpacks one behind the other, each padded to whole pages so that it can be mapped. What
 * is in them:
 *
 *	image	image/…		the file tree of --image, which becomes the root
 *	base	init		isolab-agent
 *		dev/console	what the kernel opens before anything is mounted
 *		modules/NAME.ko	and modules/order: a line for each, "NAME what it needs in order"
 *	programs isolab/…	isolab itself, for walls in walls
 *
 * See Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#include <stdint.h>

#include "err.h"

enum { PACK_BYTES_MAX = 0x7ff00000 /* of an archive: the kernel's limit is 2 GiB for all */ };

/* What could not be taken as it is. */
struct pack_losses {
	uint64_t closed;  /* files that we may not read: empty in there */
	uint64_t special; /* device nodes and sockets: left out */
};

/*
 * Packs the tree below `top`. Owners stay, but what is an ordinary user's own belongs to root in
 * there, as in his container. Files are never followed, and never waited for.
 */
int pack_image(int top, int to, struct pack_losses *ret, struct err *e);

/* Packs the agent, and the modules below `modules` (-1: none), which has a modules.dep. */
int pack_base(int agent, int modules, int to, struct err *e);

/* Packs programs, each word "NAME=FILE", and the image that containers in there have: the guest's
 * own root. */
int pack_programs(char *const words[], int to, struct err *e);

#endif
