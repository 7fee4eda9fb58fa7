/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of the outside a Linux machine is given: a cable in the lab (../network.h), directories of
 * the host (../volumes.h). Each is taken before the walls, made a device, and later told to the
 * agent (../inside.c).
 */
#include <stdio.h>

#include "block.h"
#include "enclosed.h"
#include "fd.h"
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

static int add_copy(struct linux_vm *machine, struct vm_volume *volume, struct err *e)
{
	int fd = fd_move(&volume->image_fd);
	int r = virtio_block_take(io_next(machine), fd, volume->is_read_only, volume->tag,
				  &machine->vm->memory, e);

	return r < 0 ? r : io_add(machine, e);
}

/* What does not answer as a virtiofsd does is done without. */
static int add_volume(struct linux_vm *machine, struct vm_volume *volume, struct err *e)
{
	struct err error = {0};
	char words[128], why[192];
	int r = virtio_fs_init(io_next(machine), volume->tag, volume->daemon.socket,
			       &machine->vm->memory, &error);

	if (r == 0) {
		volume->daemon.socket = -1;
		return io_add(machine, e);
	}
	enclosed_words(volume->daemon.words_fd, words, sizeof(words));
	snprintf(why, sizeof(why), "virtiofsd does not run: %.120s", *words ? words : error.what);
	return vm_volume_become_copy(machine->vm->worker, volume, why, e);
}

int outside_add_devices(struct linux_vm *machine, struct err *e)
{
	struct vm *vm = machine->vm;
	int r = vm->network.tap_fd >= 0 ? add_card(machine, e) : 0;

	for (unsigned i = 0; r == 0 && i < vm->volumes.count; i++)
		if (!vm->volumes.list[i].is_copy)
			r = add_volume(machine, &vm->volumes.list[i], e);
	return r;
}

int outside_add_copies(struct linux_vm *machine, struct err *e)
{
	struct vm_volumes *volumes = &machine->vm->volumes;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < volumes->count; i++)
		if (volumes->list[i].is_copy)
			r = add_copy(machine, &volumes->list[i], e);
	return r;
}
