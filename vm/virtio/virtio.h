/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VIRTIO_H
#define ISOLAB_VM_VIRTIO_H
/*
 * virtio: a device as the VIRTIO specification 1.2 describes it, behind the registers of section
 * 4.2 (memory-mapped, version 2). A device is plain data (struct virtio_device) and a const table
 * of what it does (struct virtio_ops); everything common is done here: negotiation of features,
 * status, reset, queues, interrupts, what a guest that breaks the rules gets.
 *
 *	virtqueue.c	the queues
 *	mmio.c		the registers, served on a processor's thread
 *	device.c	kicks, interrupts, words: served on the devices' thread (linux/io.c)
 *	rng.c …		one file per device; HACKING.md tells how to add one
 *
 * Threads: a processor's thread reads and writes registers, the devices' thread processes queues,
 * the worker's asks and tells. All of a device is behind its `lock` but for the interrupt status,
 * which is atomic, so that a guest that serves an interrupt never waits for a disk. Whoever holds
 * it takes no other lock. A processor that comes here holds its machine's.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "virtqueue.h"

enum {
	VIRTIO_QUEUES_MAX = 8,
	VIRTIO_WATCHES_MAX = 2,
	VIRTIO_CONFIG_BYTES = 64,
	VIRTIO_REGISTERS_BYTES = 0x1000, /* of the machine's addresses, for each device */
};
#define VIRTIO_F_VERSION_1 (1ull << 32)

enum virtio_status {
	VIRTIO_ACKNOWLEDGE = 1,
	VIRTIO_DRIVER = 2,
	VIRTIO_DRIVER_OK = 4,
	VIRTIO_FEATURES_OK = 8,
	VIRTIO_NEEDS_RESET = 64,
	VIRTIO_FAILED = 128,
};

struct virtio_device;

/* What a kind of device does. One const per kind. All are called with the device's lock held. */
struct virtio_ops {
	const char *name;     /* for the device tree, errors and notes: "rng", "block" */
	uint32_t id;          /* section 5 */
	uint64_t features;    /* offered beside VIRTIO_F_VERSION_1; a device may add some */
	unsigned queue_count; /* at most VIRTIO_QUEUES_MAX */
	uint16_t queue_size;  /* the largest size a queue may get: a power of two */
	/*
	 * A ready queue may hold something new: take chains, serve them, give them back.
	 * On the devices' thread, only while the driver is up (DRIVER_OK). Serves at most a queue's
	 * size of chains, so that other devices get their turn. 0: done; 1: call again soon;
	 * -errno: the driver breaks the rules, and gets no more service until it resets the device.
	 */
	int (*process)(struct virtio_device *device, unsigned queue);
	/* In place of process, for who has to act without a driver, too: the device was kicked,
	 * whether the driver is up or not. Same thread and results. */
	int (*turn)(struct virtio_device *device);
	/* A watched descriptor (virtio_watch) is ready. Mandatory for who watches; same thread and
	 * results as process. */
	int (*on_ready)(struct virtio_device *device, unsigned watch, short revents);
	/* The driver resets the device: forget what was in flight; queues are forgotten already.
	 * Optional. On a processor's thread. */
	void (*reset)(struct virtio_device *device);
	/* The driver has written `length` bytes (checked) at `offset` into the configuration;
	 * they are in device->config already. Optional: without, nothing can be written. */
	void (*configured)(struct virtio_device *device, uint64_t offset, unsigned length);
	/* Frees what the device owns, closes its descriptors. Optional. No thread runs. */
	void (*finish)(struct virtio_device *device);
};

struct virtio_watch {
	int fd; /* borrowed; -1: none */
	short events;
};

struct virtio_device {
	const struct virtio_ops *ops;
	void *state; /* the device's own, as its file says */
	struct memory *memory;
	pthread_mutex_t lock;
	struct virtqueue queues[VIRTIO_QUEUES_MAX];
	/* what a driver may see of it; set by the device before the guest runs */
	uint64_t features;
	uint8_t config[VIRTIO_CONFIG_BYTES];
	unsigned config_bytes;
	/* registers */
	uint64_t driver_features;
	uint32_t features_select, driver_features_select, queue_select, status, generation;
	_Atomic uint32_t interrupt_status;
	/* descriptors: eventfds that KVM shares, others that the devices' thread waits for */
	int kick_fd, interrupt_fd;
	struct virtio_watch watches[VIRTIO_WATCHES_MAX];
	bool has_used; /* chains were given back in this turn, the driver wants to hear of it */
	/* a word for the sandbox's journal */
	char word[256];
	/* the worker shall look: at a word, at what the device has for it */
	void (*wake)(void *arg);
	void *wake_arg;
};

/* Makes a device without a driver. -errno: then `finish` has been called for its state. */
int virtio_init(struct virtio_device *device, const struct virtio_ops *ops, void *state,
		struct memory *memory, struct err *e);
/* Frees everything. Fine on a zeroed one. */
void virtio_finish(struct virtio_device *device);

/* ---- mmio.c: a bus's functions; `device` is a struct virtio_device ---- */
uint64_t virtio_mmio_read(void *device, uint64_t offset, unsigned width);
void virtio_mmio_write(void *device, uint64_t offset, unsigned width, uint64_t value);

/* ---- for devices, within their functions or with the lock held ---- */
/* True once the driver has said DRIVER_OK and while it keeps to the rules. */
bool virtio_is_up(const struct virtio_device *device);
/* True if the driver has accepted all of these features. */
bool virtio_has(const struct virtio_device *device, uint64_t features);
/* virtqueue_take and virtqueue_give of a queue by its number; a queue that is not ready has
 * nothing. The interrupt follows at the end of the turn. */
int virtio_take(struct virtio_device *device, unsigned queue, struct virtio_chain *ret_chain);
void virtio_give(struct virtio_device *device, unsigned queue, const struct virtio_chain *chain,
		 uint32_t written);
/* The configuration was changed by the device: the driver shall read it again. */
void virtio_config_changed(struct virtio_device *device);
/* What the devices' thread waits for beside kicks: call with the lock held; events 0: nothing
 * now. Called by another thread, virtio_kick must follow. */
void virtio_watch(struct virtio_device *device, unsigned watch, int fd, short events);
/* The worker's thread shall look at what the device has for it. */
void virtio_wake(struct virtio_device *device);
/* A note for the sandbox's journal. The last one counts. */
void virtio_say(struct virtio_device *device, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- for whoever runs the devices; they take the lock ---- */
/* The devices' thread shall look at the device. Needs no lock. */
void virtio_kick(struct virtio_device *device);
/* Serves all ready queues of a device that was kicked. */
void virtio_serve(struct virtio_device *device);
/* Serves a watched descriptor. */
void virtio_serve_watch(struct virtio_device *device, unsigned watch, short revents);
/* Takes the note. False: there is none. */
bool virtio_take_word(struct virtio_device *device, char *buffer, size_t size);

/* ---- the devices ---- */
/* Random bytes (section 5.4). */
int virtio_rng_init(struct virtio_device *device, struct memory *memory, struct err *e);
/* What a network card is made of. */
struct virtio_net_setup {
	int tap_fd;
	const uint8_t *hardware_address; /* 6 bytes */
	uint16_t mtu;
};
/* A network card (section 5.1); takes the tap (net.c says in which form) once it succeeds. */
int virtio_net_init(struct virtio_device *device, const struct virtio_net_setup *setup,
		    struct memory *memory, struct err *e);
/* A directory of the host (section 5.11), known to the driver by `tag`, at most 36 bytes; served by
 * who is at the other end of the socket (vhost.h), which it takes once it succeeds. */
int virtio_fs_init(struct virtio_device *device, const char *tag, int socket, struct memory *memory,
		   struct err *e);
/* Streams to programs of the host (vsock.h), which connect to a listening Unix socket; takes it
 * once it succeeds. */
int virtio_vsock_init(struct virtio_device *device, int listen_fd, struct memory *memory,
		      struct err *e);

#endif
