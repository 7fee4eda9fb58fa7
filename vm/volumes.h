/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VOLUMES_H
#define ISOLAB_VM_VOLUMES_H
/*
 * volumes: the directories of the host that a machine is shown (--volume SRC:DST[:ro]), each a
 * device of its own: a virtiofsd serves it, and what is written goes straight to the host's files.
 */
#include <stdbool.h>

#include "err.h"
#include "spec.h"
#include "str.h"
#include "virtiofsd.h"

struct worker;

enum { VM_VOLUMES_MAX = 8, VM_VOLUME_TAG_MAX = 16 };

struct vm_volume {
	struct virtiofsd daemon;
	char tag[VM_VOLUME_TAG_MAX]; /* how the guest finds the device */
	char *target;                /* where it is seen, owned */
	bool is_read_only;
};

struct vm_volumes {
	struct vm_volume list[VM_VOLUMES_MAX];
	unsigned count;
};

/* True if the spec asks for any: then the RAM must be shared (memory_init_shared). */
static inline bool vm_volumes_are_wanted(const struct sandbox_spec *spec)
{
	return spec->volumes && spec->volumes[0];
}
/* Starts what serves them; notices its end. Before the walls. 1: none is asked for. */
int vm_volumes_start(struct worker *worker, struct vm_volumes *volumes, struct err *e);
/* Appends the body of the agent's MOUNT (agent.h) for one of them. */
void vm_volume_tell(const struct vm_volume *volume, struct strbuf *body);
void vm_volumes_finish(struct vm_volumes *volumes);

#endif
