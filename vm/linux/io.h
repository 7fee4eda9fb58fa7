/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_IO_H
#define ISOLAB_VM_IO_H
/*
 * io: the virtio devices of a Linux machine and the one thread that serves them. A driver's write
 * to QueueNotify never reaches us: KVM turns it into a count in the device's eventfd
 * (KVM_IOEVENTFD) while the guest goes on. The thread's write to another eventfd becomes an
 * interrupt (KVM_IRQFD). So a guest that kicks for ever keeps this thread busy, and nobody else.
 *
 *	device n	registers at IO_ADDRESS + n * 0x1000, interrupt IO_INTERRUPT + n, an edge
 */
#include <stdbool.h>

#include "virtio.h"

struct linux_vm;

enum { IO_DEVICES_MAX = 17, IO_INTERRUPT = 5 };
#define IO_ADDRESS 0xd0000000u

struct io {
	struct virtio_device devices[IO_DEVICES_MAX];
	unsigned count;
	pthread_t thread;
	bool has_thread;
	int bell_fd; /* look again: paused, over */
	_Atomic bool is_paused, is_stopping;
};

/* The place for the next device, to be initialised. It counts once it is added. There is one as
 * long as the machine has at most IO_DEVICES_MAX. */
struct virtio_device *io_next(struct linux_vm *machine);
/* Connects the device of io_next(), initialised, to the bus and to KVM. -errno. */
int io_add(struct linux_vm *machine, struct err *e);
/* Starts the thread; what it serves before the guest runs is nothing. */
int io_start(struct linux_vm *machine, struct err *e);
/* While the machine is paused its devices stand still, too. */
void io_pause(struct linux_vm *machine, bool on);
/* Journals what devices have to say. The worker's thread. */
void io_tell(struct linux_vm *machine);
/* Ends the thread, frees the devices. */
void io_finish(struct linux_vm *machine);

#endif
