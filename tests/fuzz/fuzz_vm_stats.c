/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KVM's binary statistics as the worker reads them, and the file that it makes of them as the
 * engine reads it. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvmstats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vm_stats stats = {.magic = VM_STATS_MAGIC}, ret;
	int fd = memfd_create("stats", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	/* what we write ourselves can be read again */
	kvmstats_parse(data, size, &stats.kvm);
	kvmstats_parse(data, size, &stats.kvm);
	assert(stats.kvm.count <= VM_COUNTERS_MAX);
	if (pwrite(fd, &stats, sizeof(stats), 0) == (ssize_t)sizeof(stats))
		assert(vm_stats_read(fd, &ret) == 0);
	/* what somebody else has written */
	if (size > 1 && size - 1 <= sizeof(stats)) {
		memcpy((uint8_t *)&stats + sizeof(stats.magic), data + 1,
		       size - 1 < sizeof(stats) - 4 ? size - 1 : sizeof(stats) - 4);
		if (pwrite(fd, &stats, sizeof(stats), 0) == (ssize_t)sizeof(stats) &&
		    vm_stats_read(fd, &ret) == 0)
			assert(ret.kvm.count <= VM_COUNTERS_MAX);
	}
	close(fd);
	return 0;
}
