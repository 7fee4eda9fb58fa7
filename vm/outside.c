/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps by which a machine with Linux in it is given something of the outside, whoever runs it:
 * a cable in the lab, directories of the host. Each is taken before the walls, made a device
 * (linux/outside.c, qemu/outside.c), and later told to the agent (inside.c). */
#include "clock.h"
#include "vm.h"

int vm_step_lab(struct vm *vm, struct err *e)
{
	uint64_t start = clock_now_ns();
	int r = vm_network_join(vm->worker, &vm->network, e);

	if (r == 0)
		worker_step(vm->worker, "lab", start, vm->network.lab.told);
	return r < 0 ? r : 1;
}

int vm_step_volumes(struct vm *vm, struct err *e)
{
	return vm_volumes_start(vm->worker, &vm->volumes, e);
}
