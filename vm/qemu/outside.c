/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of the outside a machine in QEMU is given, taken before by the steps that all machines
 * share: the cable in the lab, directories of the host, disks. Each becomes a device, and its
 * descriptor QEMU's; what the guest is to do with it the agent is told later (../inside.c).
 *
 * What surprises: `romfile=`: a network card comes with a file to boot from the network, which is
 * a package of its own.
 */
#include <errno.h>
#include <stdio.h>

#include "disk.h"
#include "fd.h"
#include "qemu.h"

static void add_card(struct qemu_launch *launch, struct vm_network *network)
{
	const struct net_lease *lease = &network->lab.lease;
	const uint8_t *address = lease->hardware_address;

	qemu_launch_option(launch, "-netdev", "tap,id=lab,vhost=off,fd=%u",
			   qemu_launch_pass(launch, fd_move(&network->tap_fd)));
	qemu_launch_option(launch, "-device",
			   "virtio-net-pci,netdev=lab,romfile=,host_mtu=%u,"
			   "mac=%02x:%02x:%02x:%02x:%02x:%02x",
			   lease->mtu, address[0], address[1], address[2], address[3], address[4],
			   address[5]);
}

static void add_volume(struct qemu_launch *launch, struct vm_volume *volume)
{
	qemu_launch_option(launch, "-chardev", "socket,id=%s,fd=%u", volume->tag,
			   qemu_launch_pass(launch, fd_move(&volume->daemon.socket)));
	qemu_launch_option(launch, "-device", "vhost-user-fs-pci,chardev=%s,tag=%s", volume->tag,
			   volume->tag);
}

/* Behind the disks that were asked for, so that those keep their names. */
static int add_copies(struct qemu_launch *launch, struct vm_volumes *volumes, struct err *e)
{
	struct disk disk;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < volumes->count; i++) {
		struct vm_volume *volume = &volumes->list[i];
		if (!volume->is_copy)
			continue;
		r = disk_take(&disk, fd_move(&volume->image_fd), volume->is_read_only, e);
		if (r < 0)
			return r;
		r = qemu_disk_add(launch, &disk, volume->tag, e);
		disk_close(&disk);
	}
	return r;
}

static int add_disks(struct qemu_launch *launch, char *const *disks, struct err *e)
{
	char path[SPEC_PATH_MAX], serial[QEMU_SERIAL_MAX];
	struct disk disk;
	bool is_read_only;
	int r = 0;

	for (unsigned i = 0; r == 0 && disks && disks[i]; i++) {
		r = spec_split_disk(disks[i], path, &is_read_only, e);
		if (r == 0)
			r = disk_open(&disk, path, is_read_only, e);
		if (r < 0)
			return r;
		snprintf(serial, sizeof(serial), "isolab-%u", i);
		r = qemu_disk_add(launch, &disk, serial, e);
		disk_close(&disk);
	}
	return r;
}

int qemu_outside_add(struct vm *vm, struct qemu_launch *launch, struct err *e)
{
	if (vm->network.tap_fd >= 0)
		add_card(launch, &vm->network);
	for (unsigned i = 0; i < vm->volumes.count; i++)
		if (!vm->volumes.list[i].is_copy)
			add_volume(launch, &vm->volumes.list[i]);
	int r = add_disks(launch, worker_spec(vm->worker)->disks, e);
	return r < 0 ? r : add_copies(launch, &vm->volumes, e);
}
