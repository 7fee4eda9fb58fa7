/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of the outside a Linux machine is given: a cable in the lab (../network.h), directories of
 * the host (../volumes.h). Each is taken before the walls, made a device, and later told to the
 * agent (../inside.c).
 */
#include "linux.h"

static int add_card(struct linux_vm *machine, struct err *e)
{
	struct vm_network *network = &machine->vm->network;
	const struct net_lease *lease = &network->lab.lease;
	const struct virtio_net_setup setup = {.tap_fd = network->tap_fd,
					       .hardware_address = lease->hardware_address,
					       .mtu = (uint16_t)lease->mtu};
	int r = virtio_net_init(io_next(machine), &setup, &machine->vm->memory, e);

	if (r < 0)
		return r;
	network->tap_fd = -1; /* the device's now */
	return io_add(machine, e);
}

static int add_volume(struct linux_vm *machine, struct vm_volume *volume, struct err *e)
{
	int r = virtio_fs_init(io_next(machine), volume->tag, volume->daemon.socket,
			       &machine->vm->memory, e);
	char words[128];

	if (r < 0)
		return err_ctx(e, r, "talk to virtiofsd (%s)",
			       virtiofsd_words(&volume->daemon, words, sizeof(words)));
	volume->daemon.socket = -1;
	return io_add(machine, e);
}

int outside_add_devices(struct linux_vm *machine, struct err *e)
{
	struct vm *vm = machine->vm;
	int r = vm->network.tap_fd >= 0 ? add_card(machine, e) : 0;

	for (unsigned i = 0; r == 0 && i < vm->volumes.count; i++)
		r = add_volume(machine, &vm->volumes.list[i], e);
	return r;
}
