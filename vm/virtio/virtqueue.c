/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * VIRTIO 1.2, section 2.7. What surprises: the indices run freely through 16 bits, so that "how
 * many wait" is a difference, and a difference of more than the queue's size can only be a lie. The
 * driver runs at the same time on another processor: its index is read with acquire, before what it
 * announces, and ours is written with release, after what it announces. Indirect descriptors are
 * not offered, so one is a broken rule.
 */
#include "virtqueue.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum {
	DESCRIPTOR_NEXT = 1,
	DESCRIPTOR_WRITE = 2,
	DESCRIPTOR_INDIRECT = 4,
	AVAILABLE_NO_INTERRUPT = 1,
	RING_HEADER = 4, /* flags and index in front of either ring */
};

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct used {
	uint32_t head, written;
};

static uint16_t load_index(const struct virtqueue *queue, const struct memory *memory)
{
	const uint16_t *index = memory_at(memory, queue->available + 2, sizeof(*index));

	return index ? le16toh(__atomic_load_n(index, __ATOMIC_ACQUIRE)) : queue->taken;
}

bool virtqueue_is_valid(const struct virtqueue *queue, const struct memory *memory)
{
	uint64_t size = queue->size;

	if (size == 0 || size > queue->size_max || size & (size - 1))
		return false;
	if (queue->descriptors % 16 || queue->available % 2 || queue->used % 4)
		return false;
	return memory_at(memory, queue->descriptors, size * sizeof(struct descriptor)) &&
	       memory_at(memory, queue->available, RING_HEADER + size * 2) &&
	       memory_at(memory, queue->used, RING_HEADER + size * sizeof(struct used));
}

/* Adds a descriptor to the copy: readable ones before writable ones, each in the RAM. */
static int add_buffer(struct virtio_chain *chain, const struct memory *memory,
		      const struct descriptor *descriptor)
{
	unsigned at = chain->readable + chain->writable;
	bool is_writable = descriptor->flags & DESCRIPTOR_WRITE;

	if (descriptor->flags & DESCRIPTOR_INDIRECT || at == VIRTQUEUE_SIZE_MAX ||
	    (!is_writable && chain->writable) ||
	    !memory_at(memory, descriptor->address, descriptor->length))
		return -EPROTO;
	chain->buffers[at] = (struct virtio_buffer){descriptor->address, descriptor->length};
	if (is_writable) {
		chain->writable++;
		chain->writable_bytes += descriptor->length;
	} else {
		chain->readable++;
		chain->readable_bytes += descriptor->length;
	}
	return 0;
}

static int copy_chain(const struct virtqueue *queue, const struct memory *memory,
		      struct virtio_chain *chain)
{
	struct descriptor descriptor;
	uint16_t next = chain->head;

	/* As many turns as there are descriptors: a longer chain is a loop. */
	for (unsigned i = 0; i < queue->size; i++) {
		if (next >= queue->size ||
		    memory_read(memory, queue->descriptors + next * sizeof(descriptor), &descriptor,
				sizeof(descriptor)) < 0)
			return -EPROTO;
		descriptor.address = le64toh(descriptor.address);
		descriptor.length = le32toh(descriptor.length);
		descriptor.flags = le16toh(descriptor.flags);
		if (add_buffer(chain, memory, &descriptor) < 0)
			return -EPROTO;
		if (!(descriptor.flags & DESCRIPTOR_NEXT))
			return 1;
		next = le16toh(descriptor.next);
	}
	return -EPROTO;
}

bool virtqueue_has_more(const struct virtqueue *queue, const struct memory *memory)
{
	return load_index(queue, memory) != queue->taken;
}

int virtqueue_take(struct virtqueue *queue, const struct memory *memory,
		   struct virtio_chain *ret_chain)
{
	uint16_t waiting = (uint16_t)(load_index(queue, memory) - queue->taken);
	uint16_t head;

	if (waiting == 0)
		return 0;
	if (waiting > queue->size ||
	    memory_read(memory,
			queue->available + RING_HEADER + 2ull * (queue->taken % queue->size), &head,
			sizeof(head)) < 0)
		return -EPROTO;
	ret_chain->head = le16toh(head);
	ret_chain->readable = ret_chain->writable = 0;
	ret_chain->readable_bytes = ret_chain->writable_bytes = 0;
	queue->taken++;
	return copy_chain(queue, memory, ret_chain);
}

void virtqueue_untake(struct virtqueue *queue)
{
	queue->taken--;
}

void virtqueue_give(struct virtqueue *queue, const struct memory *memory, uint16_t head,
		    uint32_t written)
{
	const struct used used = {htole32(head), htole32(written)};
	uint16_t *index = memory_at(memory, queue->used + 2, sizeof(*index));

	memory_write(memory,
		     queue->used + RING_HEADER + (queue->given % queue->size) * sizeof(used), &used,
		     sizeof(used));
	queue->given++;
	if (index)
		__atomic_store_n(index, htole16(queue->given), __ATOMIC_RELEASE);
}

bool virtqueue_wants_interrupt(const struct virtqueue *queue, const struct memory *memory)
{
	uint16_t flags;

	/* Our index must be seen before their wish is read: else both might go to sleep. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return memory_read(memory, queue->available, &flags, sizeof(flags)) == 0 &&
	       !(le16toh(flags) & AVAILABLE_NO_INTERRUPT);
}

/* ---- the bytes of a chain ---- */

unsigned virtio_chain_iovec(const struct virtio_chain *chain, const struct memory *memory,
			    bool is_writable, uint64_t offset, uint64_t length, struct iovec *iovec,
			    unsigned max, uint64_t *ret_bytes)
{
	unsigned first = is_writable ? chain->readable : 0, count = 0;
	unsigned end = is_writable ? chain->readable + chain->writable : chain->readable;

	*ret_bytes = 0;
	for (unsigned i = first; i < end && count < max && *ret_bytes < length; i++) {
		const struct virtio_buffer *buffer = &chain->buffers[i];
		if (offset >= buffer->length) {
			offset -= buffer->length;
			continue;
		}
		uint64_t bytes = buffer->length - offset;
		if (bytes > length - *ret_bytes)
			bytes = length - *ret_bytes;
		iovec[count++] = (struct iovec){memory_at(memory, buffer->address + offset, bytes),
						(size_t)bytes};
		*ret_bytes += bytes;
		offset = 0;
	}
	return count;
}

size_t virtio_chain_read(const struct virtio_chain *chain, const struct memory *memory,
			 uint64_t offset, void *to, size_t length)
{
	struct iovec places[VIRTQUEUE_SIZE_MAX];
	uint64_t bytes;
	unsigned count = virtio_chain_iovec(chain, memory, false, offset, length, places,
					    VIRTQUEUE_SIZE_MAX, &bytes);
	uint8_t *at = to;

	for (unsigned i = 0; i < count; at += places[i++].iov_len)
		memcpy(at, places[i].iov_base, places[i].iov_len);
	return (size_t)bytes;
}

size_t virtio_chain_write(const struct virtio_chain *chain, const struct memory *memory,
			  uint64_t offset, const void *from, size_t length)
{
	struct iovec places[VIRTQUEUE_SIZE_MAX];
	uint64_t bytes;
	unsigned count = virtio_chain_iovec(chain, memory, true, offset, length, places,
					    VIRTQUEUE_SIZE_MAX, &bytes);
	const uint8_t *at = from;

	for (unsigned i = 0; i < count; at += places[i++].iov_len)
		memcpy(places[i].iov_base, at, places[i].iov_len);
	return (size_t)bytes;
}
