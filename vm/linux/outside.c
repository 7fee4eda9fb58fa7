/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of the outside a Linux machine is given: a cable in the lab (../network.h), directories of
 * the host (../volumes.h), a socket of its own (../virtio/vsock.h). Each is taken before the walls,
 * made a device, and later, the socket aside, told to the agent (../inside.c).
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "block.h"
#include "enclosed.h"
#include "fd.h"
#include "linux.h"

#define VSOCK_NAME "vsock"

enum { VSOCK_BACKLOG = 16 };

int outside_step_vsock(struct vm *vm, struct err *e)
{
	int directory = worker_rundir(vm->worker)->fd;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int fd = -1;

	if (!worker_spec(vm->worker)->vsock)
		return 1;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" VSOCK_NAME,
		 directory);
	unlinkat(directory, VSOCK_NAME, 0); /* of an earlier worker that was killed */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, VSOCK_BACKLOG) < 0)
		return err_sys(e, errno, "open the socket '" VSOCK_NAME "' in its directory");
	vm->linux_guest->vsock_fd = fd_move(&fd);
	return 0;
}

void outside_finish(struct linux_vm *machine)
{
	if (worker_spec(machine->vm->worker)->vsock)
		unlinkat(worker_rundir(machine->vm->worker)->fd, VSOCK_NAME, 0);
	fd_close(&machine->vsock_fd);
}

static int add_socket(struct linux_vm *machine, struct err *e)
{
	int r = virtio_vsock_init(io_next(machine), machine->vsock_fd, &machine->vm->memory, e);

	if (r < 0)
		return r;
	machine->vsock_fd = -1; /* the device's now */
	return io_add(machine, e);
}

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

	if (r == 0 && machine->vsock_fd >= 0)
		r = add_socket(machine, e);
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
