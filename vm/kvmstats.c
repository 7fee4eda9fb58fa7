/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The binary statistics of KVM: a header, descriptors (name, sort, place of the number), numbers.
 * One read from the start gives all of it. The host's kernel writes it, but other kernels extend
 * the form, so every offset is checked: sums in 64 bits, each number by the length that was read.
 */
#include "kvmstats.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NAME_SIZE_MAX = 256 };

int kvmstats_open(int kvm_object_fd)
{
	int fd = ioctl(kvm_object_fd, KVM_GET_STATS_FD, NULL);

	return fd < 0 ? -errno : fd;
}

/* A number that only grows and counts events, not bytes or nanoseconds; no histogram. */
static int is_plain_counter(const struct kvm_stats_desc *about)
{
	return (about->flags & KVM_STATS_TYPE_MASK) == KVM_STATS_TYPE_CUMULATIVE &&
	       (about->flags & KVM_STATS_UNIT_MASK) == KVM_STATS_UNIT_NONE && about->size == 1;
}

static void add(struct vm_counters *counters, const char *name, size_t size, uint64_t value)
{
	struct vm_counter *counter = counters->counter;
	struct vm_counter *end = counter + counters->count;

	if (strnlen(name, size) >= sizeof(counter->name) || strnlen(name, size) == size)
		return;
	if (!vm_counter_is_name(name))
		return;
	while (counter < end && strcmp(counter->name, name) != 0)
		counter++;
	if (counter == end) {
		if (counters->count == VM_COUNTERS_MAX)
			return;
		*counter = (struct vm_counter){.value = 0};
		memcpy(counter->name, name, strlen(name));
		counters->count++;
	}
	counter->value += value;
}

int kvmstats_parse(const void *block, size_t length, struct vm_counters *counters)
{
	const uint8_t *bytes = block;
	struct kvm_stats_header header;
	struct kvm_stats_desc about;

	if (length < sizeof(header))
		return -EBADMSG;
	memcpy(&header, bytes, sizeof(header));
	uint64_t stride = sizeof(about) + (uint64_t)header.name_size;
	if (header.name_size == 0 || header.name_size > NAME_SIZE_MAX ||
	    header.desc_offset + header.num_desc * stride > length || header.data_offset > length)
		return -EBADMSG;
	for (uint64_t i = 0; i < header.num_desc; i++) {
		const uint8_t *at = bytes + header.desc_offset + i * stride;
		uint64_t value;

		memcpy(&about, at, sizeof(about));
		uint64_t place = (uint64_t)header.data_offset + about.offset;
		if (!is_plain_counter(&about) || place + sizeof(value) > length)
			continue;
		memcpy(&value, bytes + place, sizeof(value));
		add(counters, (const char *)at + sizeof(about), header.name_size, value);
	}
	return 0;
}

int kvmstats_add(int fd, struct vm_counters *counters)
{
	uint8_t block[KVMSTATS_BLOCK_BYTES];
	ssize_t length = pread(fd, block, sizeof(block), 0);

	return length < 0 ? -errno : kvmstats_parse(block, (size_t)length, counters);
}
