/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VIRTQUEUE_H
#define ISOLAB_VM_VIRTQUEUE_H
/*
 * virtqueue: the split virtqueue of the VIRTIO specification 1.2, section 2.7: three arrays in the
 * guest's memory by which a driver hands buffers to a device and gets them back.
 *
 *	descriptors	16 bytes each: address, length, flags, next one of the chain
 *	available ring	the driver's: heads of chains for the device to take
 *	used ring	the device's: heads of chains it is done with, and bytes written to them
 *
 * All of it is the guest's to write at any time, so nothing is read twice: a chain is copied out,
 * every number checked, and only the copy is used. A driver that breaks the rules (a loop, a
 * descriptor out of range, an index that jumps, a buffer outside the RAM) gets -EPROTO, upon which
 * its device asks for a reset (mmio.c). No lock in here: the device's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "memory.h"

enum { VIRTQUEUE_SIZE_MAX = 256 };

struct virtqueue {
	/* set by the driver through the transport's registers */
	uint64_t descriptors, available, used; /* guest addresses */
	uint16_t size;                         /* a power of two, at most `size_max` */
	bool is_ready;
	/* the device's own */
	uint16_t size_max;
	uint16_t taken; /* of the available ring, free-running */
	uint16_t given; /* to the used ring, free-running */
};

/* A piece of a chain; it lies in the RAM, that has been checked. */
struct virtio_buffer {
	uint64_t address;
	uint32_t length;
};

/* A copy of a chain: first what the device may read, then what it may write. */
struct virtio_chain {
	uint16_t head;
	unsigned readable, writable; /* how many buffers of each kind */
	uint64_t readable_bytes, writable_bytes;
	struct virtio_buffer buffers[VIRTQUEUE_SIZE_MAX];
};

/* True if the three arrays lie in the RAM, aligned as section 2.7 asks, with a good size. */
bool virtqueue_is_valid(const struct virtqueue *queue, const struct memory *memory);

/* Takes the next chain. 1: there is one; 0: none waits; -EPROTO: the driver breaks the rules. */
int virtqueue_take(struct virtqueue *queue, const struct memory *memory,
		   struct virtio_chain *ret_chain);
/* True if a chain waits to be taken. */
bool virtqueue_has_more(const struct virtqueue *queue, const struct memory *memory);
/* Puts the chain last taken back, as if it had not been. */
void virtqueue_untake(struct virtqueue *queue);
/* Gives a chain back with `written` bytes in its writable part. */
void virtqueue_give(struct virtqueue *queue, const struct memory *memory, uint16_t head,
		    uint32_t written);
/* True if the driver wants to hear of used chains. */
bool virtqueue_wants_interrupt(const struct virtqueue *queue, const struct memory *memory);

/* Copies bytes out of the readable part from `offset` on. Returns how many there were. */
size_t virtio_chain_read(const struct virtio_chain *chain, const struct memory *memory,
			 uint64_t offset, void *to, size_t length);
/* Copies bytes into the writable part from `offset` on. Returns how many fitted. */
size_t virtio_chain_write(const struct virtio_chain *chain, const struct memory *memory,
			  uint64_t offset, const void *from, size_t length);
/* The same bytes as places for readv(2) and writev(2), which pass them on unseen: at most `max`
 * entries and `length` bytes. Returns how many entries; *ret_bytes is what they hold. */
unsigned virtio_chain_iovec(const struct virtio_chain *chain, const struct memory *memory,
			    bool is_writable, uint64_t offset, uint64_t length, struct iovec *iovec,
			    unsigned max, uint64_t *ret_bytes);

#endif
