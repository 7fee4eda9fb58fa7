/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walls that the engine knows, in the order of the columns. A new wall is one more line and
 * a worker program. */
#include "backend.h"

#include <string.h>

const struct backend *backend_find(const struct backend *table, const char *kind)
{
	for (const struct backend *b = table ? table : backends; b->kind; b++)
		if (strcmp(b->kind, kind) == 0)
			return b;
	return NULL;
}

const struct backend backends[] = {
    {
	.kind = "process",
	.about = "no wall at all: the program runs as a child on the host",
	.worker = "isolab-container",
	.flavour = "-",
	.can_pause = true,
    },
    {
	.kind = "container",
	.about = "a wall the kernel draws: namespaces, capabilities, seccomp, same kernel",
	.worker = "isolab-container",
	.flavour = "-",
	.has_bricks = true,
	.can_pause = true,
    },
    {
	.kind = "vm",
	.about = "a wall the processor draws: own memory, own (tiny, teaching) kernel",
	.worker = "isolab-vm",
	.flavour = "tiny",
	.can_pause = true,
    },
    {.kind = NULL},
};
