/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reader's side of the file `stats` of a VM (vmstats.h). The worker is walled in but may be
 * taken over by its guest, so a reader believes the size and the magic only, and takes the rest as
 * numbers to show.
 */
#include "vmstats.h"

#include <errno.h>
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

int vm_stats_read(int fd, struct vm_stats *ret)
{
	struct vm_stats stats;
	ssize_t length = pread(fd, &stats, sizeof(stats), 0);
	if (length < 0)
		return -errno;
	if (length != (ssize_t)sizeof(stats) || stats.magic != VM_STATS_MAGIC)
		return -EBADMSG;
	*ret = stats;
	return 0;
}
