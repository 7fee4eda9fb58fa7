/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TEST_VM_MACHINE_H
#define ISOLAB_TEST_VM_MACHINE_H
/*
 * vm_machine: a machine on plain memory, without KVM, and a worker that only remembers what it
 * was told. Devices, mailbox and loaders are driven by it; the fuzz targets use it too.
 */
#include "channel.h"
#include "vm.h"

enum { MACHINE_BYTES = 4 << 20, MACHINE_OUTPUT = 4096 };

/* What the worker was told. */
struct told {
	char output[MACHINE_OUTPUT]; /* both streams, first bytes of it */
	size_t output_length;
	bool output_is_full;
	bool has_failed, has_exited, is_ready;
	struct err failure;
	int status;       /* of worker_exited */
	unsigned exec_id; /* of the last worker_exec_exited */
	int exec_status;
	unsigned steps, watched;
};

/* Memory, layout, channel 0 in use, `entered` as if it ran. The worker is &told. */
void machine_init(struct vm *vm, struct told *told);
void machine_finish(struct vm *vm);

#endif
