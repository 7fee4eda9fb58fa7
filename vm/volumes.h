/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VOLUMES_H
#define ISOLAB_VM_VOLUMES_H
/*
 * volumes: the directories and files of the host that a machine is shown (--volume SRC:DST[:ro]),
 * each a device of its own. As a rule a virtiofsd serves it, and what is written goes straight to
 * the host's files. Where there is none, the machine gets a disk with a copy (volume_copy.h), and a
 * note says so; also where one is there and does not run, if the machine is our own on KVM. Both
 * machines of QEMU end then: it has its command line by the time that this is noticed.
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
	int image_fd;                /* a copy, to become a disk; -1: it is, or there is none */
	char tag[VM_VOLUME_TAG_MAX]; /* how the guest finds the device */
	char *source, *target;       /* what is shown, and where: owned */
	bool is_file, is_read_only, is_copy;
};

struct vm_volumes {
	struct vm_volume list[VM_VOLUMES_MAX];
	unsigned count;
};

/* True if the spec asks for any. */
static inline bool vm_volumes_are_wanted(const struct sandbox_spec *spec)
{
	return spec->volumes && spec->volumes[0];
}
/* True if they need RAM that can be shared (memory_init_shared). */
bool vm_volumes_share_memory(const struct sandbox_spec *spec);
/* Starts what serves them, and notices its end, or makes the copies. Before the walls. 1: none is
 * asked for. */
int vm_volumes_start(struct worker *worker, struct vm_volumes *volumes, struct err *e);
/* Its virtiofsd does not do: it becomes a copy. `why`: what went wrong, for the note. */
int vm_volume_become_copy(struct worker *worker, struct vm_volume *volume, const char *why,
			  struct err *e);
/* Appends the body of the agent's MOUNT (agent.h) for one of them. */
void vm_volume_tell(const struct vm_volume *volume, struct strbuf *body);
void vm_volumes_finish(struct vm_volumes *volumes);

#endif
