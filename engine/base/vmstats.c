/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reader's side of the file `stats` of a VM (vmstats.h). The worker is walled in but may be
 * taken over by its guest, so a reader believes nothing but a whole file with the right magic and
 * well-formed names, and takes the rest as numbers to show.
 */
#include "vmstats.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const reason_names[VM_EXIT_REASONS] = {
    [VM_EXIT_IO] = "io",     [VM_EXIT_MMIO] = "mmio",
    [VM_EXIT_HALT] = "halt", [VM_EXIT_INTERRUPT] = "interrupt_window",
    [VM_EXIT_KICK] = "kick", [VM_EXIT_OTHER] = "other",
};

const char *vm_exit_reason_name(enum vm_exit_reason reason)
{
	return reason < VM_EXIT_REASONS ? reason_names[reason] : "other";
}

bool vm_counter_is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_";
	size_t length = strspn(name, letters);

	return length > 0 && length < VM_COUNTER_NAME && name[length] == '\0';
}

static bool are_counters(const struct vm_counters *counters)
{
	if (counters->count > VM_COUNTERS_MAX)
		return false;
	for (uint64_t i = 0; i < counters->count; i++) {
		const char *name = counters->counter[i].name;

		if (strnlen(name, VM_COUNTER_NAME) == VM_COUNTER_NAME || !vm_counter_is_name(name))
			return false;
	}
	return true;
}

int vm_stats_read(int fd, struct vm_stats *ret)
{
	struct vm_stats stats;
	ssize_t length = pread(fd, &stats, sizeof(stats), 0);
	if (length < 0)
		return -errno;
	if (length != (ssize_t)sizeof(stats) || stats.magic != VM_STATS_MAGIC ||
	    !are_counters(&stats.kvm))
		return -EBADMSG;
	*ret = stats;
	return 0;
}
