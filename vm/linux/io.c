/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The devices' thread: one poll loop over the kicks of all devices and the descriptors that they
 * watch. What surprises: a device's watched descriptors are asked for anew each turn, under its
 * lock, since a processor's thread may reset the device meanwhile; and a pause only keeps the
 * thread from looking, the kicks are kept in their eventfds.
 */
#include "io.h"

#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fd.h"
#include "linux.h"
#include "lockin.h"

enum {
	THREAD_STACK_BYTES = 128 * 1024,
	QUEUE_NOTIFY = 0x50,
	POLL_MAX = 1 + IO_DEVICES_MAX * (1 + VIRTIO_WATCHES_MAX),
};

/* ---- connecting ---- */

struct virtio_device *io_next(struct linux_vm *machine)
{
	struct io *io = &machine->io;

	return io->count < IO_DEVICES_MAX ? &io->devices[io->count] : NULL;
}

static int connect_kvm(struct linux_vm *machine, const struct virtio_device *device,
		       uint64_t address, unsigned number, struct err *e)
{
	struct kvm_ioeventfd kick = {.addr = address + QUEUE_NOTIFY,
				     .len = 4,
				     .fd = device->kick_fd};
	struct kvm_irqfd interrupt = {.fd = (__u32)device->interrupt_fd,
				      .gsi = IO_INTERRUPT + number};

	if (ioctl(machine->vm->vm_fd, KVM_IOEVENTFD, &kick) < 0 ||
	    ioctl(machine->vm->vm_fd, KVM_IRQFD, &interrupt) < 0)
		return err_hint(e, err_sys(e, errno, "connect it to KVM"),
				"KVM needs KVM_IOEVENTFD and KVM_IRQFD (CONFIG_HAVE_KVM_IRQFD)");
	return 0;
}

static void wake(void *arg)
{
	linux_wake(arg);
}

int io_add(struct linux_vm *machine, struct err *e)
{
	unsigned number = machine->io.count;
	struct virtio_device *device = &machine->io.devices[number];
	const struct bus_region region = {
	    .kind = BUS_MEMORY,
	    .start = IO_ADDRESS + number * VIRTIO_REGISTERS_BYTES,
	    .length = VIRTIO_REGISTERS_BYTES,
	    .device = device,
	    .read = virtio_mmio_read,
	    .write = virtio_mmio_write,
	};

	machine->io.count++; /* from here on io_finish() frees it */
	device->wake = wake;
	device->wake_arg = machine;
	int r = bus_add(&machine->bus, &region, e);
	if (r == 0)
		r = connect_kvm(machine, device, region.start, number, e);
	return r < 0 ? err_ctx(e, r, "add the %s device", device->ops->name) : 0;
}

/* ---- the thread ---- */

/* What a polled descriptor is of; watch -1: the kick. */
struct place {
	struct virtio_device *device;
	int watch;
};

static nfds_t gather(struct io *io, struct pollfd *fds, struct place *places)
{
	nfds_t count = 0;

	fds[count++] = (struct pollfd){.fd = io->bell_fd, .events = POLLIN};
	for (unsigned i = 0; !io->is_paused && i < io->count; i++) {
		struct virtio_device *device = &io->devices[i];
		places[count] = (struct place){device, -1};
		fds[count++] = (struct pollfd){.fd = device->kick_fd, .events = POLLIN};
		pthread_mutex_lock(&device->lock);
		for (int k = 0; k < VIRTIO_WATCHES_MAX; k++) {
			const struct virtio_watch *watch = &device->watches[k];
			if (watch->fd < 0)
				continue;
			places[count] = (struct place){device, k};
			fds[count++] = (struct pollfd){.fd = watch->fd, .events = watch->events};
		}
		pthread_mutex_unlock(&device->lock);
	}
	return count;
}

static void serve(const struct place *place, short revents)
{
	if (place->watch < 0)
		virtio_serve(place->device);
	else
		virtio_serve_watch(place->device, (unsigned)place->watch, revents);
}

static void answer_bell(int fd)
{
	uint64_t count;
	ssize_t unused = read(fd, &count, sizeof(count));

	(void)unused;
}

static void *run_devices(void *arg)
{
	struct linux_vm *machine = arg;
	struct io *io = &machine->io;
	const struct lockin_filter *filter = worker_spec(machine->vm->worker)->vsock
						 ? &lockin_io_vsock
						 : &lockin_io;
	struct pollfd fds[POLL_MAX];
	struct place places[POLL_MAX];
	struct err error = {0};

	if (lockin_filter_calls(filter, &error) < 0) {
		pthread_mutex_lock(&machine->lock);
		machine->failure = error;
		linux_end(machine, LINUX_FAILED);
		pthread_mutex_unlock(&machine->lock);
		return NULL;
	}
	while (!io->is_stopping) {
		nfds_t count = gather(io, fds, places);
		if (poll(fds, count, -1) < 0)
			continue; /* a signal */
		if (fds[0].revents)
			answer_bell(io->bell_fd);
		for (nfds_t i = 1; i < count && !io->is_stopping; i++)
			if (fds[i].revents)
				serve(&places[i], fds[i].revents);
	}
	return NULL;
}

int io_start(struct linux_vm *machine, struct err *e)
{
	struct io *io = &machine->io;
	pthread_attr_t attributes;
	sigset_t all, before;

	io->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (io->bell_fd < 0)
		return err_sys(e, errno, "make the devices' bell");
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&io->thread, &attributes, run_devices, machine);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	io->has_thread = code == 0;
	return code ? err_sys(e, code, "start the devices' thread") : 0;
}

/* ---- for the worker ---- */

static void ring(const struct io *io)
{
	const uint64_t one = 1;
	ssize_t unused = io->has_thread ? write(io->bell_fd, &one, sizeof(one)) : 0;

	(void)unused;
}

void io_pause(struct linux_vm *machine, bool on)
{
	machine->io.is_paused = on;
	ring(&machine->io);
}

void io_tell(struct linux_vm *machine)
{
	char word[sizeof(machine->io.devices[0].word)];

	for (unsigned i = 0; i < machine->io.count; i++) {
		struct virtio_device *device = &machine->io.devices[i];
		if (virtio_take_word(device, word, sizeof(word)))
			worker_note(machine->vm->worker, device->ops->name, "%s", word);
	}
}

void io_finish(struct linux_vm *machine)
{
	struct io *io = &machine->io;

	io->is_stopping = true;
	ring(io);
	if (io->has_thread)
		pthread_join(io->thread, NULL);
	io->has_thread = false;
	for (unsigned i = 0; i < io->count; i++)
		virtio_finish(&io->devices[i]);
	io->count = 0;
	fd_close(&io->bell_fd);
}
